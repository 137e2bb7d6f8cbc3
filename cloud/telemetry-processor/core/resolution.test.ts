import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resolutionOf } from './resolution.ts';

const hour = 3_600_000;
const day = 24 * hour;
const now = Date.UTC(2026, 5, 15);
const kept = { samplesDays: 30, hoursDays: 400, minutesSinceMs: 0 };
const of = (agoMs: number, stepMs: number | null = null, toMs = now) =>
  resolutionOf({ fromMs: now - agoMs, toMs, now, stepMs, maxPoints: 300, kept });

test('draws the ranges of the console from what is finest and small enough', () => {
  expect(of(hour)).toEqual({ source: 'samples', stepMs: 15_000 });
  expect(of(day)).toEqual({ source: 'minutes', stepMs: 300_000 });
  expect(of(7 * day)).toEqual({ source: 'hours', stepMs: hour });
  expect(of(30 * day)).toEqual({ source: 'hours', stepMs: 3 * hour });
  expect(of(365 * day)).toEqual({ source: 'days', stepMs: 2 * day });
});

test('reads samples where five minutes are not whole yet, or too coarse', () => {
  const young = { ...kept, minutesSinceMs: now - 2 * hour };
  const asked = { fromMs: now - day, toMs: now, now, stepMs: null, maxPoints: 300 };
  expect(resolutionOf({ ...asked, kept: young }).source).toBe('samples');
  expect(resolutionOf({ ...asked, fromMs: now - 4 * day, stepMs: 60_000, kept: young })).toEqual({
    ...{ source: 'hours', stepMs: hour },
  });
  expect(of(4 * day, 60_000)).toEqual({ source: 'minutes', stepMs: 300_000 });
  expect(of(2 * day, 60_000)).toEqual({ source: 'samples', stepMs: 60_000 });
  expect(of(6 * hour, 600_000)).toEqual({ source: 'samples', stepMs: 600_000 });
});

test('goes by the step that is asked for, in whole hours and days', () => {
  expect(of(day, 60_000)).toEqual({ source: 'samples', stepMs: 60_000 });
  expect(of(day, 90 * 60_000)).toEqual({ source: 'hours', stepMs: 2 * hour });
  expect(of(30 * day, 25 * hour)).toEqual({ source: 'days', stepMs: 2 * day });
});

test('looks where it still is', () => {
  expect(of(40 * day, 60_000, now - 39 * day)).toEqual({ source: 'hours', stepMs: hour });
  expect(of(500 * day, 60_000, now - 499 * day)).toEqual({ source: 'days', stepMs: day });
  expect(of(30 * day, 60_000)).toEqual({ source: 'hours', stepMs: hour });
});

test('never finer than asked for, and never more points than wanted', () => {
  const range = fc.integer({ min: 1_000, max: 1_000 * day });
  const step = fc.option(fc.integer({ min: 1_000, max: 40 * day }));
  fc.assert(
    fc.property(range, range, step, (ago, length, wanted) => {
      const fromMs = now - ago;
      const toMs = fromMs + length;
      const asked = { fromMs, toMs, now, stepMs: wanted, maxPoints: 300, kept };
      const { source, stepMs } = resolutionOf(asked);
      if (wanted === null) expect(Math.floor(length / stepMs) + 1).toBeLessThanOrEqual(300);
      else expect(stepMs).toBeGreaterThanOrEqual(wanted);
      const units = { samples: 1, minutes: 300_000, hours: hour, days: day };
      expect(stepMs % units[source]).toBe(0);
    }),
  );
});
