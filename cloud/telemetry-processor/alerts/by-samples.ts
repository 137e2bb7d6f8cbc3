/**
 * Since when a device has been bad, by its samples. An idle device sends a quarter of an hour of them at
 * once: one that was bad at the last moment was not therefore bad all the time, and one that was bad
 * for ten minutes need not be watched for another ten. Only of devices that a step is planned for:
 * one statement for each kind of rule, at most as many samples of a device as the rule's time has.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { sampleHoldMs } from '@signalbeam/sync/core/limits';
import type { Candidate, SampledColumn } from './candidates.ts';

/** Earlier ones came before, and were judged then. */
const togetherMs = sampleHoldMs + 60_000;

/** What came days before the newest was judged then. A hypertable looks into no more chunks than that (migration 0343). */
const cameLately = `m.received_at > l.received_at - interval '2 days'`;

type Judged = { ordinal: number; newest: Date; well: Date | null; bad: Date | null };

/** Bad now, and not told yet: at its beginning, or when its time is over. */
const isAsked = ({ condition, value, rule }: Candidate): boolean =>
  value !== null && value >= (rule.threshold ?? 1) && condition?.alertId == null;

const lookBackMs = ({ condition, knownUntilMs }: Candidate): number =>
  condition === null ? togetherMs : Math.max(knownUntilMs - condition.sinceMs, 0) + togetherMs;

const timesOf = (
  { knownUntilMs, valueSinceMs }: Candidate,
  { newest, well, bad }: Judged,
): Pick<Candidate, 'valueSinceMs' | 'wellAtMs'> => {
  const heardMs = (at: Date): number => knownUntilMs - (newest.getTime() - at.getTime());
  return {
    valueSinceMs: bad === null ? valueSinceMs : heardMs(bad),
    wellAtMs: well === null ? null : heardMs(well),
  };
};

export const judgeBySamples = async (
  sql: Sql,
  column: SampledColumn,
  candidates: readonly Candidate[],
): Promise<Candidate[]> => {
  const asked = candidates.flatMap((candidate, index) => (isAsked(candidate) ? [index] : []));
  if (asked.length === 0) return [...candidates];
  const of = <T>(read: (candidate: Candidate) => T): T[] =>
    asked.flatMap((index) => candidates[index] ?? []).map(read);
  const { rows } = await sql.query<Judged>({
    name: `telemetry-alerts-by-samples-${column}`,
    // Counted back by the device's own clock: it may be years off, but not against itself.
    text: `SELECT k.ordinal, l.at AS newest, w.well, b.bad
             FROM unnest($1::integer[], $2::uuid[], $3::float8[], $4::float8[])
                    AS k (ordinal, device_id, threshold, back_ms)
             JOIN telemetry.latest_metrics l USING (device_id)
            CROSS JOIN LATERAL (SELECT l.at - k.back_ms * interval '1 millisecond' AS oldest) o
            CROSS JOIN LATERAL (
              SELECT max(m.at) AS well FROM telemetry.metrics m
               WHERE m.device_id = k.device_id AND m.at <= l.at AND m.at > o.oldest
                 AND ${cameLately} AND m.${column} < k.threshold) w
            CROSS JOIN LATERAL (
              SELECT min(m.at) AS bad FROM telemetry.metrics m
               WHERE m.device_id = k.device_id AND m.at <= l.at
                 AND m.at > coalesce(w.well, o.oldest) AND ${cameLately}
                 AND m.${column} IS NOT NULL) b
            WHERE l.at IS NOT NULL`,
    values: [
      asked,
      of(({ deviceId }) => deviceId),
      of(({ rule }) => rule.threshold ?? 1),
      of(lookBackMs),
    ],
  });
  const judged = new Map(rows.map((row) => [row.ordinal, row]));
  return candidates.map((candidate, index) => {
    const found = judged.get(index);
    return found === undefined ? candidate : { ...candidate, ...timesOf(candidate, found) };
  });
};
