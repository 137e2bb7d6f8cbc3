import { describe, expect, it } from 'vitest';
import { emptyProgress } from './rollout.ts';
import { type Gate, openGate } from './wave.ts';
import type { Evidence } from './wave-evidence.ts';
import { planWaves, type WaveState, waveDueAt } from './wave-plan.ts';

const hour = 3_600_000;
const now = Date.UTC(2026, 2, 14, 15, 0, 0);
const strict = { ...openGate, succeededPercentMin: 80, soakMs: hour };
const rollout = {
  ...{
    status: 'in-progress' as const,
    requestedBy: 'user:ada',
    approvalByAnother: false,
    startAtMs: null,
  },
  onFailure: 'pause' as const,
};
const soaked: WaveState = {
  ...{ wave: 0, name: 'w0', gate: strict, state: 'open', openedAtMs: now - 2 * hour },
  ...{ goodSinceMs: now - hour, approvals: [], acceptedFailed: 0, evidence: null },
  counts: { ...emptyProgress, succeeded: 9, pending: 1, total: 10 },
};
const next: WaveState = {
  ...{ ...soaked, wave: 1, name: 'w1', state: 'waiting', goodSinceMs: null },
  counts: { ...emptyProgress, planned: 10, total: 10 },
};

const seen = (more: Partial<Evidence>): Evidence => ({
  ...{ well: 0, unwell: 0, lacking: [], alerts: 0, alertIds: [], alertsEndedAtMs: null },
  ...more,
});
const ask = (gate: Partial<Gate>, evidence: Evidence | null) =>
  planWaves({ rollout, waves: [{ ...soaked, gate: { ...strict, ...gate }, evidence }, next] }, now);
const again = { kind: 'good-since', wave: 0, sinceMs: null };

describe('waves whose gates ask how their devices are', () => {
  it('wait for the health score of as many devices as have to confirm, and soak anew', () => {
    const gate = { healthScoreMin: 80 };
    for (const [evidence, missing] of [
      [null, 8],
      [seen({ unwell: 9 }), 8],
      [seen({ well: 7, unwell: 2 }), 1],
    ] as const) {
      const { steps, waiting } = ask(gate, evidence);
      expect(steps).toEqual([again]);
      expect(waiting).toMatchObject({ kind: 'health', missing });
      expect(waveDueAt(waiting, now)).toBe(now + 30_000);
    }
    expect(ask(gate, seen({ well: 8, unwell: 1 })).steps).toHaveLength(2);
    expect(ask({}, seen({ unwell: 9, alerts: 3 })).steps).toHaveLength(2);
  });

  it('wait until alerts are resolved, and soak from then on', () => {
    const gate = { alertFreeFrom: 'warning' as const };
    expect(ask(gate, null).waiting).toMatchObject({ kind: 'alerts', open: 0 });
    const { steps, waiting } = ask(gate, seen({ alerts: 2 }));
    expect(steps).toEqual([again]);
    expect(waiting).toMatchObject({ kind: 'alerts', open: 2 });
    expect(ask(gate, seen({})).steps).toHaveLength(2);
    // One that came and went between two looks.
    const endedAtMs = now - hour / 2;
    const after = ask(gate, seen({ alertsEndedAtMs: endedAtMs }));
    expect(after.steps).toEqual([{ kind: 'good-since', wave: 0, sinceMs: endedAtMs }]);
    expect(after.waiting).toMatchObject({ kind: 'soak', endsAtMs: endedAtMs + hour });
    expect(waveDueAt(after.waiting, now)).toBe(now + 30_000);
  });
});
