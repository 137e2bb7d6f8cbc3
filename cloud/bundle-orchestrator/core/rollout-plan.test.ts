import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countRows,
  emptyProgress,
  isFinal,
  type Progress,
  type RolloutFacts,
  type RolloutRow,
  type SlotReport,
  shownStatus,
} from './rollout.ts';
import { planRollout, type RolloutStep } from './rollout-plan.ts';

const now = Date.UTC(2026, 2, 14, 15, 9, 0);
const rollout: RolloutFacts = {
  id: 'r1',
  bundleId: 'b1',
  bundleName: 'web',
  version: '2.0.0',
  status: 'in-progress',
};

const row = (name: string, more: Partial<RolloutRow> = {}): RolloutRow => ({
  deviceId: name,
  name,
  status: 'pending',
  requestedGeneration: 5,
  device: 'present',
  presence: 'online',
  lastSeenAtMs: now,
  previousSlot: null,
  report: null,
  ...more,
});

const report = (status: SlotReport['status'], more: Partial<SlotReport> = {}): SlotReport => ({
  version: '2.0.0',
  rolloutId: 'r1',
  requestedGeneration: 5,
  status,
  reason: null,
  logTail: [],
  ...more,
});

const plan = (...rows: RolloutRow[]) => planRollout({ rollout, rows }, now);

describe('a report moves its row', () => {
  it.each([
    ['downloading', 'in-progress'],
    ['installing', 'in-progress'],
    ['verifying', 'in-progress'],
    ['running', 'succeeded'],
  ] as const)('%s → %s', (status, to) => {
    expect(plan(row('a', { report: report(status) }), row('b')).steps).toEqual([
      { kind: 'move', deviceId: 'a', to, reason: null, logTail: [] },
    ]);
  });

  it('to failed, with the reason and the last lines', () => {
    const failed = report('failed', { reason: 'probe: 500', logTail: ['boom'] });
    expect(plan(row('a', { report: failed }), row('b')).steps).toEqual([
      { kind: 'move', deviceId: 'a', to: 'failed', reason: 'probe: 500', logTail: ['boom'] },
    ]);
  });

  it.each([
    ['of another version', { version: '1.0.0' }],
    ['of another rollout', { rolloutId: 'r0' }],
    ['of no rollout', { rolloutId: null }],
    ['of an earlier attempt', { requestedGeneration: 4 }],
  ])('not when it is stale: %s', (_, stale) => {
    for (const status of ['running', 'failed'] as const) {
      expect(plan(row('a', { report: report(status, stale) })).steps).toEqual([]);
    }
  });

  it('never back, and never out of a final state', () => {
    const late = row('a', { status: 'in-progress', report: report('pending') });
    expect(plan(late).steps).toEqual([]);
    for (const status of ['succeeded', 'failed', 'cancelled'] as const) {
      for (const said of ['running', 'failed', 'downloading'] as const) {
        const final = row('a', { status, report: report(said) });
        expect(plan(final, row('b')).steps).toEqual([]);
      }
    }
  });

  it('not when the device is gone: then it is cancelled', () => {
    const gone = row('a', { device: 'gone', report: report('running') });
    expect(plan(gone, row('b')).steps).toMatchObject([{ to: 'cancelled' }]);
  });
});

describe('a rollout is complete', () => {
  const statuses = (...all: RolloutRow['status'][]) =>
    plan(...all.map((status, index) => row(`d${index}`, { status }))).steps;

  it('when nothing is left to do, and then says how it went', () => {
    expect(statuses('succeeded', 'succeeded')).toEqual([{ kind: 'complete', status: 'succeeded' }]);
    expect(statuses('succeeded', 'failed')).toEqual([{ kind: 'complete', status: 'failed' }]);
    expect(statuses('succeeded', 'cancelled')).toEqual([{ kind: 'complete', status: 'succeeded' }]);
    expect(statuses('cancelled')).toEqual([{ kind: 'complete', status: 'cancelled' }]);
  });

  it('never by silence', () => {
    const silent = row('b', { presence: 'offline', lastSeenAtMs: now - 30 * 86_400_000 });
    expect(plan(row('a', { status: 'succeeded' }), silent).steps).toEqual([]);
  });

  it('never while rows that were not looked at are open', () => {
    const others: Progress = { ...emptyProgress, total: 1, unreached: 1 };
    const known = { rollout, rows: [row('a', { report: report('running') })], others };
    expect(planRollout(known, now).steps).toMatchObject([{ kind: 'move', to: 'succeeded' }]);
  });

  it('only once', () => {
    const over = { ...rollout, status: 'cancelled' as const };
    const rows = [row('a', { report: report('running') })];
    expect(planRollout({ rollout: over, rows }, now)).toMatchObject({ steps: [], waiting: '' });
  });
});

describe('what it waits for, in words', () => {
  const done = [row('x', { status: 'succeeded' }), row('y', { status: 'succeeded' })];
  const seen = (hours: number, minutes: number): number =>
    Date.UTC(2026, 2, 14, hours, minutes, 31);

  it.each([
    [
      'one device that is away',
      [...done, row('gateway-2', { presence: 'offline', lastSeenAtMs: seen(14, 2) })],
      '2 of 3 confirmed; waiting for gateway-2, unreached since 14:02 UTC',
    ],
    [
      'one that is away since yesterday',
      [...done, row('gateway-2', { presence: 'offline', lastSeenAtMs: seen(14, 2) - 86_400_000 })],
      '2 of 3 confirmed; waiting for gateway-2, unreached for 25 h',
    ],
    [
      'one that is away for a week',
      [row('gateway-2', { presence: 'offline', lastSeenAtMs: now - 7 * 86_400_000 })],
      '0 of 1 confirmed; waiting for gateway-2, unreached for 7 days',
    ],
    [
      'one that never came',
      [row('gateway-9', { presence: 'never', lastSeenAtMs: null })],
      '0 of 1 confirmed; waiting for gateway-9, which has never connected',
    ],
    [
      'devices at work, the unreached first',
      [
        row('a'),
        row('b', { status: 'in-progress' }),
        row('c', { presence: 'offline', lastSeenAtMs: seen(9, 5) }),
      ],
      '0 of 3 confirmed; waiting for c, unreached since 09:05 UTC; a to begin; b to finish',
    ],
    [
      'many, of which it names three',
      ['a', 'b', 'c', 'd', 'e'].map((name) => row(name)),
      '0 of 5 confirmed; waiting for a to begin; b to begin; c to begin; 2 more',
    ],
    [
      'others beside failed ones',
      [...done, row('bad', { status: 'failed' }), row('a', { status: 'in-progress' })],
      '2 of 4 confirmed, 1 failed; waiting for a to finish',
    ],
    ['nothing', done, ''],
  ])('%s', (_, rows, sentence) => {
    expect(plan(...rows).waiting).toBe(sentence);
  });
});

const reported = fc.constantFrom<SlotReport['status']>(
  'pending',
  'downloading',
  'installing',
  'verifying',
  'running',
  'failed',
  'removed',
);
/** What can happen to a rollout of three devices, in any order and as often as it likes. */
const happening = fc.oneof(
  fc.record({
    kind: fc.constant('report' as const),
    device: fc.nat(2),
    status: reported,
    generation: fc.constantFrom(5, 6, 7),
    rolloutId: fc.constantFrom('r1', 'r0', null),
  }),
  fc.record({ kind: fc.constant('presence' as const), device: fc.nat(2), online: fc.boolean() }),
  fc.record({ kind: fc.constant('gone' as const), device: fc.nat(2) }),
  fc.record({ kind: fc.constant('retry' as const) }),
);

const apply = (rows: RolloutRow[], steps: readonly RolloutStep[]): RolloutRow[] =>
  rows.map((one) => {
    const step = steps.find((step) => step.kind === 'move' && step.deviceId === one.deviceId);
    return step?.kind === 'move' ? { ...one, status: step.to } : one;
  });

describe('whatever happens in whatever order', () => {
  it('final rows stay, counts add up, and it completes exactly when all rows are final', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
        let rows = [row('d0'), row('d1'), row('d2')];
        let facts = rollout;
        for (const one of happenings) {
          const change = (index: number, to: Partial<RolloutRow>): void => {
            rows = rows.map((old, place) => (place === index ? { ...old, ...to } : old));
          };
          if (one.kind === 'report') {
            const { status, rolloutId, generation } = one;
            const body = report(status, { rolloutId, requestedGeneration: generation });
            change(one.device, { report: body });
          } else if (one.kind === 'presence') {
            change(one.device, { presence: one.online ? 'online' : 'offline' });
          } else if (one.kind === 'gone') change(one.device, { device: 'gone' });
          else if (rows.some(({ status }) => status === 'failed')) {
            rows = rows.map((old) =>
              old.status === 'failed'
                ? { ...old, status: 'pending', requestedGeneration: old.requestedGeneration + 1 }
                : old,
            );
            facts = rollout;
          }
          const before = rows;
          const { steps, progress, waiting } = planRollout({ rollout: facts, rows }, now);
          rows = apply(rows, steps);
          for (const [index, old] of before.entries()) {
            const present = rows[index];
            if (isFinal(old.status)) expect(present?.status).toBe(old.status);
            if (present?.status !== 'succeeded' || old.status === 'succeeded') continue;
            // Success is only ever what the device said of exactly this attempt.
            expect(old.report).toEqual(
              report('running', { requestedGeneration: old.requestedGeneration }),
            );
          }
          const { total, ...parts } = progress;
          expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(total);
          expect(progress).toEqual(countRows(rows));
          const open = rows.filter(({ status }) => !isFinal(status));
          const complete = steps.find((step) => step.kind === 'complete');
          expect(complete !== undefined).toBe(facts.status === 'in-progress' && open.length === 0);
          expect(waiting === '').toBe(open.length === 0 || facts.status !== 'in-progress');
          if (complete?.kind === 'complete') facts = { ...facts, status: complete.status };
          // Planning again with nothing new changes nothing.
          expect(planRollout({ rollout: facts, rows }, now).steps).toEqual([]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('looking at one row at a time ends where looking at all of them does', () => {
    fc.assert(
      fc.property(fc.array(reported, { minLength: 1, maxLength: 6 }), (said) => {
        const rows = said.map((status, index) => row(`d${index}`, { report: report(status) }));
        const whole = planRollout({ rollout, rows }, now);
        let present = rows;
        let completed: RolloutStep | undefined;
        for (const one of rows) {
          const others = countRows(present.filter(({ deviceId }) => deviceId !== one.deviceId));
          const { steps } = planRollout({ rollout, rows: [one], others }, now);
          present = apply(present, steps);
          completed ??= steps.find((step) => step.kind === 'complete');
        }
        expect(present).toEqual(apply(rows, whole.steps));
        expect(completed).toEqual(whole.steps.find((step) => step.kind === 'complete'));
      }),
    );
  });

  it('an unreached row is shown apart and is otherwise what it was', () => {
    expect(shownStatus({ status: 'in-progress', presence: 'offline' })).toBe('unreached');
    expect(shownStatus({ status: 'pending', presence: 'never' })).toBe('unreached');
    expect(shownStatus({ status: 'failed', presence: 'offline' })).toBe('failed');
  });
});
