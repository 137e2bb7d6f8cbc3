/** A single change is seen at once, a pair soon, and what never ends costs an act every two seconds. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { calmly } from './calm.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const start = () => {
  const from = Date.now();
  const acts: number[] = [];
  return { acts, ask: calmly(() => acts.push(Date.now() - from)) };
};

it('acts at once, then once for all that came meanwhile', () => {
  const { acts, ask } = start();
  ask();
  for (let each = 0; each < 10; each += 1) {
    vi.advanceTimersByTime(15);
    ask();
  }
  expect(acts).toEqual([0]);
  vi.advanceTimersByTime(60_000);
  expect(acts).toEqual([0, 250]);
  ask();
  expect(acts).toEqual([0, 250, 60_150]);
});

it('rests longer as long as it is asked again and again, and no longer once it was left alone', () => {
  const { acts, ask } = start();
  for (let each = 0; each < 1_000; each += 1) {
    ask();
    vi.advanceTimersByTime(10);
  }
  expect(acts).toEqual([0, 250, 750, 1_750, 3_750, 5_750, 7_750, 9_750]);
  vi.advanceTimersByTime(60_000);
  acts.splice(0);
  ask();
  ask();
  vi.advanceTimersByTime(250);
  expect(acts.map((at) => at - (acts[0] ?? 0))).toEqual([0, 250]);
});
