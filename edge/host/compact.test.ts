/** When the agent collects: once it has grown, never in a hurry, and now and then all the same. */
import { expect, it } from 'vitest';
import { isDue } from './compact.ts';

const mib = 1024 * 1024;
const after = { bytes: 12 * mib, atMs: 1_000 };
const later = (seconds: number, grownMib: number) => ({
  bytes: after.bytes + grownMib * mib,
  atMs: after.atMs + seconds * 1_000,
});

it('collects when it has grown, and not when it has not', () => {
  expect(isDue(after, later(60, 1))).toBe(true);
  expect(isDue(after, later(120, 0.9))).toBe(false);
  expect(isDue(after, later(120, -2))).toBe(false);
});

it('does not collect again and again while it is busy', () => {
  expect(isDue(after, later(59, 30))).toBe(false);
});

it('collects every ten minutes though it has hardly grown: code that nobody ran since goes', () => {
  expect(isDue(after, later(599, 0))).toBe(false);
  expect(isDue(after, later(600, 0))).toBe(true);
});
