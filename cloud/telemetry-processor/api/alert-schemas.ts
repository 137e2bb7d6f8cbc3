/** The shapes of the API of alerts: what it takes (unknown fields refused) and what it answers. */
import { z } from '@hono/zod-openapi';
import { queryLengthMax } from '@signalbeam/platform/core/tag-query';
import { plainText, siteName } from '@signalbeam/sync/wire/shape';
import {
  alertSeverities,
  alertStatuses,
  alertTransitions,
  alertTypes,
} from '../core/alert-events.ts';
import { ruleTypes } from '../core/alert-rules.ts';

const at = z.iso.datetime();
export const idParams = z.strictObject({ id: z.uuid() });
export const ruleId = z
  .string()
  .regex(/^[a-z0-9-]{1,64}$/, 'the id of a rule: lower-case letters, digits and dashes');
export const ruleParams = z.strictObject({ id: ruleId });

const severity = z.enum(alertSeverities);

export const alertSchema = z
  .strictObject({
    id: z.uuid(),
    type: z.enum(alertTypes),
    ruleId,
    ruleName: z.string(),
    severity,
    status: z.enum(alertStatuses),
    title: z.string(),
    detail: z.string(),
    site: z.string().nullable(),
    deviceId: z.uuid().nullable(),
    deviceName: z.string().nullable(),
    rolloutId: z.uuid().nullable(),
    deviceCount: z.int(),
    /** A silence or a maintenance window held its telling back. */
    silenced: z.boolean(),
    raisedAt: at,
    /** When it becomes critical unless somebody acknowledges it. */
    escalatesAt: at.nullable(),
    acknowledgedAt: at.nullable(),
    acknowledgedBy: z.string().nullable(),
    resolvedAt: at.nullable(),
    /** Null while it is open, and when it resolved by itself. */
    resolvedBy: z.string().nullable(),
  })
  .openapi('Alert');

export const alertDetailSchema = alertSchema
  .extend({
    /** Which rule holds for the device where several fit, and why; null where it is about no single device. */
    why: z.string().nullable(),
    history: z.array(
      z.strictObject({
        at,
        transition: z.enum(alertTransitions),
        severity,
        silenced: z.boolean(),
        /** Null: by itself. */
        actor: z.string().nullable(),
        note: z.string().nullable(),
      }),
    ),
  })
  .openapi('AlertDetail');

export const alertsQuery = z.strictObject({
  status: z
    .enum([...alertStatuses, 'open'])
    .optional()
    .openapi({
      description: 'open: active or acknowledged',
    }),
  severity: severity.optional(),
  type: z.enum(alertTypes).optional(),
  device: z.uuid().optional(),
  site: siteName.optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  cursor: z.string().max(300).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const statisticsSchema = z
  .strictObject({
    active: z.int(),
    acknowledged: z.int(),
    /** Active for more than a day. */
    stale: z.int(),
    resolvedIn7Days: z.int(),
    /** Open ones. */
    bySeverity: z.record(z.string(), z.int()),
    byType: z.record(z.string(), z.int()),
  })
  .openapi('AlertStatistics');

export const noteSchema = z.strictObject({ note: plainText(1_000).default('') });

const weekSeconds = 7 * 24 * 3600;
const ruleFields = {
  name: plainText(100).min(1),
  enabled: z.boolean(),
  severity,
  threshold: z.number().min(0).max(1_000_000).nullable(),
  clearThreshold: z.number().min(0).max(1_000_000).nullable(),
  forSeconds: z.int().min(0).max(weekSeconds),
  clearSeconds: z.int().min(0).max(weekSeconds),
  escalateAfterSeconds: z
    .int()
    .min(60)
    .max(30 * 24 * 3600)
    .nullable(),
  /** At most one of these three; none: wherever no other rule of its type holds. */
  site: siteName.nullable(),
  groupId: z.uuid().nullable(),
  query: plainText(queryLengthMax).min(1).nullable().openapi({
    example: 'environment=production AND NOT ring=canary',
  }),
};
const version = z
  .string()
  .openapi({ description: 'In quotes as If-Match: a change of what was read here' });
export const ruleSchema = z
  .strictObject({
    id: ruleId,
    type: z.enum(ruleTypes),
    ...ruleFields,
    /** What its group is called; null without one, and when it is gone. */
    groupName: z.string().nullable(),
    /** It came with the product; it can be changed and reset, and not deleted. */
    builtIn: z.boolean(),
    /** It is not as it came. */
    changed: z.boolean(),
    /** What the rule does, in words. */
    consequence: z.string(),
    version,
  })
  .openapi('AlertRule');
export const newRuleSchema = z.strictObject({
  type: z.enum(ruleTypes),
  ...z.strictObject(ruleFields).partial().shape,
  name: ruleFields.name,
});
export const ruleChangeSchema = z.strictObject(ruleFields).partial();

const isTimeZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};
const weeklySchema = z.strictObject({
  days: z
    .array(z.int().min(0).max(6))
    .min(1)
    .max(7)
    .refine((days) => new Set(days).size === days.length, 'names a day twice')
    .openapi({ description: '0 is Sunday' }),
  from: z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'a time such as 02:30'),
  minutes: z.int().min(1).max(1_440),
  timeZone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'a time zone such as Europe/Oslo')
    .openapi({ example: 'Europe/Oslo' }),
});

const tag = z
  .string()
  .max(127)
  .regex(/^[a-z0-9][a-z0-9._-]*(=[a-z0-9][a-z0-9._-]*)?$/, 'a tag: key=value or a word');

export const silenceSchema = z
  .strictObject({
    id: z.uuid(),
    reason: z.string(),
    deviceId: z.uuid().nullable(),
    site: z.string().nullable(),
    groupId: z.uuid().nullable(),
    tag: z.string().nullable(),
    ruleId: ruleId.nullable(),
    startsAt: at,
    endsAt: at,
    weekly: weeklySchema.nullable(),
    /** Whether it holds at this moment. */
    inForce: z.boolean(),
    createdBy: z.string(),
    createdAt: at,
    version,
  })
  .openapi('AlertSilence');

const instant = z.iso.datetime({ offset: true });
export const newSilenceSchema = z.strictObject({
  reason: plainText(500).min(1),
  deviceId: z.uuid().nullable().default(null),
  site: siteName.nullable().default(null),
  groupId: z.uuid().nullable().default(null),
  tag: tag.nullable().default(null),
  ruleId: ruleId.nullable().default(null),
  startsAt: instant.optional().openapi({ description: 'Now, when left out' }),
  endsAt: instant,
  weekly: weeklySchema
    .nullable()
    .default(null)
    .openapi({ description: 'A maintenance window: it holds in these hours only' }),
});
export const silenceChangeSchema = z.strictObject({
  reason: plainText(500).min(1).optional(),
  endsAt: instant.optional(),
});
export const silencesQuery = z.strictObject({
  all: z.enum(['true', 'false']).default('false').openapi({ description: 'Also those that ended' }),
  cursor: z.string().max(300).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
