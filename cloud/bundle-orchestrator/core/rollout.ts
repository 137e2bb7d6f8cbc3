/**
 * A rollout and its devices: which states a device's row may go through, and how they are counted.
 * `planned → pending → in-progress → succeeded | failed | cancelled`, where a planned device was not
 * told yet; a pause takes `pending` back to `planned`, a retry leaves `failed`, and rolling back goes
 * over `rolling-back` to `rolled-back`. No report ever leaves another final state. *Unreached* is not
 * a state but how a row is shown that waits for its device while nothing is heard of it. Pure.
 */
import type { Slot } from '@signalbeam/sync/core/manifest';

export const rowStatuses = [
  'planned',
  'pending',
  'in-progress',
  'succeeded',
  'failed',
  'cancelled',
  'rolling-back',
  'rolled-back',
] as const;
export type RowStatus = (typeof rowStatuses)[number];

export const rolloutStatuses = [
  'scheduled',
  'in-progress',
  'paused',
  'rolling-back',
  'succeeded',
  'failed',
  'cancelled',
  'rolled-back',
] as const;
export type RolloutStatus = (typeof rolloutStatuses)[number];

/** Rollouts that something may still happen to. */
export const isOver = (status: RolloutStatus): boolean =>
  status === 'succeeded' ||
  status === 'failed' ||
  status === 'cancelled' ||
  status === 'rolled-back';

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
  /** How often it was told again after it failed. */
  retryCount: number;
  /** Until when it is to have finished, or from when on it may be told again; null: nothing is due. */
  dueAtMs: number | null;
  /** `gone`: deleted, or no longer approved. */
  device: 'present' | 'gone';
  presence: 'online' | 'offline' | 'never';
  lastSeenAtMs: number | null;
  previousSlot: Slot | null;
  /** The generation that the newest report speaks of; 0 when there is none. */
  reportedGeneration: number;
  report: SlotReport | null;
};

export type Progress = {
  total: number;
  /** Not told yet: its wave has not begun, or another rollout of the bundle is at work there. */
  planned: number;
  pending: number;
  inProgress: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  rollingBack: number;
  rolledBack: number;
  unreached: number;
};

/** Rows that wait for their device to say something. */
export const isAwaited = (status: RowStatus): boolean =>
  status === 'pending' || status === 'in-progress' || status === 'rolling-back';

export const isFinal = (status: RowStatus): boolean => status !== 'planned' && !isAwaited(status);

/** Nothing is heard of its device: it is neither success nor failure. */
export const isUnreached = (row: Pick<RolloutRow, 'status' | 'presence'>): boolean =>
  isAwaited(row.status) && row.presence !== 'online';

export const shownStatus = (
  row: Pick<RolloutRow, 'status' | 'presence'>,
): RowStatus | 'unreached' => (isUnreached(row) ? 'unreached' : row.status);

export const emptyProgress: Progress = {
  total: 0,
  planned: 0,
  pending: 0,
  inProgress: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  rollingBack: 0,
  rolledBack: 0,
  unreached: 0,
};

const counterOf = (status: RowStatus | 'unreached'): Exclude<keyof Progress, 'total'> => {
  switch (status) {
    case 'in-progress':
      return 'inProgress';
    case 'rolling-back':
      return 'rollingBack';
    case 'rolled-back':
      return 'rolledBack';
    default:
      return status;
  }
};

export const addProgress = (left: Progress, right: Progress, times = 1): Progress => {
  const sum = { ...left };
  for (const key of Object.keys(sum) as (keyof Progress)[]) sum[key] += right[key] * times;
  return sum;
};

/** Rows that are neither final nor taken out: what a rollout is not over without. */
export const openIn = (progress: Progress): number =>
  progress.planned +
  progress.pending +
  progress.inProgress +
  progress.rollingBack +
  progress.unreached;

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
