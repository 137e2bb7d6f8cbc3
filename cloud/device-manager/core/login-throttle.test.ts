/** The throttle as somebody meets it who guesses, and as somebody does who mistypes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  countFailure,
  forgetAfterMs,
  freeFailures,
  type LoginFailures,
  throttleOf,
  waitMsMax,
} from './login-throttle.ts';

const failing = (times: number, atMs = 0): LoginFailures | null => {
  let known: LoginFailures | null = null;
  for (let index = 0; index < times; index += 1) known = countFailure(known, atMs);
  return known;
};

test('a few mistakes cost nothing', () => {
  expect(throttleOf(null, 0)).toEqual({ kind: 'open' });
  expect(throttleOf(failing(freeFailures - 1), 0)).toEqual({ kind: 'open' });
});

test('then the wait doubles, to a limit', () => {
  const waits = [0, 1, 2, 3, 30].map((more) => throttleOf(failing(freeFailures + more), 0));
  expect(waits).toEqual([
    { kind: 'wait', waitMs: 1_000 },
    { kind: 'wait', waitMs: 2_000 },
    { kind: 'wait', waitMs: 4_000 },
    { kind: 'wait', waitMs: 8_000 },
    { kind: 'wait', waitMs: waitMsMax },
  ]);
});

test('the wait runs out, and a day without a failure forgets', () => {
  expect(throttleOf(failing(freeFailures), 999)).toEqual({ kind: 'wait', waitMs: 1 });
  expect(throttleOf(failing(freeFailures), 1_000)).toEqual({ kind: 'open' });
  const later = countFailure(failing(50), forgetAfterMs + 1);
  expect(later.failures).toBe(1);
});

test('a clock that jumps back never makes anybody wait longer than the limit', () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.integer(), fc.integer(), (failures, lastAtMs, nowMs) => {
      const throttle = throttleOf({ failures, lastAtMs }, nowMs);
      return throttle.kind === 'open' || (throttle.waitMs > 0 && throttle.waitMs <= waitMsMax);
    }),
  );
});

test('whoever guesses without a pause gets few guesses in a day', () => {
  let known: LoginFailures | null = null;
  let guesses = 0;
  for (let nowMs = 0; nowMs < forgetAfterMs; ) {
    const throttle = throttleOf(known, nowMs);
    if (throttle.kind === 'wait') {
      nowMs += throttle.waitMs;
      continue;
    }
    known = countFailure(known, nowMs);
    guesses += 1;
  }
  expect(guesses).toBeLessThan(120);
});
