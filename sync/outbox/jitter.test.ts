import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fullJitter } from './jitter.ts';

test('a wait lies anywhere from nothing to the doubled delay, and never beyond the longest', () => {
  const delay = { first: 500, max: 300_000 };
  fc.assert(
    fc.property(
      fc.nat(1_000),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, random) => {
        const longest = Math.min(delay.max, delay.first * 2 ** Math.min(attempt, 30));
        const wait = fullJitter(delay, attempt, random);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(longest);
        // Full: the whole of it is drawn, not a part that is added to a fixed one.
        expect(fullJitter(delay, attempt, 0)).toBe(0);
        expect(fullJitter(delay, attempt, 1)).toBe(longest);
      },
    ),
  );
});
