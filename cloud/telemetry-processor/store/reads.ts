/**
 * What requests read, through the views that know one tenant. `sql` is a client inside
 * `withTenant`; nothing here takes a tenant id.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import {
  type EventBody,
  type MetricsBody,
  metricNames,
  type ReportedBody,
} from '@signalbeam/sync/wire/rows';
import { columnOf, isCounter } from './metric-columns.ts';

/** Also one that was replaced or decommissioned: its history stays readable. */
export const deviceExists = async (sql: Sql, deviceId: string): Promise<boolean> => {
  const { rowCount } = await sql.query(
    `SELECT 1 FROM device_manager.public_devices WHERE device_id = $1
     UNION ALL
     SELECT 1 FROM device_manager.public_removed_devices
      WHERE device_id = $1 AND removal IN ('replaced', 'decommissioned')`,
    [deviceId],
  );
  return rowCount === 1;
};

export type PresenceRow = {
  lastSeenAt: number;
  nextBeatMs: number;
  presence: 'online' | 'offline';
};

export const readPresence = async (sql: Sql, deviceId: string): Promise<PresenceRow | null> => {
  const { rows } = await sql.query<{
    last_seen_at: Date;
    next_beat_ms: number;
    presence: 'online' | 'offline';
  }>(
    `SELECT last_seen_at, next_beat_ms, presence
       FROM telemetry.public_presence WHERE device_id = $1`,
    [deviceId],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return {
    lastSeenAt: row.last_seen_at.getTime(),
    nextBeatMs: row.next_beat_ms,
    presence: row.presence,
  };
};

/** Sum and count (or the largest value) of each metric of a bucket, from samples and from sums. */
const ofSamples = metricNames
  .map((name) => {
    const column = columnOf(name);
    return isCounter(name)
      ? `max(${column}) AS ${column}_max`
      : `sum(${column}) AS ${column}_sum, count(${column}) AS ${column}_count`;
  })
  .join(', ');
const ofThinned = metricNames
  .map((name, index) => {
    const [column, at] = [columnOf(name), `columns->${index}`];
    return isCounter(name)
      ? `max((${at}->>1)::float8) AS ${column}_max`
      : `sum((${at}->>2)::float8) AS ${column}_sum, coalesce(sum((${at}->>3)::bigint), 0)::bigint AS ${column}_count`;
  })
  .join(', ');
const seriesColumns = metricNames
  .map((name) => {
    const column = columnOf(name);
    return isCounter(name)
      ? `max(${column}_max) AS "${name}"`
      : `sum(${column}_sum) / nullif(sum(${column}_count), 0)::float8 AS "${name}"`;
  })
  .join(', ');
const bucketOf = `date_bin($4 * interval '1 millisecond', at, 'epoch') AS bucket`;
const within = 'WHERE device_id = $1 AND at >= $2 AND at < $3 GROUP BY bucket';

export type SeriesPoint = { bucket: Date } & MetricsBody;

/**
 * What a device summed up while it was cut off counts with the weight of its samples, and lies in
 * the bucket where its step begins. Cost: one index scan of each table, one row per bucket.
 */
export const readSeries = async (
  sql: Sql,
  wanted: { deviceId: string; fromMs: number; toMs: number; bucketMs: number },
): Promise<SeriesPoint[]> => {
  const { rows } = await sql.query<SeriesPoint>(
    `SELECT bucket, ${seriesColumns} FROM (
       SELECT ${bucketOf}, ${ofSamples} FROM telemetry.public_metrics ${within}
       UNION ALL
       SELECT ${bucketOf}, ${ofThinned} FROM telemetry.public_metrics_thinned ${within}
     ) AS parts GROUP BY bucket ORDER BY bucket`,
    [wanted.deviceId, new Date(wanted.fromMs), new Date(wanted.toMs), wanted.bucketMs],
  );
  return rows;
};

export type EventRecord = {
  id: number;
  seq: number;
  epoch: string;
  at: Date;
  received_at: Date;
} & EventBody;

/** Newest first, below `beforeId` when given. */
export const readEvents = async (
  sql: Sql,
  wanted: { deviceId: string; beforeId: number | null; limit: number },
): Promise<EventRecord[]> => {
  const { rows } = await sql.query<EventRecord>(
    `SELECT id, seq, epoch, at, received_at, type, severity, message, data
       FROM telemetry.public_events
      WHERE device_id = $1 AND ($2::bigint IS NULL OR id < $2)
      ORDER BY id DESC LIMIT $3`,
    [wanted.deviceId, wanted.beforeId, wanted.limit],
  );
  return rows;
};

export type ReportedRecord = { at: Date; received_at: Date; body: ReportedBody };

export const readReported = async (sql: Sql, deviceId: string): Promise<ReportedRecord | null> => {
  const { rows } = await sql.query<ReportedRecord>(
    'SELECT at, received_at, body FROM telemetry.public_reported WHERE device_id = $1',
    [deviceId],
  );
  return rows[0] ?? null;
};
