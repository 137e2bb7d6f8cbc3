import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyProgress, openIn, type Progress } from './rollout.ts';
import { hangsOnUnreached, isKept, withUnreached } from './unreached.ts';
import { type Gate, openGate } from './wave.ts';
import { judgeWave } from './wave-gate.ts';
import { lookAgainMs } from './wave-plan.ts';

const now = Date.UTC(2026, 2, 14, 15, 0, 0);
const some = fc.integer({ min: 0, max: 6 });
const counted = fc
  .record({ planned: some, pending: some, inProgress: some, succeeded: some, failed: some })
  .map((parts): Progress => {
    const all = { ...emptyProgress, ...parts };
    return { ...all, total: Object.values(all).reduce((sum, part) => sum + part, 0) };
  });
const gates = fc
  .record({
    succeededPercentMin: fc.integer({ min: 0, max: 100 }),
    failedPercentMax: fc.integer({ min: 0, max: 100 }),
    reachedPercentMin: fc.integer({ min: 0, max: 100 }),
  })
  .map(({ reachedPercentMin, ...asked }): Gate => {
    const unreached = { rule: 'go-on' as const, afterMs: 60_000, reachedPercentMin };
    return { ...openGate, ...asked, unreached };
  });

describe('those that are not heard of', () => {
  it('decide nothing where they are not asked for', () => {
    fc.assert(
      fc.property(counted, gates, fc.nat(), (counts, gate, devices) => {
        const wave = { gate, counts, state: 'open' as const, openedAtMs: now - 60_000 };
        const judge = (of: Progress) =>
          judgeWave(gate, of, { openedAtMs: wave.openedAtMs, acceptedFailed: 0 }, now);
        if (hangsOnUnreached({ ...wave, acceptedFailed: 0 }, now)) return;
        expect(judge(withUnreached(counts, devices))).toEqual(judge(counts));
      }),
    );
  });

  it('are not asked for before their time, nor where a gate waits for them', () => {
    const counts = { ...emptyProgress, pending: 2, total: 2 };
    const unreached = { rule: 'go-on', afterMs: 60_000, reachedPercentMin: 50 } as const;
    const gate: Gate = { ...openGate, succeededPercentMin: 100, unreached };
    const wave = { gate, counts, state: 'open' as const, acceptedFailed: 0 };
    expect(hangsOnUnreached({ ...wave, openedAtMs: now - 59_999 }, now)).toBe(false);
    expect(hangsOnUnreached({ ...wave, openedAtMs: now - 60_000 }, now)).toBe(true);
    const waits: Gate = { ...gate, unreached: { rule: 'wait' } };
    expect(hangsOnUnreached({ ...wave, gate: waits, openedAtMs: 0 }, now)).toBe(false);
    expect(hangsOnUnreached({ ...wave, state: 'passed', openedAtMs: 0 }, now)).toBe(false);
  });

  it('are among those that are waited for, and never more', () => {
    fc.assert(
      fc.property(counted, fc.nat({ max: 30 }), (counts, devices) => {
        const apart = withUnreached(counts, devices);
        expect(apart.unreached).toBe(Math.min(devices, counts.pending + counts.inProgress));
        expect(openIn(apart)).toBe(openIn(counts));
        expect(apart).toMatchObject({ planned: counts.planned, total: counts.total });
      }),
    );
  });

  it('are counted anew after a while', () => {
    expect(isKept(null, now)).toBe(false);
    expect(isKept({ devices: 1, atMs: now - lookAgainMs + 1 }, now)).toBe(true);
    expect(isKept({ devices: 1, atMs: now - lookAgainMs }, now)).toBe(false);
  });
});
