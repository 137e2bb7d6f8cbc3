/**
 * Charts: metrics of some devices over time, from samples (and what devices summed up), five
 * minutes, hours or days. All give minimum, maximum, sum and count of a step, so they answer alike; what a
 * device summed up counts with the weight of its samples, and lies in the step where its own begins.
 * A sample whose clock cannot be right (../core/placement.ts) is in the rollups alone. Cost: one
 * index scan for each table and device, one row for each step. Through the views of one tenant; the
 * caller makes sure that the devices are seen by whoever asks.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { metricNames } from '@signalbeam/sync/wire/rows';
import type { Source } from '../core/resolution.ts';
import { columnOf, isCounter, type MetricName } from './metric-columns.ts';

export const aggregates = ['avg', 'min', 'max', 'sum', 'count', 'last'] as const;
/** `usual`: the mean, of counters the largest. */
export type Aggregate = (typeof aggregates)[number] | 'usual';

export type SeriesWish = {
  deviceIds: readonly string[];
  names: readonly MetricName[];
  fromMs: number;
  toMs: number;
  stepMs: number;
  source: Source;
  aggregate: Aggregate;
};
export type SeriesPoint = { deviceId: string; at: Date; values: (number | null)[] };

type Part = 'min' | 'max' | 'sum' | 'count' | 'newest';

const aggregateOf = (name: string, aggregate: Aggregate): Exclude<Aggregate, 'usual'> =>
  aggregate === 'usual' ? (isCounter(name) ? 'max' : 'avg') : aggregate;

const partsOf = (name: string, aggregate: Aggregate): readonly Part[] => {
  const one = aggregateOf(name, aggregate);
  if (one === 'avg') return ['sum', 'count'];
  return [one === 'last' ? 'newest' : one];
};

const finalOf = (name: string, aggregate: Aggregate): string => {
  const column = columnOf(name);
  switch (aggregateOf(name, aggregate)) {
    case 'avg':
      return `sum(${column}_sum) / nullif(sum(${column}_count), 0)::float8`;
    case 'min':
      return `min(${column}_min)`;
    case 'max':
      return `max(${column}_max)`;
    case 'sum':
      return `sum(${column}_sum)`;
    case 'count':
      return `sum(${column}_count)::float8`;
    case 'last':
      return `(max(${column}_newest))[2]`;
  }
};

type PartOf = (name: MetricName, part: Part) => string;

const atMs = 'extract(epoch FROM at)::float8 * 1000';
const ofSample: PartOf = (name, part) =>
  part === 'newest' ? `max(ARRAY[${atMs}, ${columnOf(name)}])` : `${part}(${columnOf(name)})`;
const ofThinned: PartOf = (name, part) => {
  const at = (index: number) => `(columns->${metricNames.indexOf(name)}->>${index})::float8`;
  switch (part) {
    case 'min':
      return `min(${at(0)})`;
    case 'max':
      return `max(${at(1)})`;
    case 'sum':
      return `sum(${at(2)})`;
    case 'count':
      return `coalesce(sum(${at(3)}), 0)::bigint`;
    case 'newest':
      return `max(ARRAY[${atMs}, ${isCounter(name) ? at(1) : `${at(2)} / ${at(3)}`}])`;
  }
};
const ofRollup: PartOf = (name, part) => {
  const column = columnOf(name);
  if (part === 'newest') return `max(ARRAY[newest[1], newest[${metricNames.indexOf(name) + 2}]])`;
  return `${part === 'count' ? 'sum' : part}(${column}_${part})`;
};

// One device at a time, so that the planner can't prefer another index to the device's own.
const scan = (wish: SeriesWish, table: string, time: string, of: PartOf, more = ''): string => {
  const columns = wish.names.flatMap((name) =>
    partsOf(name, wish.aggregate).map((part) => `${of(name, part)} AS ${columnOf(name)}_${part}`),
  );
  return `SELECT date_bin($4 * interval '1 millisecond', ${time}, 'epoch') AS step,
                 ${columns.join(', ')}
            FROM telemetry.${table}
           WHERE device_id = device.id AND ${time} >= $2 AND ${time} < $3 ${more}
           GROUP BY step`;
};

const isPlausible = `AND at BETWEEN received_at - interval '9600 hours'
                                AND received_at + interval '10 minutes'`;

const scans = (wish: SeriesWish): string => {
  switch (wish.source) {
    case 'samples':
      return `${scan(wish, 'public_metrics', 'at', ofSample, isPlausible)}
       UNION ALL
       ${scan(wish, 'public_metrics_thinned', 'at', ofThinned, isPlausible)}`;
    case 'minutes':
      return scan(wish, 'public_metrics_minutes', 'bucket', ofRollup);
    case 'hours':
      return scan(wish, 'public_metrics_hourly', 'bucket', ofRollup);
    case 'days':
      return scan(wish, 'public_metrics_daily', 'bucket', ofRollup);
  }
};

/**
 * The steps of the device `device.id`, and what each metric was in them, as SQL: $2 to $4 are the range and
 * the step.
 */
export const stepsOfDevice = (wish: SeriesWish): string => {
  const values = wish.names.map((name) => finalOf(name, wish.aggregate)).join(', ');
  return `SELECT step, ARRAY[${values}]::float8[] AS values FROM (${scans(wish)}) AS parts
          GROUP BY step`;
};

/** Steps of rollups begin where their first one does. */
export const startOf = ({ source, fromMs, stepMs }: SeriesWish): Date =>
  new Date(source === 'samples' ? fromMs : fromMs - (fromMs % stepMs));

/** The chart of a device's page, which is asked for again and again, is planned once for each connection. */
const planName = ({ names, aggregate, source }: SeriesWish): string | null =>
  names === metricNames && aggregate === 'usual' ? `telemetry-series-${source}` : null;

/** By device, then by time. */
export const readSeries = async (sql: Sql, wish: SeriesWish): Promise<SeriesPoint[]> => {
  const name = planName(wish);
  const { rows } = await sql.query<{ device_id: string; step: Date; values: (number | null)[] }>({
    // As JSON: it is read seven times as fast as an array of Postgres, and a chart is thousands of numbers.
    text: `SELECT device.id AS device_id, read.step, array_to_json(read.values) AS values
       FROM unnest($1::uuid[]) AS device (id)
       CROSS JOIN LATERAL (${stepsOfDevice(wish)}) AS read
      ORDER BY device_id, step`,
    values: [wish.deviceIds, startOf(wish), new Date(wish.toMs), wish.stepMs],
    ...(name === null ? {} : { name }),
  });
  return rows.map((row) => ({ deviceId: row.device_id, at: row.step, values: row.values }));
};

/** Samples within the range that lie where they arrived, because their clock cannot be right. */
export const readMisdated = async (
  sql: Sql,
  wish: Pick<SeriesWish, 'deviceIds' | 'fromMs' | 'toMs' | 'source'>,
): Promise<Map<string, number>> => {
  const table = wish.source === 'days' ? 'public_metrics_daily' : 'public_metrics_hourly';
  const { rows } = await sql.query<{ device_id: string; misdated: number }>({
    name: `telemetry-misdated-${table}`,
    text: `SELECT device_id, sum(misdated)::bigint AS misdated FROM telemetry.${table}
      WHERE device_id = ANY($1::uuid[]) AND bucket >= $2 AND bucket < $3
      GROUP BY device_id`,
    values: [wish.deviceIds, new Date(wish.fromMs), new Date(wish.toMs)],
  });
  return new Map(rows.map((row) => [row.device_id, row.misdated]));
};
