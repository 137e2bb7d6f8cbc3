/**
 * From what a chart is drawn: samples, hours or days, and how wide its points are. As fine as was
 * asked for, unless that is gone by now (samples are kept for less long than hours, hours than days)
 * or would read more samples than anybody can see. Pure.
 */
import { bucketMsOf } from './bucket.ts';

export type Source = 'samples' | 'hours' | 'days';
export type Resolution = { source: Source; stepMs: number };

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Of a longer range hours are read: three days of a device are some ten thousand samples. */
export const samplesRangeMsMax = 3 * dayMs;

export type Asked = {
  fromMs: number;
  toMs: number;
  now: number;
  /** What is wanted; otherwise the finest that gives at most `maxPoints`. */
  stepMs: number | null;
  maxPoints: number;
  kept: { samplesDays: number; hoursDays: number };
};

const upTo = (unitMs: number, stepMs: number): number => Math.ceil(stepMs / unitMs) * unitMs;

export const resolutionOf = (asked: Asked): Resolution => {
  const { fromMs, toMs, now, stepMs, maxPoints, kept } = asked;
  const wantedMs = stepMs ?? bucketMsOf(fromMs, toMs, maxPoints);
  const ageMs = now - fromMs;
  if (wantedMs >= dayMs || ageMs > kept.hoursDays * dayMs) {
    return { source: 'days', stepMs: upTo(dayMs, wantedMs) };
  }
  const isLong = toMs - fromMs > samplesRangeMsMax;
  if (wantedMs >= hourMs || isLong || ageMs > kept.samplesDays * dayMs) {
    return { source: 'hours', stepMs: upTo(hourMs, wantedMs) };
  }
  return { source: 'samples', stepMs: wantedMs };
};
