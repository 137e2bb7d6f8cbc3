/**
 * From what percentiles over many devices are made, and how wide their steps are: five minutes, hours or
 * days, the finest of them that is kept and that has no more rows of all the devices together than a
 * request may read. Never samples: those of a site for an hour would be millions. Pure.
 */
import { bucketMsOf } from './bucket.ts';
import { type Asked, minutesRangeMsMax, type Resolution } from './resolution.ts';

const minutesMs = 5 * 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** One row for each device and bucket. */
export const percentileRowsMax = 100_000;

/** Null: even in days it is too much. */
export const percentileResolutionOf = (
  asked: Asked & { devices: number },
): (Resolution & { source: 'minutes' | 'hours' | 'days' }) | null => {
  const { fromMs, toMs, now, kept } = asked;
  const rangeMs = toMs - fromMs;
  const ageMs = now - fromMs;
  const wantedMs = asked.stepMs ?? bucketMsOf(fromMs, toMs, asked.maxPoints);
  // A range that begins within a bucket reads that one, too.
  const fits = (unitMs: number): boolean =>
    (Math.ceil(rangeMs / unitMs) + 1) * asked.devices <= percentileRowsMax;
  const stepMs = (unitMs: number): number => Math.max(1, Math.ceil(wantedMs / unitMs)) * unitMs;
  const areMinutes =
    fromMs >= kept.minutesSinceMs &&
    ageMs <= kept.samplesDays * dayMs &&
    rangeMs <= minutesRangeMsMax;
  if (areMinutes && wantedMs < hourMs && fits(minutesMs)) {
    return { source: 'minutes', stepMs: stepMs(minutesMs) };
  }
  if (ageMs <= kept.hoursDays * dayMs && wantedMs < dayMs && fits(hourMs)) {
    return { source: 'hours', stepMs: stepMs(hourMs) };
  }
  return fits(dayMs) ? { source: 'days', stepMs: stepMs(dayMs) } : null;
};
