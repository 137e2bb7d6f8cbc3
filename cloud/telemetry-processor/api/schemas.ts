/**
 * The shapes of telemetry-processor's REST API: what it takes (unknown fields refused) and what it
 * answers. Times are ISO 8601 in UTC.
 */
import { z } from '@hono/zod-openapi';
import { eventBody, metricsBody, reportedBody } from '@signalbeam/sync/wire/rows';
import { timestampMs } from '@signalbeam/sync/wire/shape';

const at = z.iso.datetime();
export const idParams = z.strictObject({ id: z.uuid() });

export const presenceSchema = z
  .strictObject({
    presence: z.enum(['online', 'offline', 'never']),
    lastSeenAt: at.nullable(),
    nextBeatMs: z.int().nullable(),
  })
  .openapi('Presence');

/** An ISO time, or milliseconds since 1970. */
export const instant = z
  .union([z.iso.datetime({ offset: true }), z.string().regex(/^\d{1,15}$/)])
  .transform((text) => (/^\d+$/.test(text) ? Number(text) : Date.parse(text)))
  .pipe(timestampMs)
  .openapi({ type: 'string', description: 'ISO 8601, or milliseconds since 1970' });

export const metricsQuery = z.strictObject({
  from: instant.optional(),
  to: instant.optional(),
  maxPoints: z.coerce.number().int().min(2).max(2_000).default(300),
});
/** What the points were made from: samples are kept for less long than hours, hours than days. */
export const sourceSchema = z.enum(['samples', 'minutes', 'hours', 'days']);

export const metricsSchema = z
  .strictObject({
    from: at,
    to: at,
    /** Width of one point: its value is the mean of the samples in it (of counters the last). */
    bucketMs: z.int(),
    source: sourceSchema,
    series: z.array(z.strictObject({ at, ...metricsBody.shape })),
  })
  .openapi('MetricsSeries');

export const eventsQuery = z.strictObject({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const eventsSchema = z
  .strictObject({
    events: z.array(
      z.strictObject({
        seq: z.int(),
        epoch: z.string(),
        at,
        receivedAt: at,
        ...eventBody.shape,
      }),
    ),
    nextCursor: z.string().nullable(),
  })
  .openapi('DeviceEvents');

export const reportedSchema = z
  .strictObject({
    at,
    receivedAt: at,
    ...reportedBody.shape,
  })
  .openapi('ReportedState');

export const simpleHeartbeat = z.strictObject({
  nextBeatMs: z.int().min(1_000).max(3_600_000).default(60_000),
});
export const simpleMetrics = z.strictObject({
  samples: z
    .array(z.strictObject({ at: timestampMs.optional(), ...metricsBody.partial().shape }))
    .min(1)
    .max(100),
});
export const storedSchema = z.strictObject({ stored: z.int() });
