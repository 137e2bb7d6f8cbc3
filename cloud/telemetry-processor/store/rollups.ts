/**
 * Adds what came to the five minutes, hours and days it lies in. One statement takes notes, reads the rows they
 * name and adds them, so a note is taken exactly when its rows count: whoever runs it, however
 * often, and whatever dies in between. Minimum, maximum, sum and count of what is added need nothing
 * of what was there, so samples may have been deleted long ago. Cost: one index scan per note; where samples are a
 * hypertable a note also says in which chunk its rows are, by when they came.
 * Not for TimescaleDB alone: the tables are ordinary ones there, too.
 */
import { holdWhileMoving } from '@signalbeam/platform/erase/moving';
import { onlyRow, type Pool } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { metricNames } from '@signalbeam/sync/wire/rows';
import { lateMs } from '../core/settled-steps.ts';
import { markStrained } from './health.ts';
import { isCounter, metricColumns } from './metric-columns.ts';

/** Notes taken by one statement: about 100,000 samples, half a second. */
const marksMax = 2_000;
/** Statements of one call, so that a backlog of weeks does not hold up what else the caller does. */
const roundsMax = 20;

const join = (of: (column: string, index: number) => string): string =>
  metricColumns.map(of).join(', ');
const list = join((column) => `${column}_min, ${column}_max, ${column}_sum, ${column}_count`);

const ofSamples = join(
  (column) => `min(${column}) AS ${column}_min, max(${column}) AS ${column}_max,
    sum(${column}) AS ${column}_sum, count(${column}) AS ${column}_count`,
);
const thinned = (index: number, part: number): string => `(columns->${index}->>${part})::float8`;
const ofThinned = join(
  (
    column,
    index,
  ) => `min(${thinned(index, 0)}) AS ${column}_min, max(${thinned(index, 1)}) AS ${column}_max,
    sum(${thinned(index, 2)}) AS ${column}_sum,
    coalesce(sum(${thinned(index, 3)}), 0)::bigint AS ${column}_count`,
);
/** A sum has no last value: its mean stands for it, of counters the largest. */
const lastOfThinned = metricNames
  .map((name, index) =>
    isCounter(name) ? thinned(index, 1) : `${thinned(index, 2)} / ${thinned(index, 3)}`,
  )
  .join(', ');
const samplesOfThinned = `coalesce((SELECT max((each->>3)::bigint)
    FROM jsonb_array_elements(columns) AS each WHERE jsonb_typeof(each) = 'array'), 0)`;
const atMs = 'extract(epoch FROM at)::float8 * 1000';
const isMisdated = "placed_at.hour <> date_bin('1 hour', at, 'epoch')";
const named = `device_id = mark.device_id AND at BETWEEN mark.at_from AND mark.at_to
     AND epoch = mark.epoch AND seq BETWEEN mark.from_seq AND mark.to_seq`;
// What devices summed up lies in no chunks, and has another index by arrival, which is none to find a note's rows by.
const cameThen = `AND received_at BETWEEN coalesce(mark.received_at, '-infinity')
                                      AND coalesce(mark.received_at, 'infinity')`;

const merged = join(
  (column) => `min(${column}_min) AS ${column}_min, max(${column}_max) AS ${column}_max,
    sum(${column}_sum) AS ${column}_sum, sum(${column}_count)::integer AS ${column}_count`,
);
const added = join(
  (column) => `${column}_min = least(old.${column}_min, excluded.${column}_min),
    ${column}_max = greatest(old.${column}_max, excluded.${column}_max),
    ${column}_sum = coalesce(old.${column}_sum + excluded.${column}_sum, old.${column}_sum, excluded.${column}_sum),
    ${column}_count = old.${column}_count + excluded.${column}_count`,
);

// Sorted, so that two that run at once lock in one order.
const addTo = (table: string, unit: string): string => `
  INSERT INTO telemetry.${table} AS old
    (tenant_id, device_id, bucket, samples, misdated, newest, ${list})
  SELECT tenant_id, device_id, date_bin('${unit}', step, 'epoch') AS bucket,
         sum(samples)::integer, sum(misdated)::integer, max(newest), ${merged}
    FROM pieces GROUP BY tenant_id, device_id, bucket ORDER BY device_id, bucket
  ON CONFLICT (device_id, bucket) DO UPDATE SET
    samples = old.samples + excluded.samples, misdated = old.misdated + excluded.misdated,
    newest = greatest(old.newest, excluded.newest), ${added}`;

const piece = (table: string, counts: string, newest: string, columns: string): string => `
  SELECT mark.tenant_id, mark.device_id, found.*
    FROM taken AS mark CROSS JOIN LATERAL (
      SELECT date_bin('5 minutes', telemetry.placed_time(at, received_at), 'epoch') AS step,
             ${counts}, max(${newest}) AS newest, ${columns}
        FROM telemetry.${table} AS stored
        CROSS JOIN LATERAL (SELECT telemetry.placed_hour(at, received_at) AS hour) AS placed_at
       WHERE ${named} ${table === 'metrics' ? cameThen : ''}
             AND placed_at.hour = mark.hour GROUP BY step) AS found`;

const merge = `
  WITH taken AS (
    DELETE FROM telemetry.rollup_marks WHERE id = ANY(ARRAY(
      SELECT id FROM telemetry.rollup_marks ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED))
    RETURNING tenant_id, device_id, lane, epoch, hour, at_from, at_to, from_seq, to_seq, received_at),
  pieces AS MATERIALIZED (
    ${piece(
      'metrics',
      `count(*) AS samples, count(*) FILTER (WHERE ${isMisdated}) AS misdated`,
      `ARRAY[${atMs}, ${metricColumns.join(', ')}]`,
      ofSamples,
    )}
    UNION ALL
    ${piece(
      'metrics_thinned',
      `sum(${samplesOfThinned})::bigint AS samples,
       coalesce(sum(${samplesOfThinned}) FILTER (WHERE ${isMisdated}), 0)::bigint AS misdated`,
      `ARRAY[${atMs}, ${lastOfThinned}]`,
      ofThinned,
    )} WHERE mark.lane = 'backfill'),
  minutes AS (${addTo('metrics_minutes', '5 minutes')} RETURNING 1),
  hours AS (${addTo('metrics_hourly', '1 hour')} RETURNING device_id, newest),
  days AS (${addTo('metrics_daily', '1 day')} RETURNING 1),
  late AS (
    INSERT INTO telemetry.late_hours AS old (tenant_id, device_id, hour)
    SELECT DISTINCT tenant_id, device_id, date_bin('1 hour', step, 'epoch') AS hour FROM pieces
     WHERE date_bin('1 hour', step, 'epoch') < now() - interval '${3_600_000 + lateMs} milliseconds'
     ORDER BY device_id, hour
    ON CONFLICT (device_id, hour) DO UPDATE
      SET added_by = excluded.added_by, added_at = excluded.added_at
    RETURNING 1)
  SELECT (SELECT count(*) FROM taken) AS marks, (SELECT coalesce(
    json_agg(json_build_object('deviceId', device_id, 'newest', newest)), '[]') FROM hours) AS hours`;

const ensureFor = `
  SELECT telemetry.ensure_rollup_partitions(min(hour), max(hour)) AS made
    FROM (SELECT hour FROM telemetry.rollup_marks ORDER BY id LIMIT $1) AS next
  HAVING count(*) > 0`;

type Hour = { deviceId: string; newest: (number | null)[] };
export type RolledUp = { marks: number; hours: number };

const round = (pool: Pool): Promise<RolledUp> =>
  transaction(pool, async (client) => {
    await holdWhileMoving(client);
    // Partitions first; a note that comes in between and needs another one is left for the next call.
    await client.query(ensureFor, [marksMax]);
    const { marks, hours } = onlyRow(
      await client.query<{ marks: number; hours: Hour[] }>({
        name: 'telemetry-roll-up',
        text: merge,
        values: [marksMax],
      }),
    );
    await markStrained(client, hours);
    return { marks, hours: hours.length };
  });

/** Over a pool with the role `sb_ingest`. Returns how much was taken; more may be left. */
export const rollUp = async (pool: Pool): Promise<RolledUp> => {
  const total = { marks: 0, hours: 0 };
  for (let rounds = 0; rounds < roundsMax; rounds += 1) {
    const { marks, hours } = await round(pool);
    total.marks += marks;
    total.hours += hours;
    if (marks < marksMax) break;
  }
  return total;
};
