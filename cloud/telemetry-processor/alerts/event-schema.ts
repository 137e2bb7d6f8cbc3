/**
 * Reads the events of alerts back from the stream. Fields that a newer publisher adds are left out,
 * not refused: replicas are of two ages during an upgrade.
 */
import { z } from 'zod';
import {
  type AlertNews,
  alertSeverities,
  alertStatuses,
  alertTransitions,
  alertTypes,
} from '../core/alert-events.ts';

/** All transitions, for `subscribeEvents`. */
export const alertSubjects = alertTransitions.map(
  (transition) => `signalbeam.alerts.${transition}` as const,
);

export const alertNewsSchema: z.ZodType<AlertNews> = z.object({
  alertId: z.uuid(),
  rule: z.string().min(1).max(64),
  ruleName: z.string().max(100),
  type: z.enum(alertTypes),
  severity: z.enum(alertSeverities),
  status: z.enum(alertStatuses),
  title: z.string().max(300),
  detail: z.string().max(2_000),
  site: z.string().max(63).nullable(),
  deviceId: z.uuid().nullable(),
  deviceName: z.string().max(200).nullable(),
  rolloutId: z.uuid().nullable(),
  deviceCount: z.int().min(0),
  at: z.iso.datetime(),
  silenced: z.boolean(),
  link: z.string().max(200),
});
