import { describe, expect, it } from 'vitest';
import { freePace } from './pace.ts';
import { fixtureReport, fixtureRollout, fixtureRow, fixtureNow as now } from './rollout.fixture.ts';
import { planRows } from './row-moves.ts';
import { overdueReason, planClocks, planOverdue, retryAt, triesAgainBy } from './tries.ts';

const minute = 60_000;
const tries = {
  ...freePace,
  ...{ deviceTimeoutMs: 30 * minute, retriesMax: 3, retryAfterMs: 5 * minute },
};

describe('a device that failed', () => {
  const at = (tried: number, status: Parameters<typeof retryAt>[1]['status'] = 'in-progress') =>
    retryAt(tries, { status, tried }, now);

  it('tries again, twice as late each time, until it had all its tries', () => {
    expect([0, 1, 2].map((tried) => at(tried))).toEqual(
      [5, 10, 20].map((minutes) => now + minutes * minute),
    );
    expect(at(3)).toBeNull();
    const patient = { ...tries, retriesMax: 10, retryAfterMs: 12 * 60 * minute };
    expect(retryAt(patient, { status: 'in-progress', tried: 9 }, now)).toBe(now + 24 * 60 * minute);
  });

  it('does not where the rollout goes back, nor where nobody asked for it', () => {
    expect(at(0, 'rolling-back')).toBeNull();
    expect(at(0, 'paused')).not.toBeNull();
    expect(retryAt(freePace, { status: 'in-progress', tried: 0 }, now)).toBeNull();
  });

  it('is planned again, with why and when, and no failure is counted', () => {
    const rows = [
      fixtureRow('first', { report: fixtureReport('failed', { reason: 'no', logTail: ['x'] }) }),
      fixtureRow('third', { report: fixtureReport('failed', { reason: 'no' }), retryCount: 3 }),
    ];
    expect(planRows(fixtureRollout, rows, triesAgainBy(tries, fixtureRollout, now))).toEqual([
      {
        ...{ deviceId: 'first', to: 'planned', retryAtMs: now + 5 * minute, logTail: ['x'] },
        reason: 'It tries again 5 min after it failed (1 of 3): no',
      },
      { deviceId: 'third', to: 'failed', reason: 'no', logTail: [] },
    ]);
  });
});

describe('the time of a device', () => {
  const waiting = fixtureReport('pending', { reason: 'It starts when the window opens.' });

  it('does not run while it says that it waits, and begins anew when it goes on', () => {
    const clocksOf = (more: Parameters<typeof fixtureRow>[1]) =>
      planClocks(tries, fixtureRollout, [fixtureRow('one', more)], now);
    expect(clocksOf({ report: waiting, dueAtMs: now + 1 })).toEqual([
      { deviceId: 'one', dueAtMs: null },
    ]);
    expect(clocksOf({ report: waiting })).toEqual([]);
    expect(clocksOf({ report: fixtureReport('installing') })).toEqual([
      { deviceId: 'one', dueAtMs: now + 30 * minute },
    ]);
    // What it says again does not begin it anew, and what it said of another attempt nothing at all.
    expect(clocksOf({ report: fixtureReport('installing'), dueAtMs: now + 1 })).toEqual([]);
    expect(clocksOf({ report: fixtureReport('installing', { rolloutId: 'r0' }) })).toEqual([]);
    expect(clocksOf({ status: 'succeeded', report: fixtureReport('running') })).toEqual([]);
  });

  it('is over for who is heard of all the while, and never by silence', () => {
    const row = { status: 'in-progress', retryCount: 0 } as const;
    const rows = [
      { ...row, deviceId: 'stuck', onlineSinceMs: now - 30 * minute },
      { ...row, deviceId: 'back', onlineSinceMs: now - 10 * minute },
      { ...row, deviceId: 'away', onlineSinceMs: null },
    ];
    const { late, more } = planOverdue(30 * minute, rows, now);
    expect(late.map(({ deviceId }) => deviceId)).toEqual(['stuck']);
    expect(more).toEqual([
      { deviceId: 'back', dueAtMs: now + 20 * minute },
      { deviceId: 'away', dueAtMs: now + 30 * minute },
    ]);
    expect(overdueReason(row, 120 * minute)).toBe('It did not finish within 2 h.');
    expect(overdueReason({ status: 'pending' }, 30 * minute)).toContain(
      'did not begin within 30 min',
    );
  });
});
