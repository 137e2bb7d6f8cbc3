/**
 * What a device was in each step of a chart, as SQL: from samples (and what devices summed up), five
 * minutes, hours or days. All give minimum, maximum, sum and count of a step, so they answer alike; what a
 * device summed up counts with the weight of its samples, and lies in the step where its own begins.
 * A sample whose clock cannot be right (../core/placement.ts) is in the rollups alone. Reads nothing itself.
 */
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

const unitsMs = { minutes: 300_000, hours: 3_600_000, days: 86_400_000 } as const;

/** A step is a row of a rollup, so there is nothing to sum up. */
export const isStepRow = ({ source, stepMs }: Pick<SeriesWish, 'source' | 'stepMs'>): boolean =>
  source !== 'samples' && stepMs === unitsMs[source];

const ofRow = (name: MetricName, aggregate: Aggregate): string => {
  const column = columnOf(name);
  const one = aggregateOf(name, aggregate);
  switch (one) {
    case 'avg':
      return `${column}_sum / nullif(${column}_count, 0)::float8`;
    case 'count':
      return `${column}_count::float8`;
    case 'last':
      return `newest[${metricNames.indexOf(name) + 2}]`;
    default:
      return `${column}_${one}`;
  }
};

/**
 * The steps with what each metric was in them as `v0`, `v1`… and the samples that are there by their arrival as
 * `misdated` (of samples not known: 0), as SQL. $2 and $3 are the range, $4 is the step (`stepValues`).
 */
const steps = (wish: SeriesWish, device: string): string => {
  const valuesBy = (of: (name: MetricName) => string): string =>
    wish.names.map((name, index) => `${of(name)} AS v${index}`).join(', ');
  const values = valuesBy((name) => finalOf(name, wish));
  if (wish.source === 'samples') {
    return `SELECT step, 0::bigint AS misdated, ${values}
              FROM (${scan(wish, 'public_metrics', ofSample)}
                    UNION ALL
                    ${scan(wish, 'public_metrics_thinned', ofThinned)}) AS parts GROUP BY step`;
  }
  const from = `FROM telemetry.${rollups[wish.source]}
                WHERE device_id = ${device} AND bucket >= $2 AND bucket < $3`;
  return isStepRow(wish)
    ? `SELECT bucket AS step, misdated, ${valuesBy((name) => ofRow(name, wish.aggregate))} ${from}`
    : `SELECT ${stepOf('bucket')} AS step, sum(misdated) AS misdated, ${values} ${from} GROUP BY step`;
};

/** Of the device `device.id`. */
export const stepsOfDevice = (wish: SeriesWish): string => steps(wish, 'device.id');

/**
 * Of all devices of $1, each by its own, in no order, where a step is a row. The planner is not to see how many they
 * are: it would look at each of thousands to guess how many rows it has.
 */
export const rowsOfDevices = (wish: SeriesWish): string =>
  steps(wish, 'ANY ((SELECT $1::uuid[])::uuid[])');

/** Steps of rollups begin where their first one does. */
export const startOf = ({ source, fromMs, stepMs }: SeriesWish): Date =>
  new Date(source === 'samples' ? fromMs : fromMs - (fromMs % stepMs));

/** Ids as Postgres writes an array of them: the driver looks at each for what would have to be quoted. */
export const arrayOfIds = (ids: readonly string[]): string => `{${ids.join()}}`;

/** $1 to $4, or to $3 where the step is none to be named. */
export const stepValues = (wish: SeriesWish): unknown[] => [
  ...[arrayOfIds(wish.deviceIds), startOf(wish), new Date(wish.toMs)],
  ...(isStepRow(wish) ? [] : [wish.stepMs]),
];

const isPlanned = ({ names, aggregate }: SeriesWish): boolean =>
  (names === metricNames || names.length === 1) && ['usual', 'avg'].includes(aggregate);

/**
 * What is asked for again and again, the mean of one metric or of all, is planned once for each connection: as what,
 * to be spread over a query. A name for every choice of metrics would fill a connection with plans.
 */
export const planned = (kind: string, wish: SeriesWish): { name?: string } => {
  if (!isPlanned(wish)) return {};
  const { names, aggregate, source } = wish;
  const of = names === metricNames ? 'all' : names[0];
  return {
    name: `telemetry-${kind}-${source}${isStepRow(wish) ? '-rows' : ''}-${aggregate}-${of}`,
  };
};
