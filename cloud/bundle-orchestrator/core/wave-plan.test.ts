import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyProgress, openIn, type Progress } from './rollout.ts';
import { type Gate, openGate } from './wave.ts';
import { judgeWave } from './wave-gate.ts';
import {
  planWaves,
  type WaveState,
  type WaveStep,
  type WavesKnown,
  waveDueAt,
} from './wave-plan.ts';

const hour = 3_600_000;
const now = Date.UTC(2026, 2, 14, 15, 0, 0);
const counts = (parts: Partial<Omit<Progress, 'total'>>): Progress => {
  const all = { ...emptyProgress, ...parts };
  return { ...all, total: Object.values(all).reduce((sum, part) => sum + part, 0) };
};
const strict: Gate = {
  succeededPercentMin: 80,
  failedPercentMax: 10,
  failedSampleMin: 5,
  soakMs: hour,
  approval: 'none',
  unreached: { rule: 'wait' },
  healthScoreMin: null,
  alertFreeFrom: null,
  timeoutMs: null,
};
const judge = (parts: Partial<Omit<Progress, 'total'>>, gate: Partial<Gate> = {}, atMs = now) =>
  judgeWave({ ...strict, ...gate }, counts(parts), { openedAtMs: now, acceptedFailed: 0 }, atMs);

describe('a gate', () => {
  it('is good when enough confirmed', () => {
    expect(judge({ succeeded: 8, pending: 2 })).toEqual({ kind: 'good' });
    expect(judge({ succeeded: 7, pending: 3 })).toEqual({ kind: 'missing', confirms: 1 });
    expect(judge({})).toEqual({ kind: 'good' });
  });

  it('judges failures by a sample, and by the whole wave where that is smaller', () => {
    expect(judge({ succeeded: 3, failed: 1, pending: 6 })).toMatchObject({ kind: 'missing' });
    expect(judge({ succeeded: 4, failed: 1, pending: 5 })).toEqual({
      kind: 'bad',
      failed: 1,
      finished: 5,
    });
    expect(judge({ failed: 1 })).toMatchObject({ kind: 'bad' });
    expect(judge({ succeeded: 9, failed: 1 })).toEqual({ kind: 'good' });
  });

  it('says when it can’t become good any more', () => {
    const lenient = { failedPercentMax: 100 };
    expect(judge({ succeeded: 7, failed: 3 }, lenient)).toEqual({
      kind: 'short',
      succeeded: 7,
      needed: 8,
    });
  });

  it('is never passed by silence', () => {
    for (const atMs of [now, now + 24 * hour, now + 365 * 24 * hour]) {
      expect(judge({ succeeded: 7, unreached: 3 }, {}, atMs)).toMatchObject({ kind: 'missing' });
      expect(judge({ unreached: 10 }, {}, atMs)).toMatchObject({ kind: 'missing' });
    }
  });

  const goOn = { unreached: { rule: 'go-on', afterMs: hour, reachedPercentMin: 50 } } as const;

  it('leaves the unreached out only where it says so, after its time, and with enough reached', () => {
    expect(judge({ succeeded: 6, unreached: 4 }, goOn)).toMatchObject({ kind: 'missing' });
    expect(judge({ succeeded: 6, unreached: 4 }, goOn, now + hour)).toEqual({ kind: 'good' });
    expect(judge({ succeeded: 4, unreached: 6 }, goOn, now + hour)).toEqual({
      kind: 'too-few-reached',
      reached: 4,
      reachedMin: 5,
    });
    expect(judge({ succeeded: 4, inProgress: 2, unreached: 4 }, goOn, now + hour)).toEqual({
      kind: 'missing',
      confirms: 1,
    });
    const lenient = { ...goOn, failedPercentMax: 100 };
    expect(judge({ succeeded: 3, failed: 3, unreached: 4 }, lenient, now + hour)).toMatchObject({
      kind: 'short',
    });
    const none = { unreached: { rule: 'go-on', afterMs: 0, reachedPercentMin: 0 } } as const;
    expect(judge({ unreached: 10 }, none)).toMatchObject({ kind: 'too-few-reached' });
  });
});

const wave = (index: number, more: Partial<WaveState> = {}): WaveState => ({
  wave: index,
  name: `w${index}`,
  gate: strict,
  state: 'waiting',
  openedAtMs: null,
  goodSinceMs: null,
  approvals: [],
  acceptedFailed: 0,
  counts: counts({ planned: 10 }),
  evidence: null,
  ...more,
});
const known = (waves: WaveState[], more: Partial<WavesKnown['rollout']> = {}): WavesKnown => ({
  rollout: {
    status: 'in-progress',
    requestedBy: 'user:ada',
    approvalByAnother: false,
    startAtMs: null,
    onFailure: 'pause',
    ...more,
  },
  waves,
});
const open = (more: Partial<WaveState> = {}): WaveState =>
  wave(0, { state: 'open', openedAtMs: now - hour, ...more });

describe('waves', () => {
  it('are opened one after the other', () => {
    expect(planWaves(known([wave(0), wave(1)]), now).steps).toEqual([
      { kind: 'open-wave', wave: 0 },
    ]);
    const passed = wave(0, { state: 'passed', counts: counts({ succeeded: 10 }) });
    expect(planWaves(known([passed, wave(1)]), now).steps).toEqual([
      { kind: 'open-wave', wave: 1 },
    ]);
  });

  it('soak from when they are good, anew when they no longer are', () => {
    const good = open({ counts: counts({ succeeded: 9, pending: 1 }) });
    const plan = planWaves(known([good, wave(1)]), now);
    expect(plan.steps).toEqual([{ kind: 'good-since', wave: 0, sinceMs: now }]);
    expect(plan.waiting).toMatchObject({ kind: 'soak', endsAtMs: now + hour });
    const soaked = { ...good, goodSinceMs: now - hour };
    expect(planWaves(known([soaked, wave(1)]), now).steps).toEqual([
      { kind: 'pass-wave', wave: 0 },
      { kind: 'open-wave', wave: 1 },
    ]);
    const worse = open({ goodSinceMs: now - 60_000, counts: counts({ succeeded: 7, pending: 3 }) });
    expect(planWaves(known([worse, wave(1)]), now).steps).toEqual([
      { kind: 'good-since', wave: 0, sinceMs: null },
    ]);
  });

  it('wait for somebody, or for somebody else', () => {
    const at = { goodSinceMs: now - 2 * hour, counts: counts({ succeeded: 10 }) };
    const asked = (approval: Gate['approval'], approvals: string[], approvalByAnother = false) =>
      planWaves(
        known([open({ ...at, gate: { ...strict, approval }, approvals }), wave(1)], {
          approvalByAnother,
        }),
        now,
      ).steps;
    expect(asked('any-person', [])).toEqual([]);
    expect(asked('any-person', ['user:ada'])).toHaveLength(2);
    expect(asked('another-person', ['user:ada'])).toEqual([]);
    expect(asked('another-person', ['user:ada', 'user:bob'])).toHaveLength(2);
    // A program's word is that of whoever made its account.
    expect(asked('another-person', ['user:ada via service-account:ci'])).toEqual([]);
    expect(asked('another-person', ['user:bob via service-account:ci'])).toHaveLength(2);
    // A tenant may ask that each approval is another person's; it asks for none where a gate does not.
    expect(asked('any-person', ['user:ada'], true)).toEqual([]);
    expect(asked('any-person', ['user:bob'], true)).toHaveLength(2);
    expect(asked('none', [], true)).toHaveLength(2);
  });

  it('stop the rollout when they are bad, also after they were passed', () => {
    const bad = { counts: counts({ succeeded: 4, failed: 2, pending: 4 }) };
    for (const state of ['open', 'passed'] as const) {
      const [step, ...more] = planWaves(known([open({ ...bad, state }), wave(1)]), now).steps;
      expect(step).toMatchObject({ kind: 'pause', wave: 0 });
      expect(step?.kind === 'pause' && step.reason).toBe(
        'In wave w0, 2 of 6 devices that finished failed (33 %; at most 10 % may).',
      );
      expect(more).toEqual([]);
    }
    const rolled = planWaves(known([open(bad)], { onFailure: 'roll-back' }), now);
    expect(rolled.steps).toMatchObject([{ kind: 'roll-back' }]);
  });

  it('go on with the failures that a person let pass, and stop at the next one too many', () => {
    const bad = open({
      counts: counts({ succeeded: 4, failed: 2, pending: 4 }),
      acceptedFailed: 2,
    });
    const lenient = { ...bad, gate: { ...strict, succeededPercentMin: 50 } };
    expect(planWaves(known([lenient, wave(1)]), now).steps).toEqual([]);
    const worse = { ...lenient, counts: counts({ succeeded: 4, failed: 3, pending: 3 }) };
    expect(planWaves(known([worse, wave(1)]), now).steps).toMatchObject([{ kind: 'pause' }]);
  });

  it('stop the rollout when they are not good in time, which a person gives them anew', () => {
    const gate = { ...strict, timeoutMs: 4 * hour };
    const some = open({ gate, counts: counts({ succeeded: 7, pending: 3 }) });
    const early = planWaves(known([some, wave(1)]), now);
    expect(early.steps).toEqual([]);
    expect(waveDueAt(early.waiting, now)).toBe(now + 3 * hour);
    const ofLate = (more: Partial<WaveState>) =>
      planWaves(known([{ ...some, openedAtMs: now - 4 * hour, ...more }, wave(1)]), now).steps;
    expect(ofLate({})).toEqual([
      {
        ...{ kind: 'pause', wave: 0 },
        reason: 'Wave w0 was not good within 4 h: 7 of 10 devices confirmed.',
      },
    ]);
    expect(ofLate({ timedFromMs: now - hour })).toEqual([]);
    // A soak may take longer.
    const soaking = { goodSinceMs: now - 60_000, counts: counts({ succeeded: 9, pending: 1 }) };
    expect(ofLate(soaking)).toEqual([]);
  });

  it('that are empty are passed at once', () => {
    const empty = wave(0, { counts: emptyProgress, gate: { ...strict, soakMs: 0 } });
    expect(planWaves(known([empty, wave(1)]), now).steps).toMatchObject([
      { kind: 'open-wave', wave: 0 },
      { kind: 'good-since', wave: 0 },
      { kind: 'pass-wave', wave: 0 },
      { kind: 'open-wave', wave: 1 },
    ]);
  });

  it('begin when it is time', () => {
    const later = known([wave(0)], { status: 'scheduled', startAtMs: now + 1 });
    expect(planWaves(later, now)).toEqual({
      steps: [],
      waiting: { kind: 'start', atMs: now + 1 },
    });
    expect(planWaves(later, now + 1).steps).toEqual([
      { kind: 'begin' },
      { kind: 'open-wave', wave: 0 },
    ]);
  });
});

describe('a rollout that goes back', () => {
  it('is over when nobody runs the version any more or is about to', () => {
    const back = (parts: Partial<Omit<Progress, 'total'>>) =>
      planWaves(known([open({ counts: counts(parts) })], { status: 'rolling-back' }), now).steps;
    expect(back({ succeeded: 1, rolledBack: 1 })).toEqual([]);
    expect(back({ rollingBack: 1, rolledBack: 1 })).toEqual([]);
    expect(back({ unreached: 1, rolledBack: 1 })).toEqual([]);
    expect(back({ rolledBack: 1, failed: 1, cancelled: 1 })).toEqual([
      { kind: 'complete', status: 'rolled-back' },
    ]);
  });
});

describe('a rollout without gates', () => {
  const simple = (parts: Partial<Omit<Progress, 'total'>>) =>
    planWaves(
      known([wave(0, { gate: openGate, state: 'passed', openedAtMs: now, counts: counts(parts) })]),
      now,
    ).steps;

  it('is complete when nothing is left to do, and then says how it went', () => {
    expect(simple({ succeeded: 2 })).toEqual([{ kind: 'complete', status: 'succeeded' }]);
    expect(simple({ succeeded: 1, failed: 1 })).toEqual([{ kind: 'complete', status: 'failed' }]);
    expect(simple({ succeeded: 1, cancelled: 1 })).toMatchObject([{ status: 'succeeded' }]);
    expect(simple({ cancelled: 1 })).toEqual([{ kind: 'complete', status: 'cancelled' }]);
  });

  it('never by silence', () => {
    expect(simple({ succeeded: 1, unreached: 1 })).toEqual([]);
    expect(simple({ succeeded: 1, planned: 1 })).toEqual([]);
  });
});

/** The model: how many devices of each wave do what, in which order, seen at which pace. */
const device = fc.record({ fate: fc.constantFrom('good', 'bad', 'silent'), afterMs: fc.nat(48) });
const story = fc.record({
  waves: fc.array(fc.array(device, { maxLength: 8 }), { minLength: 1, maxLength: 4 }),
  gate: fc.record<Gate>({
    succeededPercentMin: fc.integer({ min: 0, max: 100 }),
    failedPercentMax: fc.integer({ min: 0, max: 100 }),
    failedSampleMin: fc.integer({ min: 1, max: 5 }),
    soakMs: fc.constantFrom(0, hour, 6 * hour),
    approval: fc.constant('none'),
    unreached: fc.oneof(
      fc.constant({ rule: 'wait' as const }),
      fc.record({
        rule: fc.constant('go-on' as const),
        afterMs: fc.constantFrom(hour, 24 * hour),
        reachedPercentMin: fc.integer({ min: 0, max: 100 }),
      }),
    ),
    healthScoreMin: fc.constant(null),
    alertFreeFrom: fc.constant(null),
    timeoutMs: fc.constantFrom(null, null, 12 * hour, 36 * hour),
  }),
  onFailure: fc.constantFrom('pause' as const, 'roll-back' as const),
});

type Story = {
  waves: { fate: string; afterMs: number }[][];
  gate: Gate;
  onFailure: 'pause' | 'roll-back';
};

/** Runs the story hour by hour, checking every step against what may be. */
const run = ({ waves: fates, gate, onFailure }: Story): { status: string; waves: WaveState[] } => {
  let status: WavesKnown['rollout']['status'] = 'in-progress';
  let waves = fates.map((devices, index) =>
    wave(index, { gate, counts: counts({ planned: devices.length }) }),
  );
  const seen = (index: number, atMs: number): Progress => {
    const one = waves[index];
    const devices = fates[index] ?? [];
    if (one === undefined || one.openedAtMs === null) return counts({ planned: devices.length });
    const { openedAtMs } = one;
    const is = (fate: string): number =>
      devices.filter((each) => each.fate === fate && atMs - openedAtMs >= each.afterMs * hour)
        .length;
    const [succeeded, failed] = [is('good'), is('bad')];
    const unreached = devices.filter(({ fate }) => fate === 'silent').length;
    return counts({
      succeeded,
      failed,
      unreached,
      pending: devices.length - succeeded - failed - unreached,
    });
  };
  const take = (step: WaveStep, atMs: number): void => {
    const change = (index: number, to: Partial<WaveState>): void => {
      waves = waves.map((old) => (old.wave === index ? { ...old, ...to } : old));
    };
    switch (step.kind) {
      case 'open-wave':
        // Never before every wave ahead of it was passed.
        expect(waves.slice(0, step.wave).every(({ state }) => state === 'passed')).toBe(true);
        expect(waves[step.wave]?.state).toBe('waiting');
        change(step.wave, { state: 'open', openedAtMs: atMs });
        return;
      case 'good-since':
        change(step.wave, { goodSinceMs: step.sinceMs });
        return;
      case 'pass-wave': {
        const passed = waves[step.wave] as WaveState;
        const { succeeded, total, unreached } = seen(step.wave, atMs);
        const counted = gate.unreached.rule === 'go-on' ? total - unreached : total;
        // By confirmations alone, held through the soak.
        expect(succeeded).toBeGreaterThanOrEqual(
          Math.ceil((counted * gate.succeededPercentMin) / 100),
        );
        expect(atMs - (passed.goodSinceMs ?? Number.NaN)).toBeGreaterThanOrEqual(gate.soakMs);
        change(step.wave, { state: 'passed' });
        return;
      }
      case 'pause':
        expect(onFailure).toBe('pause');
        status = 'paused';
        return;
      case 'roll-back':
        expect(onFailure).toBe('roll-back');
        status = 'rolling-back';
        return;
      case 'complete':
        expect(waves.every((_, index) => openIn(seen(index, atMs)) === 0)).toBe(true);
        status = step.status;
        return;
      case 'begin':
        throw new Error('it had begun');
    }
  };
  for (let atMs = now; atMs < now + 12 * 24 * hour && status === 'in-progress'; atMs += hour) {
    // Told at most once more by what this hour itself changed.
    for (let again = 0; again < 2 && status === 'in-progress'; again += 1) {
      const looked = waves.map((one) => ({ ...one, counts: seen(one.wave, atMs) }));
      const { steps } = planWaves(known(looked, { status, onFailure }), atMs);
      for (const step of steps) take(step, atMs);
    }
    const looked = waves.map((one) => ({ ...one, counts: seen(one.wave, atMs) }));
    const settled = planWaves(known(looked, { status, onFailure }), atMs);
    if (status !== 'in-progress') break;
    // One whose time is over is good by then, or the rollout has stopped.
    for (const { state, openedAtMs, goodSinceMs } of waves)
      if (state === 'open' && gate.timeoutMs !== null && goodSinceMs === null)
        expect(atMs - (openedAtMs ?? atMs)).toBeLessThan(gate.timeoutMs);
    // A look without news opens nothing and passes nothing twice.
    expect(settled.steps.filter(({ kind }) => kind === 'begin')).toEqual([]);
  }
  return { status, waves };
};

describe('whatever the devices do', () => {
  it('waves open in order, pass by confirmations, and the rollout ends or says what it waits for', () => {
    fc.assert(
      fc.property(story, (one) => {
        const { status, waves } = run(one);
        const silent = one.waves.flat().some(({ fate }) => fate === 'silent');
        if (!silent) expect(status).not.toBe('in-progress');
        const bad = one.waves.flat().some(({ fate }) => fate === 'bad');
        if (!silent && !bad && one.gate.timeoutMs === null) {
          expect(['succeeded', 'cancelled']).toContain(status);
          expect(waves.every(({ state }) => state === 'passed')).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
