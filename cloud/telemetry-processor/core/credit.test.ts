import fc from 'fast-check';
import { expect, it } from 'vitest';
import { creditOf, creditRowsMax, creditRowsMin } from './credit.ts';

it('is never below a frame, never above the most, and shrinks as pressure grows', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 2, noNaN: true }),
      fc.double({ min: 0, max: 2, noNaN: true }),
      (a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        expect(creditOf('metrics', less)).toBeGreaterThanOrEqual(creditOf('metrics', more));
        expect(creditOf('metrics', more)).toBeGreaterThanOrEqual(creditRowsMin);
        expect(creditOf('metrics', less)).toBeLessThanOrEqual(creditRowsMax);
      },
    ),
  );
});

it('slows events and state last', () => {
  expect(creditOf('events', 1)).toBe(creditRowsMax / 2);
  expect(creditOf('metrics', 1)).toBe(creditRowsMin);
});

it('lets history fill in behind the live rows', () => {
  expect(creditOf('backfill', 0)).toBe(creditRowsMax * 0.3);
  expect(creditOf('backfill', 1)).toBe(creditRowsMin);
});
