/** What is kept of a look at a chart, and from where on the next one reads. */
import { expect, it } from 'vitest';
import { isSettled, keptAfter, readFrom, settledMs, withoutLate } from './settled-steps.ts';

const hourMs = 3_600_000;
const range = { startMs: 0, toMs: 10 * hourMs, stepMs: hourMs };
const now = 10 * hourMs;
const pointsOf = (...hours: number[]) => new Map(hours.map((hour) => [hour * hourMs, { hour }]));

it('keeps steps that are over for long enough, those in which nothing was, too', () => {
  const read = pointsOf(0, 1, 2, 3, 5, 6, 7, 8, 9);
  const kept = keptAfter(new Map(), read, range, now);
  expect([...kept.keys()]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((hour) => hour * hourMs));
  expect(kept.get(4 * hourMs)).toBeNull();
  expect(readFrom(kept, range)).toBe(9 * hourMs);
  const next = { ...range, startMs: hourMs, toMs: 11 * hourMs };
  const more = keptAfter(kept, pointsOf(9, 10), next, now + hourMs);
  expect([...more.keys()].map((at) => at / hourMs)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(more.get(2 * hourMs)).toEqual({ hour: 2 });
  expect(more.get(4 * hourMs)).toBeNull();
  expect(more.get(9 * hourMs)).toEqual({ hour: 9 });
});

it('keeps no step of which a part was asked for', () => {
  const cut = { ...range, toMs: 5 * hourMs + 1 };
  expect(isSettled(4 * hourMs, cut, now)).toBe(true);
  expect(isSettled(5 * hourMs, cut, now)).toBe(false);
  expect(isSettled(0, range, hourMs + settledMs - 1)).toBe(false);
  expect(isSettled(0, range, hourMs + settledMs)).toBe(true);
  // What is added to any part of its hour is noted from half an hour after the hour on.
  const minutes = { ...range, stepMs: 300_000 };
  expect(isSettled(0, minutes, hourMs + settledMs - 1)).toBe(false);
  expect(isSettled(0, minutes, hourMs + settledMs)).toBe(true);
});

it('reads again from the first step that an hour reaches into to which something was added', () => {
  const kept = keptAfter(new Map(), pointsOf(0, 1, 2, 3), range, now);
  expect(readFrom(withoutLate(kept, hourMs, [3 * hourMs]), range)).toBe(3 * hourMs);
  expect(readFrom(withoutLate(kept, hourMs, [20 * hourMs]), range)).toBe(9 * hourMs);
  const minutes = new Map([0, 1, 2].map((step) => [step * (hourMs / 2), null]));
  expect([...withoutLate(minutes, hourMs / 2, [0]).keys()]).toEqual([hourMs]);
  const days = new Map([0, 1].map((day) => [day * 24 * hourMs, null]));
  expect([...withoutLate(days, 24 * hourMs, [30 * hourMs]).keys()]).toEqual([0]);
});
