/** Bursts cost two acts: one at once, one at the end. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { calmly } from './calm.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('acts at once, then once for all that came meanwhile', () => {
  const acts: number[] = [];
  const ask = calmly(() => acts.push(Date.now()), 2_000);
  const from = Date.now();
  ask();
  for (let each = 0; each < 100; each += 1) {
    vi.advanceTimersByTime(15);
    ask();
  }
  expect(acts).toEqual([from]);
  vi.advanceTimersByTime(60_000);
  expect(acts).toEqual([from, from + 2_000]);
  ask();
  expect(acts).toHaveLength(3);
});
