/**
 * Percentiles of steps that are over, kept in this process: of a site of thousands a look reads the last few steps
 * instead of fifty thousand rows. Exact: each look first asks what was added late to hours of its devices since the
 * one before (telemetry.late_hours), and makes those steps anew. Kept by the very devices, so who came or went, and who
 * may see fewer, is another chart. Not shared by replicas, and not beyond `points` in all.
 */
import { createHash } from 'node:crypto';
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';
import { keptAfter, readFrom, type Steps, withoutLate } from '../core/settled-steps.ts';
import { type PercentilePoint, readPercentiles } from './percentiles.ts';
import { arrayOfIds, type SeriesWish, startOf } from './series-steps.ts';

/** Some 8 MB. */
const pointsMax = 50_000;
/** Of fewer reading is as fast. */
const devicesMin = 50;
/** Notes of what came late are there for a day. */
const keptMs = 12 * 3_600_000;

/** `seen`: the xmin of the snapshot from which on notes are to be asked for. */
type Kept = { steps: Steps<PercentilePoint>; seen: string; atMs: number };

const keyOf = (tenantId: string, wish: SeriesWish): string => {
  const { deviceIds, names, aggregate, source, stepMs } = wish;
  const devices = createHash('sha256').update(deviceIds.toSorted().join()).digest('base64url');
  return [tenantId, devices, ...names, aggregate, source, stepMs].join(' ');
};

type Look = { seen: string; now: number; isNoted: boolean; late: number[] };

/** Before anything is read: what a transaction adds that this does not see, the next look asks for. */
const look = async (sql: Sql, { deviceIds }: SeriesWish, since: string | null): Promise<Look> =>
  onlyRow(
    await sql.query<Look>({
      name: 'telemetry-late-hours',
      text: `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS seen,
                    (extract(epoch FROM now()) * 1000)::float8 AS now,
                    (SELECT now() >= late_since FROM telemetry.rollup_starts) AS "isNoted",
                    (SELECT coalesce(json_agg(DISTINCT date_part('epoch', hour) * 1000), '[]')
                       FROM telemetry.public_late_hours
                      WHERE added_by >= $1::text::xid8 AND device_id = ANY ($2::uuid[])) AS late`,
      values: [since, since === null ? '{}' : arrayOfIds(deviceIds)],
    }),
  );

export type KeptSpread = {
  read: (sql: Sql, tenantId: string, wish: SeriesWish) => Promise<PercentilePoint[]>;
};

export const createKeptSpread = (): KeptSpread => {
  // The one asked for last is the last.
  const kept = new Map<string, Kept>();
  const keep = (key: string, one: Kept): void => {
    kept.delete(key);
    kept.set(key, one);
    let points = 0;
    for (const [other, { steps }] of [...kept].reverse()) {
      points += steps.size;
      if (points > pointsMax) kept.delete(other);
    }
  };
  return {
    read: async (sql, tenantId, wish) => {
      if (wish.deviceIds.length < devicesMin) return readPercentiles(sql, wish);
      const key = keyOf(tenantId, wish);
      const known = kept.get(key);
      const { seen, now, isNoted, late } = await look(sql, wish, known?.seen ?? null);
      if (!isNoted) return readPercentiles(sql, wish);
      const { toMs, stepMs } = wish;
      const isOld = known === undefined || now - known.atMs > keptMs;
      const steps = isOld
        ? new Map<number, PercentilePoint>()
        : withoutLate(known.steps, stepMs, late);
      const range = { startMs: startOf(wish).getTime(), toMs, stepMs };
      const from = readFrom(steps, range);
      const read = from >= toMs ? [] : await readPercentiles(sql, { ...wish, fromMs: from });
      const fresh = new Map(read.map((point) => [point.at.getTime(), point]));
      keep(key, { steps: keptAfter(steps, fresh, range, now), seen, atMs: now });
      const before: PercentilePoint[] = [];
      for (let atMs = range.startMs; atMs < from; atMs += stepMs) {
        const point = steps.get(atMs);
        if (point !== undefined && point !== null) before.push(point);
      }
      return [...before, ...read];
    },
  };
};
