import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clockBeyondBuildMaxMs, clockSlackMs, isClockBehind, judgeClock } from './clock.ts';

const builtAtMs = Date.parse('2026-11-01');
const floorMs = Date.parse('2027-03-01');

test('a clock of 1970 is raised to the floor, one that is a few hours off is left alone', () => {
  expect(judgeClock({ nowMs: 300_000, floorMs, builtAtMs })).toEqual({
    kind: 'behind',
    floorMs,
    raiseToMs: floorMs,
  });
  const off = floorMs - clockSlackMs;
  expect(judgeClock({ nowMs: off, floorMs, builtAtMs })).toEqual({ kind: 'fine' });
});

test('a floor that no device lives to see is not believed so far, and the clock stays wrong', () => {
  const far = builtAtMs + clockBeyondBuildMaxMs + 1;
  expect(judgeClock({ nowMs: 300_000, floorMs: far, builtAtMs })).toMatchObject({
    kind: 'behind',
    raiseToMs: null,
  });
});

test('whatever the clock says, it is only ever raised, and then it is fine', () => {
  const time = fc.integer({ min: 0, max: 8_640_000_000_000_000 });
  fc.assert(
    fc.property(time, time, time, (nowMs, floor, built) => {
      const found = judgeClock({ nowMs, floorMs: floor, builtAtMs: built });
      expect(found.kind === 'behind').toBe(isClockBehind(nowMs, floor));
      if (found.kind === 'fine' || found.raiseToMs === null) return;
      expect(found.raiseToMs).toBeGreaterThan(nowMs + clockSlackMs);
      expect(isClockBehind(found.raiseToMs, floor)).toBe(false);
    }),
  );
});
