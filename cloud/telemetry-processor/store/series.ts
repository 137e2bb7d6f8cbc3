/**
 * Charts: metrics of some devices over time, from samples (and what devices summed up), five
 * minutes, hours or days. All give minimum, maximum, sum and count of a step, so they answer alike; what a
 * device summed up counts with the weight of its samples, and lies in the step where its own begins.
 * A sample whose clock cannot be right (../core/placement.ts) is in the rollups alone. Cost: one
 * index scan for each table and device, one row for each step. Through the views of one tenant; the
 * caller makes sure that the devices are seen by whoever asks.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { planned, type SeriesWish, stepsOfDevice, stepValues } from './series-steps.ts';

/** Of one device, by time: `values[metric][step]`, in the order of the names asked for. */
export type Series = {
  deviceId: string;
  atMs: number[];
  values: (number | null)[][];
  /** Samples that lie in these steps because they arrived there: their clock cannot be right. */
  misdated: number;
};

type Row = { device_id: string; at: number[]; misdated: number };

/**
 * Rows of a device lie on hundreds of pages: those that are not in memory are asked for together, by a bitmap of the
 * index, and not one after the other. It costs a fifth more where they are in the machine's memory and not in
 * Postgres's, which for one device is little. Until the transaction ends.
 */
const askForPagesTogether = (sql: Sql): Promise<unknown> =>
  sql.query({
    name: 'telemetry-pages-together',
    text: `SELECT set_config('enable_indexscan', 'off', true)`,
  });

/** One row for each device, and JSON: a row for each point, or arrays of Postgres, take many times as long to read. */
const read = async <R extends Row>(sql: Sql, wish: SeriesWish, kind: string, values: string) => {
  const isOne = wish.source !== 'samples' && wish.deviceIds.length === 1;
  if (isOne) await askForPagesTogether(sql);
  const { rows } = await sql.query<R>({
    text: `SELECT device.id AS device_id, read.*
       FROM unnest($1::uuid[]) AS device (id)
       CROSS JOIN LATERAL (
         SELECT array_to_json(array_agg(date_part('epoch', step) * 1000)) AS at, sum(misdated)::bigint AS misdated, ${values}
           FROM (SELECT * FROM (${stepsOfDevice(wish)}) AS steps ORDER BY step) AS ordered
         HAVING count(*) > 0) AS read`,
    values: stepValues(wish),
    // Planned by how pages are asked for, so not under one name.
    ...planned(isOne ? `${kind}-of-one` : kind, wish),
  });
  return rows;
};

/** Of devices that have a step in the range. */
export const readSeries = async (sql: Sql, wish: SeriesWish): Promise<Series[]> => {
  const { names } = wish;
  const values = names.map((_, index) => `array_to_json(array_agg(v${index})) AS v${index}`);
  type Values = Record<`v${number}`, (number | null)[]>;
  const rows = await read<Row & Values>(sql, wish, 'series', values.join(', '));
  return rows.map((row) => ({
    deviceId: row.device_id,
    atMs: row.at,
    values: names.map((_, index) => row[`v${index}`] ?? []),
    misdated: row.misdated,
  }));
};

/** Of one device, by time; of each step its values in the order of the names asked for, as the text of a JSON array. */
export type WrittenSeries = { atMs: number[]; written: string[]; misdated: number };

/** The same as it is sent: what Postgres wrote down is neither read into numbers nor written again. By device. */
export const readWritten = async (
  sql: Sql,
  wish: SeriesWish,
): Promise<Map<string, WrittenSeries>> => {
  const values = wish.names.map((_, index) => `v${index}`).join(', ');
  const written = `string_agg(array_to_json(ARRAY[${values}])::text, E'\n') AS written`;
  const rows = await read<Row & { written: string }>(sql, wish, 'written', written);
  return new Map(
    rows.map((row) => [
      row.device_id,
      { atMs: row.at, written: row.written.split('\n'), misdated: row.misdated },
    ]),
  );
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
