/**
 * A whole rollout under random verbs, reports and outages, in memory: the planner of waves and the
 * moves of rows together, driven as the loop drives them.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixtureNow, fixtureReport, fixtureRollout, fixtureRow } from './rollout.fixture.ts';
import {
  countRows,
  isAwaited,
  isFinal,
  isOver,
  type RolloutRow,
  type RolloutStatus,
} from './rollout.ts';
import { planRows } from './row-moves.ts';
import { type Gate, openGate } from './wave.ts';
import { planWaves, type WaveState, type WaveStep } from './wave-plan.ts';

/** `score`: what telemetry says since it confirmed. */
type Row = RolloutRow & { wave: number; told: number; score: number | null };
type Said = 'downloading' | 'running' | 'failed';
type Event =
  | { kind: 'report'; row: number; said: Said; stale: boolean }
  | { kind: 'presence'; row: number; presence: 'online' | 'offline' }
  | { kind: 'wait'; minutes: number }
  | { kind: 'gone'; row: number }
  | { kind: 'score'; row: number; score: number }
  | { kind: 'alerts'; wave: number; open: number }
  | {
      kind: 'verb';
      verb: 'pause' | 'resume' | 'approve' | 'advance' | 'cancel' | 'rollback' | 'retry';
    };

const perWave = 4;
const waveCount = 3;
const atRow = fc.nat(perWave * waveCount - 1);
const events = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('report' as const),
      row: atRow,
      said: fc.constantFrom<Said>(
        'downloading',
        'running',
        'running',
        'running',
        'running',
        'failed',
      ),
      stale: fc.integer({ max: 7, min: 0 }).map((one) => one === 0),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('presence' as const),
      row: atRow,
      presence: fc.constantFrom('online' as const, 'offline' as const, 'offline' as const),
    }),
  },
  fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 0, max: 90 }) }),
  fc.record({ kind: fc.constant('gone' as const), row: atRow }),
  fc.record({
    ...{ kind: fc.constant('score' as const), row: atRow },
    score: fc.constantFrom(60, 90, 90),
  }),
  fc.record({
    ...{ kind: fc.constant('alerts' as const), wave: fc.nat(waveCount - 1) },
    open: fc.constantFrom(0, 0, 2),
  }),
  fc.record({
    kind: fc.constant('verb' as const),
    verb: fc.constantFrom('pause', 'resume', 'approve', 'advance', 'cancel', 'rollback', 'retry'),
  }),
) as fc.Arbitrary<Event>;

const gates: fc.Arbitrary<Gate> = fc.record({
  succeededPercentMin: fc.constantFrom(50, 75, 100),
  failedPercentMax: fc.constantFrom(0, 25, 100),
  failedSampleMin: fc.integer({ min: 1, max: 4 }),
  soakMs: fc.constantFrom(0, 3_600_000),
  healthScoreMin: fc.constantFrom(null, null, 80),
  alertFreeFrom: fc.constantFrom(null, null, 'warning' as const),
  timeoutMs: fc.constant(null),
  approval: fc.constantFrom(
    'none' as const,
    'none' as const,
    'any-person' as const,
    'another-person' as const,
  ),
  unreached: fc.oneof(
    fc.constant({ rule: 'wait' as const }),
    fc.record({
      rule: fc.constant('go-on' as const),
      afterMs: fc.constantFrom(0, 3_600_000),
      reachedPercentMin: fc.constantFrom(25, 50),
    }),
  ),
});

const open = (gate: Gate, onFailure: 'pause' | 'roll-back') => {
  const rows = Array.from(
    { length: perWave * waveCount },
    (_, index): Row => ({
      ...fixtureRow(`d${index}`, {
        status: 'planned',
        reportedGeneration: 0,
        requestedGeneration: 0,
      }),
      wave: Math.floor(index / perWave),
      told: 0,
      score: null,
    }),
  );
  const waves = Array.from({ length: waveCount }, (_, index) => ({
    ...{ wave: index, name: `w${index}`, approvals: [] as string[], acceptedFailed: 0 },
    gate: index === waveCount - 1 ? openGate : gate,
    state: 'waiting' as WaveState['state'],
    openedAtMs: null as number | null,
    goodSinceMs: null as number | null,
    alerts: 0,
  }));
  let status: RolloutStatus = 'in-progress';
  let nowMs = fixtureNow;
  let generation = 0;

  const wellIn = (wave: number): number =>
    rows.filter((row) => row.wave === wave && row.status === 'succeeded' && (row.score ?? 0) >= 80)
      .length;
  const counted = (): WaveState[] =>
    waves.map((wave) => ({
      ...wave,
      counts: countRows(rows.filter((row) => row.wave === wave.wave)),
      evidence: {
        ...{ well: wellIn(wave.wave), unwell: 0, lacking: [], alerts: wave.alerts },
        ...{ alertIds: [], alertsEndedAtMs: null },
      },
    }));
  const known = () => ({
    rollout: {
      status,
      requestedBy: 'user:ada',
      approvalByAnother: false,
      startAtMs: null,
      onFailure,
    },
    waves: counted(),
  });

  /** Silence is neither: what passes has the confirmations that its gate asks for, of the reached. */
  const checkPass = (at: number): void => {
    const wave = counted()[at];
    if (wave === undefined) throw new Error('no such wave');
    const { counts } = wave;
    const size = counts.total - counts.cancelled - counts.rolledBack;
    const mayLeaveOut =
      gate.unreached.rule === 'go-on' &&
      nowMs - (wave.openedAtMs ?? nowMs) >= gate.unreached.afterMs;
    const of = mayLeaveOut ? size - counts.unreached : size;
    expect(counts.succeeded).toBeGreaterThanOrEqual(
      Math.ceil((of * wave.gate.succeededPercentMin) / 100),
    );
    if (size > 0 && wave.gate.succeededPercentMin > 0) expect(counts.succeeded).toBeGreaterThan(0);
    if (wave.gate.healthScoreMin !== null) {
      const least = Math.ceil((of * wave.gate.succeededPercentMin) / 100);
      expect(wellIn(wave.wave)).toBeGreaterThanOrEqual(least);
    }
    if (wave.gate.alertFreeFrom !== null) expect(waves[at]?.alerts).toBe(0);
    if (wave.gate.approval !== 'none') expect(wave.approvals.length).toBeGreaterThan(0);
    expect(waves.slice(0, at).every(({ state }) => state === 'passed')).toBe(true);
  };
  const take = (step: WaveStep): void => {
    const wave = 'wave' in step ? waves[step.wave] : undefined;
    if (step.kind === 'open-wave' && wave !== undefined) {
      Object.assign(wave, { state: 'open', openedAtMs: nowMs });
    } else if (step.kind === 'good-since' && wave !== undefined) wave.goodSinceMs = step.sinceMs;
    else if (step.kind === 'pass-wave' && wave !== undefined) {
      checkPass(step.wave);
      wave.state = 'passed';
    } else if (step.kind === 'pause') status = 'paused';
    else if (step.kind === 'roll-back') goBack();
    else if (step.kind === 'complete') {
      expect(rows.every((row) => isFinal(row.status))).toBe(true);
      if (step.status === 'rolled-back') {
        expect(rows.filter((row) => row.status === 'succeeded')).toEqual([]);
      }
      status = step.status;
    }
  };
  const goBack = (): void => {
    for (const row of rows) if (row.status === 'planned') row.status = 'cancelled';
    status = 'rolling-back';
  };
  /** Open waves are told, and those that go back; each row once for what its status asks of it. */
  const tell = (): void => {
    for (const row of rows) {
      const isOpen = waves[row.wave]?.state !== 'waiting';
      const isForward = status === 'in-progress' && row.status === 'planned' && isOpen;
      const isBack =
        status === 'rolling-back' && ['pending', 'in-progress', 'succeeded'].includes(row.status);
      if (!isForward && !isBack) continue;
      if (isForward) row.told += 1;
      generation += 1;
      row.requestedGeneration = generation;
      row.status = isForward ? 'pending' : 'rolling-back';
    }
  };
  const advance = (): void => {
    for (const { deviceId, to } of planRows({ ...fixtureRollout, status }, rows)) {
      const row = rows.find((one) => one.deviceId === deviceId);
      if (row !== undefined) row.status = to;
    }
    // As the loop does: step by step, until nothing is left to do now.
    for (let turn = 0; turn < 20; turn += 1) {
      const { steps } = planWaves(known(), nowMs);
      for (const step of steps) take(step);
      tell();
      if (steps.length === 0) break;
    }
    expect(planWaves(known(), nowMs).steps).toEqual([]);
  };
  const takeBack = (from: readonly string[], to: 'planned' | 'cancelled'): void => {
    for (const row of rows) {
      if (!from.includes(row.status)) continue;
      if (to === 'planned' && row.status === 'pending') row.told -= 1;
      row.status = to;
    }
  };
  const accept = (): void => {
    for (const wave of waves) wave.acceptedFailed = counted()[wave.wave]?.counts.failed ?? 0;
  };
  const verbs = {
    pause: () => {
      if (status !== 'in-progress') return;
      takeBack(['pending'], 'planned');
      status = 'paused';
    },
    resume: () => {
      if (status !== 'paused') return;
      accept();
      status = 'in-progress';
    },
    approve: () => {
      const { waiting } = planWaves(known(), nowMs);
      if (waiting.kind === 'approval') waves[waiting.wave.wave]?.approvals.push('user:bob');
    },
    advance: () => {
      const wave = waves.find(({ state }) => state === 'open');
      if (wave === undefined || (status !== 'in-progress' && status !== 'paused')) return;
      accept();
      status = 'in-progress';
      wave.state = 'passed';
    },
    cancel: () => {
      if (isOver(status) || status === 'rolling-back') return;
      takeBack(['planned', 'pending', 'in-progress'], 'cancelled');
      status = 'cancelled';
    },
    rollback: () => {
      if (status !== 'cancelled' && status !== 'rolled-back' && status !== 'rolling-back') goBack();
    },
    retry: () => {
      const isBack = ['cancelled', 'rolling-back', 'rolled-back'].includes(status);
      const failed = rows.filter((row) => row.status === 'failed' && row.device === 'present');
      if (isBack || failed.length === 0) return;
      for (const row of failed) Object.assign(row, { status: 'planned', told: row.told - 1 });
      status = 'in-progress';
    },
  };
  const say = (row: Row, said: Said, requestedGeneration: number): void => {
    row.reportedGeneration = requestedGeneration;
    const isGoingBack = row.status === 'rolling-back';
    row.score = null;
    row.report = isGoingBack ? null : fixtureReport(said, { requestedGeneration });
  };
  const happen = (event: Event): void => {
    const row = 'row' in event ? rows[event.row] : undefined;
    if (event.kind === 'wait') nowMs += event.minutes * 60_000;
    else if (event.kind === 'alerts')
      Object.assign(waves[event.wave] ?? {}, { alerts: event.open });
    else if (event.kind === 'verb') verbs[event.verb]();
    else if (row === undefined) throw new Error('no such row');
    else if (event.kind === 'presence') row.presence = event.presence;
    else if (event.kind === 'gone') row.device = 'gone';
    else if (event.kind === 'score') row.score = event.score;
    else say(row, event.said, row.requestedGeneration - (event.stale ? 1 : 0));
  };
  return {
    rows,
    waves,
    verbs,
    happen,
    advance,
    say,
    status: () => status,
    wait: (ms: number) => {
      nowMs += ms;
    },
  };
};

describe('a rollout, whatever is wished, reported and cut off', () => {
  it('passes no gate by silence, tells nobody twice, stays over, and can always end', () => {
    fc.assert(
      fc.property(
        gates,
        fc.constantFrom('pause' as const, 'roll-back' as const),
        fc.array(events, { maxLength: 60 }),
        (gate, onFailure, story) => {
          const rollout = open(gate, onFailure);
          rollout.advance();
          for (const event of story) {
            const before = rollout.rows.map(({ status }) => status);
            rollout.happen(event);
            rollout.advance();
            for (const [index, row] of rollout.rows.entries()) {
              // Once for each time that it was wanted: a retry and a pause take a telling back.
              expect(row.told).toBeLessThanOrEqual(1);
              if (event.kind === 'wait' && isFinal(before[index] ?? 'planned')) {
                expect([before[index], 'rolling-back', 'rolled-back', 'planned']).toContain(
                  row.status,
                );
              }
            }
          }
          // Everybody comes back and does well, and a person helps where one is asked for.
          for (let turn = 0; turn < 40 && !isOver(rollout.status()); turn += 1) {
            for (const row of rollout.rows) {
              row.presence = 'online';
              if (isAwaited(row.status)) rollout.say(row, 'running', row.requestedGeneration);
              row.score = 100;
            }
            for (const wave of rollout.waves) wave.alerts = 0;
            if (rollout.status() === 'paused') rollout.verbs.advance();
            if (rollout.status() === 'paused') rollout.verbs.resume();
            rollout.verbs.approve();
            rollout.advance();
            rollout.wait(3_600_000);
          }
          expect(isOver(rollout.status())).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });
});
