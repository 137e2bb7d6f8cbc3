/**
 * What to do next about a rollout: `(known, now) → {steps, waiting}`. A loop runs the steps; the
 * consoles print `waiting`. A stale report (another version, rollout or attempt) moves nothing,
 * and silence moves nothing either.
 */
import {
  countRows,
  emptyProgress,
  isFinal,
  isUnreached,
  type Progress,
  type RolloutFacts,
  type RolloutRow,
  type RowStatus,
  type SlotReport,
} from './rollout.ts';

export type RolloutStep =
  | {
      kind: 'move';
      deviceId: string;
      to: RowStatus;
      reason: string | null;
      logTail: readonly string[];
    }
  | { kind: 'complete'; status: 'succeeded' | 'failed' | 'cancelled' };

export type RolloutKnown = {
  rollout: RolloutFacts;
  /** The rows to look at; for the sentence, at least the first few unfinished ones. */
  rows: readonly RolloutRow[];
  /** Counts of the rows that are not listed. */
  others?: Progress;
};

export type RolloutPlan = { steps: RolloutStep[]; progress: Progress; waiting: string };

/** Names in one sentence; the rest is a number, so the sentence stays one. */
const namesMax = 3;

/** Whether a report answers exactly what this row asked for. */
const answers = (report: SlotReport, row: RolloutRow, rollout: RolloutFacts): boolean =>
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

const moveOf = (row: RolloutRow, rollout: RolloutFacts): RolloutStep | null => {
  if (isFinal(row.status)) return null;
  const step = (to: RowStatus, reason: string | null, logTail: readonly string[] = []) =>
    ({ kind: 'move', deviceId: row.deviceId, to, reason, logTail }) as const;
  if (row.device === 'gone') return step('cancelled', 'The device is no longer in the fleet.');
  if (row.report === null || !answers(row.report, row, rollout)) return null;
  const to = statusFrom(row.report);
  // A late report of an earlier stage does not take a row back.
  if (to === row.status || to === 'pending') return null;
  return to === 'failed'
    ? step(to, row.report.reason ?? 'The device gave no reason.', row.report.logTail)
    : step(to, null);
};

const resultOf = (progress: Progress): 'succeeded' | 'failed' | 'cancelled' => {
  if (progress.failed > 0) return 'failed';
  return progress.succeeded > 0 ? 'succeeded' : 'cancelled';
};

/** `14:02 UTC`, or how long ago when that was not today. */
const since = (atMs: number, nowMs: number): string => {
  const dayMs = 86_400_000;
  if (Math.floor(atMs / dayMs) === Math.floor(nowMs / dayMs)) {
    const minutes = Math.floor((atMs % dayMs) / 60_000);
    const two = (value: number): string => String(value).padStart(2, '0');
    return `since ${two(Math.floor(minutes / 60))}:${two(minutes % 60)} UTC`;
  }
  const hours = Math.max(1, Math.round((nowMs - atMs) / 3_600_000));
  return hours < 48 ? `for ${hours} h` : `for ${Math.round(hours / 24)} days`;
};

const aboutRow = (row: RolloutRow, nowMs: number): string => {
  if (row.presence === 'never') return `${row.name}, which has never connected`;
  if (isUnreached(row)) {
    return row.lastSeenAtMs === null
      ? `${row.name}, unreached`
      : `${row.name}, unreached ${since(row.lastSeenAtMs, nowMs)}`;
  }
  return row.status === 'pending' ? `${row.name} to begin` : `${row.name} to finish`;
};

/** Unreached ones first: they are what a person can do something about. */
const waitingOf = (rows: readonly RolloutRow[], progress: Progress, nowMs: number): string => {
  const open = rows.filter((row) => !isFinal(row.status));
  if (open.length === 0) return '';
  const order = [...open.filter(isUnreached), ...open.filter((row) => !isUnreached(row))];
  const named = order.slice(0, namesMax).map((row) => aboutRow(row, nowMs));
  const rest = progress.pending + progress.inProgress + progress.unreached - named.length;
  if (rest > 0) named.push(`${rest} more`);
  const failed = progress.failed > 0 ? `, ${progress.failed} failed` : '';
  const counted = `${progress.succeeded} of ${progress.total} confirmed${failed}`;
  return `${counted}; waiting for ${named.join('; ')}`;
};

export const planRollout = (known: RolloutKnown, nowMs: number): RolloutPlan => {
  const { rollout } = known;
  const moves =
    rollout.status === 'in-progress' ? known.rows.flatMap((row) => moveOf(row, rollout) ?? []) : [];
  const moved = new Map(moves.map((step) => [step.kind === 'move' ? step.deviceId : '', step]));
  const rows = known.rows.map((row) => {
    const step = moved.get(row.deviceId);
    return step?.kind === 'move' ? { ...row, status: step.to } : row;
  });
  const progress = countRows(rows, known.others ?? emptyProgress);
  const open = progress.pending + progress.inProgress + progress.unreached;
  const steps: RolloutStep[] = [...moves];
  if (rollout.status === 'in-progress' && open === 0) {
    steps.push({ kind: 'complete', status: resultOf(progress) });
  }
  const waiting = rollout.status === 'in-progress' ? waitingOf(rows, progress, nowMs) : '';
  return { steps, progress, waiting };
};
