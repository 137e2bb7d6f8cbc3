/**
 * From what a chart is drawn: samples, five minutes, hours or days, and how wide its points are. As fine as was
 * asked for, unless that is gone by now (samples are kept for less long than hours, hours than days)
 * or would read more samples than anybody can see. Pure.
 */
import { bucketMsOf } from './bucket.ts';

export type Source = 'samples' | 'minutes' | 'hours' | 'days';
export type Resolution = { source: Source; stepMs: number };

const minutesMs = 5 * 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Of a longer range hours are read: three days of a device are some ten thousand samples. */
export const samplesRangeMsMax = 3 * dayMs;
/** Below it samples are few, and they are some seconds newer than what is made of them. */
const minutesRangeMsMin = 6 * hourMs;
/** Some four thousand rows of a device. */
export const minutesRangeMsMax = 14 * dayMs;

export type Asked = {
  fromMs: number;
  toMs: number;
  now: number;
  /** What is wanted; otherwise the finest that gives at most `maxPoints`. */
  stepMs: number | null;
  maxPoints: number;
  /** Minutes are kept for as long as samples; before they were first made there are none. */
  kept: { samplesDays: number; hoursDays: number; minutesSinceMs: number };
};

const upTo = (unitMs: number, stepMs: number): number => Math.ceil(stepMs / unitMs) * unitMs;

export const resolutionOf = (asked: Asked): Resolution => {
  const { fromMs, toMs, now, stepMs, maxPoints, kept } = asked;
  const wantedMs = stepMs ?? bucketMsOf(fromMs, toMs, maxPoints);
  const ageMs = now - fromMs;
  if (wantedMs >= dayMs || ageMs > kept.hoursDays * dayMs) {
    return { source: 'days', stepMs: upTo(dayMs, wantedMs) };
  }
  const rangeMs = toMs - fromMs;
  const inHours: Resolution = { source: 'hours', stepMs: upTo(hourMs, wantedMs) };
  if (wantedMs >= hourMs || ageMs > kept.samplesDays * dayMs) return inHours;
  const areMinutes =
    fromMs >= kept.minutesSinceMs && rangeMs > minutesRangeMsMin && rangeMs <= minutesRangeMsMax;
  if (areMinutes && (wantedMs >= minutesMs || rangeMs > samplesRangeMsMax)) {
    return { source: 'minutes', stepMs: upTo(minutesMs, wantedMs) };
  }
  if (rangeMs > samplesRangeMsMax) return inHours;
  return { source: 'samples', stepMs: wantedMs };
};
