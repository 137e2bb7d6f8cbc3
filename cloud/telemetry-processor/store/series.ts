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
/** Of one device, by time: `values[metric][step]`, in the order of the names asked for. */
export type Series = {
  deviceId: string;
  atMs: number[];
  values: (number | null)[][];
  /** Samples that lie in these steps because they arrived there: their clock cannot be right. */
  misdated: number;
};

type Part = 'min' | 'max' | 'sum' | 'count' | 'newest';

const aggregateOf = (name: string, aggregate: Aggregate): Exclude<Aggregate, 'usual'> =>
  aggregate === 'usual' ? (isCounter(name) ? 'max' : 'avg') : aggregate;

const partsOf = (name: string, aggregate: Aggregate): readonly Part[] => {
  const one = aggregateOf(name, aggregate);
  if (one === 'avg') return ['sum', 'count'];
  return [one === 'last' ? 'newest' : one];
};

/** Over rows with the columns of a rollup; of what was scanned from samples `newest` is a column for each metric. */
const finalOf = (name: MetricName, { aggregate, source }: SeriesWish): string => {
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
      return source === 'samples'
        ? `(max(${column}_newest))[2]`
        : `(max(ARRAY[newest[1], newest[${metricNames.indexOf(name) + 2}]]))[2]`;
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

const isPlausible = `AND at BETWEEN received_at - interval '9600 hours'
                                AND received_at + interval '10 minutes'`;
/** Follows from the range and the other; it says to a hypertable in which chunks nothing can be (migration 0343). */
const cameSince = `AND received_at >= $2::timestamptz - interval '10 minutes'`;

const stepOf = (time: string): string =>
  `date_bin($4 * interval '1 millisecond', ${time}, 'epoch')`;
// One device at a time, so that the planner can't prefer another index to the device's own.
const within = (time: string): string => `device_id = device.id AND ${time} >= $2 AND ${time} < $3`;

const scan = (wish: SeriesWish, table: string, of: PartOf): string => {
  const columns = wish.names.flatMap((name) =>
    partsOf(name, wish.aggregate).map((part) => `${of(name, part)} AS ${columnOf(name)}_${part}`),
  );
  return `SELECT ${stepOf('at')} AS step, ${columns.join(', ')}
            FROM telemetry.${table} WHERE ${within('at')} ${isPlausible}
                 ${table === 'public_metrics' ? cameSince : ''} GROUP BY step`;
};

const rollups = {
  minutes: 'public_metrics_minutes',
  hours: 'public_metrics_hourly',
  days: 'public_metrics_daily',
} as const;

/**
 * The steps of the device `device.id` with what each metric was in them as `v0`, `v1`… and the samples that are
 * there by their arrival as `misdated` (of samples not known: 0), as SQL. $2 to $4 are the range and the step.
 */
export const stepsOfDevice = (wish: SeriesWish): string => {
  const values = wish.names.map((name, index) => `${finalOf(name, wish)} AS v${index}`).join(', ');
  if (wish.source === 'samples') {
    return `SELECT step, 0::bigint AS misdated, ${values}
              FROM (${scan(wish, 'public_metrics', ofSample)}
                    UNION ALL
                    ${scan(wish, 'public_metrics_thinned', ofThinned)}) AS parts GROUP BY step`;
  }
  return `SELECT ${stepOf('bucket')} AS step, sum(misdated) AS misdated, ${values}
            FROM telemetry.${rollups[wish.source]} WHERE ${within('bucket')} GROUP BY step`;
};

/** Steps of rollups begin where their first one does. */
export const startOf = ({ source, fromMs, stepMs }: SeriesWish): Date =>
  new Date(source === 'samples' ? fromMs : fromMs - (fromMs % stepMs));

/** The chart of a device's page, which is asked for again and again, is planned once for each connection. */
const planName = ({ names, aggregate, source }: SeriesWish): string | null =>
  names === metricNames && aggregate === 'usual' ? `telemetry-series-${source}` : null;

type SeriesRow = { device_id: string; at: number[]; misdated: number } & Record<
  `v${number}`,
  (number | null)[]
>;

/** Of devices that have a step in the range. */
export const readSeries = async (sql: Sql, wish: SeriesWish): Promise<Series[]> => {
  const name = planName(wish);
  const { deviceIds, names, toMs, stepMs } = wish;
  // One row for each device, and JSON: a row for each point, or arrays of Postgres, take many times as long to read.
  const values = names
    .map((_, index) => `array_to_json(array_agg(v${index})) AS v${index}`)
    .join(', ');
  const { rows } = await sql.query<SeriesRow>({
    text: `SELECT device.id AS device_id, read.*
       FROM unnest($1::uuid[]) AS device (id)
       CROSS JOIN LATERAL (
         SELECT array_to_json(array_agg(date_part('epoch', step) * 1000)) AS at, sum(misdated)::bigint AS misdated, ${values}
           FROM (SELECT * FROM (${stepsOfDevice(wish)}) AS steps ORDER BY step) AS ordered
         HAVING count(*) > 0) AS read`,
    values: [deviceIds, startOf(wish), new Date(toMs), stepMs],
    ...(name === null ? {} : { name }),
  });
  return rows.map((row) => ({
    deviceId: row.device_id,
    atMs: row.at,
    values: names.map((_, index) => row[`v${index}`] ?? []),
    misdated: row.misdated,
  }));
};

/** The same of a range that is read from samples, which say nothing of it: of the hours that begin in it. */
export const readMisdated = async (
  sql: Sql,
  wish: Pick<SeriesWish, 'deviceIds' | 'fromMs' | 'toMs'>,
): Promise<Map<string, number>> => {
  const { rows } = await sql.query<{ device_id: string; misdated: number }>({
    name: 'telemetry-misdated',
    text: `SELECT device_id, sum(misdated)::bigint AS misdated FROM telemetry.public_metrics_hourly
      WHERE device_id = ANY($1::uuid[]) AND bucket >= $2 AND bucket < $3
      GROUP BY device_id`,
    values: [wish.deviceIds, new Date(wish.fromMs), new Date(wish.toMs)],
  });
  return new Map(rows.map((row) => [row.device_id, row.misdated]));
};
