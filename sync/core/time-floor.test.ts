/** The floor never falls while its witnesses are trusted, whatever is said in whatever order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roles } from './records.ts';
import { forgetWitnesses, raiseTimeFloor, startTimeFloor, timeFloorMs } from './time-floor.ts';

const said = fc.record({
  by: fc.constantFrom('root' as const, ...roles),
  atMs: fc.nat(10_000),
  keyIds: fc.constantFrom(['a'], ['b']),
});

describe('the time floor', () => {
  it('only rises, and is the newest of all in any order', () => {
    fc.assert(
      fc.property(fc.array(said), fc.nat(10_000), (all, builtAtMs) => {
        let floor = startTimeFloor(builtAtMs);
        for (const { by, ...what } of all) {
          const next = raiseTimeFloor(floor, by, what);
          expect(timeFloorMs(next)).toBeGreaterThanOrEqual(timeFloorMs(floor));
          floor = next;
        }
        expect(timeFloorMs(floor)).toBe(Math.max(builtAtMs, ...all.map(({ atMs }) => atMs)));
      }),
    );
  });

  it('falls back to what trusted keys said, and never below the build', () => {
    const started = startTimeFloor(100);
    const far = raiseTimeFloor(started, 'ingest', { atMs: 9_999, keyIds: ['stolen'] });
    const both = raiseTimeFloor(far, 'director', { atMs: 500, keyIds: ['good'] });
    const after = forgetWitnesses(both, (_by, keyIds) => keyIds.includes('good'));
    expect(timeFloorMs(after)).toBe(500);
    expect(timeFloorMs(forgetWitnesses(after, () => false))).toBe(100);
  });
});
