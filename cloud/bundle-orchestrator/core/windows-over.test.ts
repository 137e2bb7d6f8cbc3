/** Who is named other windows, who is let be, and who is looked at later. */
import type { Slot } from '@signalbeam/sync/core/manifest';
import { expect, it } from 'vitest';
import { isOverAt, lookAtWindows, type StateHeard, windowsDueAtMs } from './windows-over.ts';

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const now = 1_000 * day;
/** In hours from now. */
const slot = (bundleId: string, windows?: [number, number][]): Slot => ({
  ...{ bundleId, bundleName: bundleId, version: '1.0.0', releaseDigest: 'sha256:0' },
  ...{ rolloutId: 'r', requestedGeneration: 3 },
  ...(windows === undefined
    ? {}
    : {
        windows: windows.map(([from, to]): [number, number] => [
          (now + from * hour) / 1_000,
          (now + to * hour) / 1_000,
        ]),
      }),
});
const past: [number, number][] = [
  [-50, -49],
  [-26, -25],
];
const state = (more: Partial<StateHeard>): StateHeard => ({
  ...{ isAnew: false, generation: 5, issuedAtMs: now - 2 * day, slots: [slot('web', past)] },
  ...{ reportedGeneration: 5, reports: [{ bundleId: 'web', status: 'pending' }] },
  ...more,
});

it('who waits for windows that are over is named others', () => {
  for (const status of ['pending', 'downloading', 'installing', 'verifying'] as const) {
    const look = lookAtWindows(state({ reports: [{ bundleId: 'web', status }] }), now);
    expect(look, status).toEqual({ kind: 'name', bundleIds: ['web'] });
  }
});

it('who runs it, failed or removed it needs none', () => {
  for (const status of ['running', 'failed', 'removed'] as const) {
    const look = lookAtWindows(state({ reports: [{ bundleId: 'web', status }] }), now);
    expect(look, status).toEqual({ kind: 'wait', dueAtMs: null });
  }
});

it('who has not heard of its state is looked at again, the later the longer it is silent', () => {
  const dueIn = (silentMs: number) => {
    const look = lookAtWindows(
      state({ reportedGeneration: 4, issuedAtMs: now - silentMs, reports: [] }),
      now,
    );
    return look.kind === 'wait' && look.dueAtMs !== null ? look.dueAtMs - now : look;
  };
  expect(dueIn(minute)).toBe(10 * minute);
  expect(dueIn(2 * day)).toBe(6 * hour);
  expect(dueIn(400 * day)).toBe(day);
});

it('a window to come, or none, is no reason', () => {
  const next: [number, number][] = [...past, [3, 4]];
  expect(lookAtWindows(state({ slots: [slot('web', next)] }), now)).toEqual({
    ...{ kind: 'wait', dueAtMs: now + 4 * hour },
  });
  expect(lookAtWindows(state({ slots: [slot('web')] }), now)).toEqual({
    ...{ kind: 'wait', dueAtMs: null },
  });
  expect(windowsDueAtMs([slot('web')])).toBe(null);
});

it('what a person decided counts for windows to come, heard of or not, and for nothing else', () => {
  const slots = [slot('web', [[3, 4]]), slot('free')];
  const anew = state({ isAnew: true, slots, reportedGeneration: 0, reports: [] });
  expect(lookAtWindows(anew, now)).toEqual({ kind: 'name', bundleIds: ['web'] });
  expect(lookAtWindows({ ...anew, slots: [slot('free')] }, now)).toEqual({
    ...{ kind: 'wait', dueAtMs: null },
  });
});

it('each bundle has its own', () => {
  const slots = [slot('web', past), slot('db', past), slot('edge', [[1, 2]]), slot('free')];
  expect(windowsDueAtMs(slots)).toBe(now - 25 * hour);
  expect(slots.filter(isOverAt(now)).map(({ bundleId }) => bundleId)).toEqual(['web', 'db']);
  const reports = [
    { bundleId: 'web', status: 'running' },
    { bundleId: 'db', status: 'pending' },
    { bundleId: 'edge', status: 'pending' },
  ] as const;
  expect(lookAtWindows(state({ slots, reports }), now)).toEqual({
    kind: 'name',
    bundleIds: ['db'],
  });
});
