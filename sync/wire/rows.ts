/**
 * What the rows of each lane say. A row's bytes are fixed when it is written (they are hashed into
 * the lane's chain), so these schemas are used at both ends and never re-serialised in between.
 */
import { z } from 'zod';
import { failureLogLineBytesMax, failureLogLinesMax } from '../core/limits.ts';
import { ladderStepsMs } from '../outbox/ladder.ts';
import { bundleVersion } from './manifest.ts';
import { chainHash, digest, sequence, timestampMs, uuid } from './shape.ts';

const percent = z.number().min(0).max(100);
const count = z.number().min(0);

/** One sample of the host: the wide row of the ordinary metrics. Missing readings are null. */
export const metricsBody = z.strictObject({
  cpuPercent: percent.nullable(),
  memoryPercent: percent.nullable(),
  memoryUsedBytes: count.nullable(),
  diskPercent: percent.nullable(),
  diskUsedBytes: count.nullable(),
  networkReceivedBytes: count.nullable(),
  networkSentBytes: count.nullable(),
  loadAverage: count.nullable(),
  temperatureCelsius: z.number().min(-100).max(200).nullable(),
  uptimeSeconds: count.nullable(),
});
/** Order of the ten columns; ingest copies them in this order. */
export const metricNames = Object.keys(metricsBody.shape) as (keyof MetricsBody)[];
export type MetricsBody = z.infer<typeof metricsBody>;

/**
 * History that was summed up while the device was cut off: the row's `at` is where the step begins.
 * Per metric, in the order of `metricNames`: minimum, maximum, sum, count; null without a reading.
 */
export const thinnedBody = z.strictObject({
  stepMs: z.literal([...ladderStepsMs]),
  columns: z
    .array(z.tuple([z.number(), z.number(), z.number(), z.int().min(1)]).nullable())
    .length(metricNames.length),
});
export type ThinnedBody = z.infer<typeof thinnedBody>;

/** The lane `backfill` carries samples that made way for newer ones, and what was summed up. */
export const backfillBody = z.union([metricsBody, thinnedBody]);
export type BackfillBody = z.infer<typeof backfillBody>;

export const eventTypes = [
  'agent-started',
  'agent-stopping',
  'link-up',
  'link-down',
  'desired-accepted',
  'desired-refused',
  'update-started',
  'update-confirmed',
  'update-failed',
  'restored',
  'container-died',
  'container-restarted',
  'container-recreated',
  'drift-corrected',
  'engine-down',
  'engine-up',
  'disk-floor',
  'new-epoch',
  'images-pruned',
  'operator-action',
  'trust-changed',
  'record-refused',
  'revoked',
  'cloned-identity',
  'trust-stale',
  'clock-wrong',
  'clock-raised',
  'clock-right',
] as const;

/** Something that happened. `message` is for people; `data` holds what a program may want. */
export const eventBody = z.strictObject({
  type: z.enum(eventTypes),
  severity: z.enum(['info', 'warning', 'error']),
  message: z.string().max(1_000),
  data: z.record(
    z.string().max(64),
    z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()]),
  ),
});
export type EventBody = z.infer<typeof eventBody>;

export const slotStatuses = [
  'pending',
  'downloading',
  'installing',
  'verifying',
  'running',
  'failed',
  'removed',
] as const;

/** What one bundle's slot is doing. `failed` always has a reason. `restoredVersion` runs instead. */
const reportedSlot = z.object({
  bundleId: uuid,
  bundleName: z.string().max(200),
  /** The version this report is about: the desired one. */
  version: bundleVersion,
  /** What actually runs, null when nothing does. */
  runningVersion: bundleVersion.nullable(),
  rolloutId: uuid.nullable(),
  /** Repeats the slot's `requestedGeneration`, so a report about an earlier attempt is told apart. */
  requestedGeneration: sequence,
  status: z.enum(slotStatuses),
  reason: z.string().max(1_000).nullable(),
  logTail: z.array(z.string().max(failureLogLineBytesMax)).max(failureLogLinesMax),
});

const reportedContainer = z.object({
  bundleName: z.string().max(200),
  name: z.string().max(64),
  state: z.string().max(32),
  health: z.enum(['healthy', 'unhealthy', 'starting', 'none']),
  imageDigest: z.string().max(80),
  restartCount: z.int().min(0),
  startedAt: timestampMs.nullable(),
});

/**
 * The device's own account of itself. The newest one is its reported state, and rollouts wait for it:
 * what a newer agent adds to it is passed over here and not kept, so that an older cloud goes on
 * knowing all else.
 */
export const reportedBody = z.object({
  /** Generation of the desired state this answers; 0 when it has none. */
  generation: sequence,
  /** Of its signed bytes, as the device has them. Agents of before leave it out. */
  desiredDigest: digest.optional(),
  bootId: z.string().max(64),
  agentVersion: z.string().max(32),
  engine: z.object({
    kind: z.enum(['docker', 'podman', 'none']),
    version: z.string().max(64),
    reachable: z.boolean(),
  }),
  /** What the agent waits for, in words; empty when it waits for nothing. */
  waiting: z.string().max(500),
  slots: z.array(reportedSlot).max(32),
  containers: z.array(reportedContainer).max(200),
  /** Of a device with a battery; others leave it out, and so do agents of before. */
  power: z.object({ batteryPercent: percent, onBattery: z.boolean() }).optional(),
});
export type ReportedBody = z.infer<typeof reportedBody>;

/** A row as it stands in a lane and in a frame: one line of JSON. */
export const rowLine = <T extends z.ZodType>(body: T) =>
  z.strictObject({ seq: sequence, at: timestampMs, body });

/** Says that rows `from`–`to` of the lane are gone for good, why, and the chain's hash at `to`. */
export const gapLine = z.strictObject({
  gap: z.strictObject({
    from: sequence,
    to: sequence,
    /** `moved` and `thinned`: what the rows said goes on in another lane, or summed up. */
    reason: z.enum(['dropped-at-cap', 'moved', 'thinned', 'lost-by-restore', 'damaged']),
    hash: chainHash,
  }),
});
export type GapLine = z.infer<typeof gapLine>;
