/**
 * A rollout and its devices: which states a device's row may go through, and how they are counted.
 * `pending → in-progress → succeeded | failed | cancelled`; only a retry leaves `failed`, and no
 * report ever leaves a final state. *Unreached* is not a state but how an unfinished row is shown
 * while nothing is heard of its device. Pure.
 */
import type { Slot } from '@signalbeam/sync/core/manifest';

export type RowStatus = 'pending' | 'in-progress' | 'succeeded' | 'failed' | 'cancelled';
export type RolloutStatus = 'in-progress' | 'succeeded' | 'failed' | 'cancelled';

export type RolloutFacts = {
  id: string;
  bundleId: string;
  bundleName: string;
  version: string;
  status: RolloutStatus;
};

/** What a device said of the rollout's bundle, in the newest report that we have. */
export type SlotReport = {
  version: string;
  rolloutId: string | null;
  requestedGeneration: number;
  status: 'pending' | 'downloading' | 'installing' | 'verifying' | 'running' | 'failed' | 'removed';
  reason: string | null;
  logTail: readonly string[];
};

export type RolloutRow = {
  deviceId: string;
  name: string;
  status: RowStatus;
  /** The generation that asked for it; a retry makes a newer one. */
  requestedGeneration: number;
  /** `gone`: deleted, or no longer approved. */
  device: 'present' | 'gone';
  presence: 'online' | 'offline' | 'never';
  lastSeenAtMs: number | null;
  previousSlot: Slot | null;
  report: SlotReport | null;
};

export type Progress = {
  total: number;
  pending: number;
  inProgress: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  unreached: number;
};

export const isFinal = (status: RowStatus): boolean =>
  status === 'succeeded' || status === 'failed' || status === 'cancelled';

/** Nothing is heard of its device: it is neither success nor failure. */
export const isUnreached = (row: Pick<RolloutRow, 'status' | 'presence'>): boolean =>
  !isFinal(row.status) && row.presence !== 'online';

export const shownStatus = (
  row: Pick<RolloutRow, 'status' | 'presence'>,
): RowStatus | 'unreached' => (isUnreached(row) ? 'unreached' : row.status);

export const emptyProgress: Progress = {
  total: 0,
  pending: 0,
  inProgress: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  unreached: 0,
};

const counterOf = (status: RowStatus | 'unreached'): Exclude<keyof Progress, 'total'> =>
  status === 'in-progress' ? 'inProgress' : status;

/** Adds rows to counts; every row is counted once, unreached ones apart from the others. */
export const countRows = (
  rows: readonly Pick<RolloutRow, 'status' | 'presence'>[],
  others: Progress = emptyProgress,
): Progress => {
  const progress = { ...others };
  for (const row of rows) {
    progress[counterOf(shownStatus(row))] += 1;
    progress.total += 1;
  }
  return progress;
};
