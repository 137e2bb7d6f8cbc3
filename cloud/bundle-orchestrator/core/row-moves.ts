/**
 * What the devices' reports mean for a rollout's rows: `known → moves`. A stale report (another
 * version, rollout or attempt) moves nothing, and silence moves nothing either. What becomes of the
 * rollout as a whole is ./wave-plan.ts. Pure.
 */
import {
  isAwaited,
  isOver,
  type RolloutFacts,
  type RolloutRow,
  type RowStatus,
  type SlotReport,
} from './rollout.ts';

export type RowMove = {
  deviceId: string;
  to: RowStatus;
  reason: string | null;
  logTail: readonly string[];
  /** It failed, and is to be told again from then on. */
  retryAtMs?: number;
};

/** When one that failed is told again by itself, and what its row says until then; null: it stays failed. */
export type TriesAgain = (
  row: RolloutRow,
  reason: string,
) => Pick<RowMove, 'retryAtMs' | 'reason'> | null;
const never: TriesAgain = () => null;

/** Whether a report answers exactly what this row asked for. */
export const answers = (report: SlotReport, row: RolloutRow, rollout: RolloutFacts): boolean =>
  report.version === rollout.version &&
  report.rolloutId === rollout.id &&
  report.requestedGeneration === row.requestedGeneration;

const statusFrom = (report: SlotReport): RowStatus => {
  switch (report.status) {
    case 'running':
      return 'succeeded';
    case 'failed':
      return 'failed';
    case 'downloading':
    case 'installing':
    case 'verifying':
      return 'in-progress';
    case 'pending':
    case 'removed':
      return 'pending';
  }
};

const move = (
  row: RolloutRow,
  to: RowStatus,
  reason: string | null = null,
  logTail: readonly string[] = [],
): RowMove => ({ deviceId: row.deviceId, to, reason, logTail });

/** Still swapping, or about to. */
export const busyStates = ['pending', 'downloading', 'installing', 'verifying'] as const;

/** Whether a device that was given back, under this generation, what it had is done with that. */
export const isGivenBack = (
  generation: number,
  heard: { reportedGeneration: number; report: SlotReport | null },
): boolean =>
  heard.reportedGeneration >= generation &&
  !busyStates.some((status) => status === heard.report?.status);

/** A device has gone back when it says so of the generation that asked for it, or of a later one. */
const moveBack = (row: RolloutRow): RowMove | null => {
  const { previousSlot, report } = row;
  if (row.reportedGeneration < row.requestedGeneration) return null;
  if (previousSlot === null) {
    return report === null || report.status === 'removed' ? move(row, 'rolled-back') : null;
  }
  if (report === null || report.version !== previousSlot.version) return null;
  if (report.status === 'running') return move(row, 'rolled-back');
  if (report.status !== 'failed') return null;
  const said = report.reason ?? 'the device gave no reason';
  return move(row, 'failed', `It could not go back: ${said}`, report.logTail);
};

const moveForward = (
  row: RolloutRow,
  rollout: RolloutFacts,
  triesAgain: TriesAgain,
): RowMove | null => {
  if (row.report === null || !answers(row.report, row, rollout)) return null;
  const to = statusFrom(row.report);
  // A late report of an earlier stage does not take a row back.
  if (to === row.status || to === 'pending') return null;
  if (to !== 'failed') return move(row, to);
  const reason = row.report.reason ?? 'The device gave no reason.';
  const again = triesAgain(row, reason);
  const failed = move(row, to, reason, row.report.logTail);
  return again === null ? failed : { ...failed, to: 'planned', ...again };
};

const moveOf = (row: RolloutRow, rollout: RolloutFacts, triesAgain: TriesAgain): RowMove | null => {
  if (!isAwaited(row.status)) return null;
  if (row.device === 'gone') return move(row, 'cancelled', 'The device is no longer in the fleet.');
  return row.status === 'rolling-back' ? moveBack(row) : moveForward(row, rollout, triesAgain);
};

/** The rows that move. Of a rollout that is over or waits to begin, none does. */
export const planRows = (
  rollout: RolloutFacts,
  rows: readonly RolloutRow[],
  triesAgain: TriesAgain = never,
): RowMove[] =>
  rollout.status === 'scheduled' || isOver(rollout.status)
    ? []
    : rows.flatMap((row) => moveOf(row, rollout, triesAgain) ?? []);
