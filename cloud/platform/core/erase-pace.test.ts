import { expect, it } from 'vitest';
import { afterTimeout, nextCount } from './erase-pace.ts';

const pace = { least: 1, most: 5_000 };

it('takes as many as a quarter of a second holds, and doubles at most', () => {
  expect(nextCount(1_000, 250, pace)).toBe(1_000);
  expect(nextCount(1_000, 500, pace)).toBe(500);
  expect(nextCount(1_000, 200, pace)).toBe(1_250);
  expect(nextCount(1_000, 1, pace)).toBe(2_000);
  expect(nextCount(1, 0, pace)).toBe(2);
});

it('stays within its bounds', () => {
  expect(nextCount(4_000, 1, pace)).toBe(5_000);
  expect(nextCount(3, 60_000, pace)).toBe(1);
  expect(afterTimeout(1_000, pace)).toBe(250);
  expect(afterTimeout(2, pace)).toBe(1);
});
