import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fixtureReport as report,
  fixtureRollout as rollout,
  fixtureRow as row,
} from './rollout.fixture.ts';
import { isFinal, type RolloutRow, type SlotReport, shownStatus } from './rollout.ts';
import { planRows, type RowMove } from './row-moves.ts';

const plan = (...rows: RolloutRow[]) => planRows(rollout, rows);

describe('a report moves its row', () => {
  it.each([
    ['downloading', 'in-progress'],
    ['installing', 'in-progress'],
    ['verifying', 'in-progress'],
    ['running', 'succeeded'],
  ] as const)('%s → %s', (status, to) => {
    expect(plan(row('a', { report: report(status) }), row('b'))).toEqual([
      { deviceId: 'a', to, reason: null, logTail: [] },
    ]);
  });

  it('to failed, with the reason and the last lines', () => {
    const failed = report('failed', { reason: 'probe: 500', logTail: ['boom'] });
    expect(plan(row('a', { report: failed }), row('b'))).toEqual([
      { deviceId: 'a', to: 'failed', reason: 'probe: 500', logTail: ['boom'] },
    ]);
  });

  it.each([
    ['of another version', { version: '1.0.0' }],
    ['of another rollout', { rolloutId: 'r0' }],
    ['of no rollout', { rolloutId: null }],
    ['of an earlier attempt', { requestedGeneration: 4 }],
  ])('not when it is stale: %s', (_, stale) => {
    for (const status of ['running', 'failed'] as const) {
      expect(plan(row('a', { report: report(status, stale) }))).toEqual([]);
    }
  });

  it('never back, and never out of a final state', () => {
    const late = row('a', { status: 'in-progress', report: report('pending') });
    expect(plan(late)).toEqual([]);
    for (const status of ['succeeded', 'failed', 'cancelled'] as const) {
      for (const said of ['running', 'failed', 'downloading'] as const) {
        const final = row('a', { status, report: report(said) });
        expect(plan(final, row('b'))).toEqual([]);
      }
    }
  });

  it('not when the device is gone: then it is cancelled', () => {
    const gone = row('a', { device: 'gone', report: report('running') });
    expect(plan(gone, row('b'))).toMatchObject([{ to: 'cancelled' }]);
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

const apply = (rows: RolloutRow[], moves: readonly RowMove[]): RolloutRow[] =>
  rows.map((one) => {
    const move = moves.find(({ deviceId }) => deviceId === one.deviceId);
    return move === undefined ? one : { ...one, status: move.to };
  });

describe('whatever happens in whatever order', () => {
  it('final rows stay, and success is only ever what the device said of exactly this attempt', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
        let rows = [row('d0'), row('d1'), row('d2')];
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
          else {
            rows = rows.map((old) =>
              old.status === 'failed'
                ? { ...old, status: 'pending', requestedGeneration: old.requestedGeneration + 1 }
                : old,
            );
          }
          const before = rows;
          rows = apply(rows, planRows(rollout, rows));
          for (const [index, old] of before.entries()) {
            const present = rows[index];
            if (isFinal(old.status)) expect(present?.status).toBe(old.status);
            if (present?.status !== 'succeeded' || old.status === 'succeeded') continue;
            expect(old.report).toEqual(
              report('running', { requestedGeneration: old.requestedGeneration }),
            );
          }
          // Planning again with nothing new changes nothing.
          expect(planRows(rollout, rows)).toEqual([]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('an unreached row is shown apart and is otherwise what it was', () => {
    expect(shownStatus({ status: 'in-progress', presence: 'offline' })).toBe('unreached');
    expect(shownStatus({ status: 'pending', presence: 'never' })).toBe('unreached');
    expect(shownStatus({ status: 'failed', presence: 'offline' })).toBe('failed');
    expect(shownStatus({ status: 'planned', presence: 'offline' })).toBe('planned');
  });
});

describe('going back', () => {
  const previousSlot = {
    bundleId: 'b1',
    bundleName: 'web',
    version: '1.0.0',
    releaseDigest: 'sha256:1',
    rolloutId: null,
    requestedGeneration: 3,
  } as unknown as RolloutRow['previousSlot'];
  const back = (more: Partial<RolloutRow>): RolloutRow =>
    row('a', { status: 'rolling-back', requestedGeneration: 7, previousSlot, ...more });
  const old = report('running', { version: '1.0.0', rolloutId: null, requestedGeneration: 3 });

  it('is done when the device runs what it had, and says so of the wish to go back', () => {
    expect(plan(back({ report: old, reportedGeneration: 6 }))).toEqual([]);
    expect(plan(back({ report: old, reportedGeneration: 7 }))).toMatchObject([
      { to: 'rolled-back' },
    ]);
    expect(plan(back({ report: report('running'), reportedGeneration: 7 }))).toEqual([]);
  });

  it('is done without the bundle where it was not before', () => {
    const fresh = back({ previousSlot: null });
    expect(plan({ ...fresh, report: null, reportedGeneration: 6 })).toEqual([]);
    expect(plan({ ...fresh, report: null, reportedGeneration: 7 })).toMatchObject([
      { to: 'rolled-back' },
    ]);
    expect(plan({ ...fresh, report: report('running'), reportedGeneration: 7 })).toEqual([]);
  });

  it('says so when the device can’t', () => {
    const failed = { ...old, status: 'failed' as const, reason: 'no space' };
    expect(plan(back({ report: failed, reportedGeneration: 7 }))).toMatchObject([
      { to: 'failed', reason: 'It could not go back: no space' },
    ]);
  });
});

describe('nothing moves', () => {
  it.each(['scheduled', 'cancelled', 'succeeded', 'failed', 'rolled-back'] as const)(
    'while the rollout is %s',
    (status) => {
      expect(planRows({ ...rollout, status }, [row('a', { report: report('running') })])).toEqual(
        [],
      );
    },
  );
});
