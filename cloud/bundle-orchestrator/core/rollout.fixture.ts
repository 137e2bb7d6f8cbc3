/** A rollout and rows to decide about, for the tests. */
import type { RolloutFacts, RolloutRow, SlotReport } from './rollout.ts';

export const fixtureNow = Date.UTC(2026, 2, 14, 15, 9, 0);

export const fixtureRollout: RolloutFacts = {
  id: 'r1',
  bundleId: 'b1',
  bundleName: 'web',
  version: '2.0.0',
  status: 'in-progress',
};

export const fixtureRow = (name: string, more: Partial<RolloutRow> = {}): RolloutRow => ({
  deviceId: name,
  name,
  status: 'pending',
  requestedGeneration: 5,
  retryCount: 0,
  dueAtMs: null,
  device: 'present',
  presence: 'online',
  lastSeenAtMs: fixtureNow,
  previousSlot: null,
  reportedGeneration: 5,
  report: null,
  ...more,
});

export const fixtureReport = (
  status: SlotReport['status'],
  more: Partial<SlotReport> = {},
): SlotReport => ({
  version: '2.0.0',
  rolloutId: 'r1',
  requestedGeneration: 5,
  status,
  reason: null,
  logTail: [],
  ...more,
});
