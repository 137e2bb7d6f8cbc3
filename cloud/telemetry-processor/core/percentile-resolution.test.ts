import { expect, it } from 'vitest';
import { percentileResolutionOf, percentileRowsMax } from './percentile-resolution.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const now = Date.UTC(2026, 5, 1);
const kept = { samplesDays: 30, hoursDays: 400, minutesSinceMs: 0 };

const of = (rangeMs: number, devices: number, more: object = {}) =>
  percentileResolutionOf({
    ...{ fromMs: now - rangeMs, toMs: now, now, stepMs: null, maxPoints: 300, kept, devices },
    ...more,
  });

it('is as fine as the devices and the range allow, and never of samples', () => {
  expect(of(hour, 10)).toEqual({ source: 'minutes', stepMs: 5 * minute });
  expect(of(hour, 10, { stepMs: 7 * minute })).toEqual({ source: 'minutes', stepMs: 10 * minute });
  expect(of(day, 300)).toEqual({ source: 'minutes', stepMs: 5 * minute });
  expect(of(day, 1_000)).toEqual({ source: 'hours', stepMs: hour });
  expect(of(30 * day, 100)).toEqual({ source: 'hours', stepMs: 3 * hour });
  expect(of(30 * day, 2_000)).toEqual({ source: 'days', stepMs: day });
  expect(of(7 * day, 10, { stepMs: day })).toEqual({ source: 'days', stepMs: day });
  expect(of(400 * day, 2_000)).toBeNull();
});

it('reads no minutes or hours that are gone, or were never made', () => {
  const from = now - 2 * hour;
  expect(of(2 * hour, 5, { kept: { ...kept, minutesSinceMs: from + 1 } })?.source).toBe('hours');
  expect(of(hour, 5, { fromMs: now - 31 * day, toMs: now - 30 * day })?.source).toBe('hours');
  expect(of(hour, 5, { fromMs: now - 401 * day, toMs: now - 400 * day })?.source).toBe('days');
});

it('never reads more rows than one request may', () => {
  for (const devices of [1, 7, 50, 333, 2_000]) {
    for (const range of [hour, 6 * hour, 3 * day, 14 * day, 90 * day]) {
      const found = of(range, devices);
      const unit = { minutes: 5 * minute, hours: hour, days: day }[found?.source ?? 'days'];
      const rows = (range / unit) * devices;
      if (found !== null) expect(rows).toBeLessThanOrEqual(percentileRowsMax);
      else expect((range / day) * devices).toBeGreaterThan(percentileRowsMax - devices);
    }
  }
});
