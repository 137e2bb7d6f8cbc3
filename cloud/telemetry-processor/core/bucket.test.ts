import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bucketMsOf } from './bucket.ts';

it('is a round width: an hour in 300 points is 15 seconds, a day 5 minutes', () => {
  expect(bucketMsOf(0, 3_600_000, 300)).toBe(15_000);
  expect(bucketMsOf(0, 86_400_000, 300)).toBe(300_000);
  expect(bucketMsOf(0, 30 * 86_400_000, 300)).toBe(3 * 3_600_000);
  expect(bucketMsOf(0, 400 * 86_400_000, 2)).toBe(400 * 86_400_000);
});

it('never gives more points than asked for, wherever the range starts', () => {
  fc.assert(
    fc.property(
      fc.nat(1e12),
      fc.integer({ min: 1, max: 400 * 86_400_000 }),
      fc.integer({ min: 2, max: 2_000 }),
      (from, rangeMs, maxPoints) => {
        const width = bucketMsOf(from, from + rangeMs, maxPoints);
        const buckets = Math.floor((from + rangeMs - 1) / width) - Math.floor(from / width) + 1;
        expect(buckets).toBeLessThanOrEqual(maxPoints);
      },
    ),
  );
});
