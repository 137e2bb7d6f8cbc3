/**
 * A domain event as a notice: alerts by their own contract, every other event with a few short facts
 * for people and its data for programs. What is longer than its limit is cut or left out and says so.
 */
import type { DomainMessage } from '@signalbeam/platform/events/message';
import { z } from 'zod';
import { alertSeverities, alertTransitions } from '../core/alert-events.ts';
import type { Happening, Notice } from '../core/notice.ts';
import { cut } from '../core/wording.ts';

const text = (lengthMax: number) => z.string().transform((given) => cut(given, lengthMax));

/** Fields that a newer publisher adds go to programs as they are. */
const alertData = z.object({
  alertId: z.uuid(),
  ruleName: text(200),
  type: text(100),
  severity: z.enum(alertSeverities),
  title: text(300),
  detail: text(2_000),
  site: z.string().max(100).nullable(),
  deviceId: z.uuid().nullable(),
  deviceName: text(200).nullable(),
  rolloutId: z.uuid().nullable(),
  deviceCount: z.int().min(0),
  silenced: z.boolean(),
  link: z.string().max(200).startsWith('/'),
});

const alertTypes: Record<string, Happening> = Object.fromEntries(
  alertTransitions.map((happening) => [`alert.${happening}`, happening]),
);
/** What programs get of an event at most. */
const dataBytesMax = 16 * 1024;
const factsMax = 8;
const factWords: Record<string, string> = {
  rolloutId: 'Rollout',
  bundleName: 'Bundle',
  version: 'Version',
  status: 'Status',
  deviceId: 'Device',
  site: 'Site',
  presence: 'Presence',
  severity: 'Severity',
  message: 'Message',
  waiting: 'Waiting for',
  reason: 'Reason',
  actor: 'By',
};

const record = z.record(z.string(), z.unknown());

const factsOf = (data: unknown): [string, string][] => {
  const parsed = record.safeParse(data);
  if (!parsed.success) return [];
  return Object.entries(factWords)
    .flatMap(([field, word]): [string, string][] => {
      const value = parsed.data[field];
      if (typeof value !== 'string' && typeof value !== 'number') return [];
      return value === '' ? [] : [[word, cut(String(value), 200)]];
    })
    .slice(0, factsMax);
};

const linkOf = (data: unknown): string | null => {
  const of = z.object({ rolloutId: z.uuid().optional(), deviceId: z.uuid().optional() });
  const parsed = of.safeParse(data);
  if (!parsed.success) return null;
  const { rolloutId, deviceId } = parsed.data;
  if (rolloutId !== undefined) return `/rollouts/${rolloutId}`;
  return deviceId === undefined ? null : `/devices/${deviceId}`;
};

/** Throws when an alert is not as its contract says: the consumer then sets it aside. */
export const readNotice = (message: DomainMessage): Notice => {
  const { id, type, version, data } = message;
  const occurredAtMs = Date.parse(message.occurredAt);
  const small = Buffer.byteLength(JSON.stringify(data ?? null)) <= dataBytesMax;
  const facts = {
    ...{ id, type, version, occurredAtMs, occurredAt: new Date(occurredAtMs).toISOString() },
    data: small ? (data ?? null) : null,
  };
  const happening = alertTypes[type];
  if (happening === undefined) {
    return { ...facts, about: { kind: 'event', facts: factsOf(data), link: linkOf(data) } };
  }
  const { type: alertType, ...alert } = alertData.parse(data);
  return { ...facts, about: { kind: 'alert', happening, alertType, ...alert } };
};
