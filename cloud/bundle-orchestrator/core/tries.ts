/**
 * How long a device may take, and how often one that failed is told again by itself. The time runs while
 * it is heard of and does not wait for a window or a technician: silence fails nobody. One that took too
 * long fails, and gets back what it had. Pure.
 */
import type { Pace } from './pace.ts';
import type { RolloutFacts, RolloutRow } from './rollout.ts';
import { answers, type TriesAgain } from './row-moves.ts';

export type Tries = Pick<Pace, 'deviceTimeoutMs' | 'retriesMax' | 'retryAfterMs'>;

/** However often it failed, it is not waited for longer than that. */
const retryAfterMaxMs = 24 * 3_600_000;

/** When one that failed so often before is told again, each time twice as late; null: it stays failed. */
export const retryAt = (
  { retriesMax, retryAfterMs }: Tries,
  { status, tried }: { status: RolloutFacts['status']; tried: number },
  nowMs: number,
): number | null => {
  const isUnderWay = status === 'in-progress' || status === 'paused';
  if (!isUnderWay || tried >= retriesMax) return null;
  return nowMs + Math.min(retryAfterMaxMs, retryAfterMs * 2 ** tried);
};

/** In a sentence: minutes, or hours where they are whole. */
export const spanOf = (ms: number): string => {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
};

/** What its row says meanwhile. */
export const retryWords = (
  { retriesMax }: Tries,
  { tried, afterMs, reason }: { tried: number; afterMs: number; reason: string },
): string =>
  `It tries again ${spanOf(afterMs)} after it failed (${tried + 1} of ${retriesMax}): ${reason}`;

/** For the rows of one rollout, as ./row-moves.ts asks. */
export const triesAgainBy =
  (tries: Tries, { status }: Pick<RolloutFacts, 'status'>, nowMs: number): TriesAgain =>
  ({ retryCount }, reason) => {
    const retryAtMs = retryAt(tries, { status, tried: retryCount }, nowMs);
    if (retryAtMs === null) return null;
    const told = { tried: retryCount, afterMs: retryAtMs - nowMs, reason };
    return { retryAtMs, reason: retryWords(tries, told) };
  };

/** It says of what was asked that it waits for something. */
const waits = ({ report }: RolloutRow): boolean =>
  report?.status === 'pending' && report.reason !== null;

export type Clock = { deviceId: string; dueAtMs: number | null };

/** Whose time begins, because it goes on, and whose ends, because it waits. */
export const planClocks = (
  { deviceTimeoutMs }: Tries,
  rollout: RolloutFacts,
  rows: readonly RolloutRow[],
  nowMs: number,
): Clock[] => {
  if (deviceTimeoutMs === null) return [];
  return rows.flatMap((row): Clock[] => {
    const { deviceId, status, dueAtMs, report } = row;
    const isAtWork = status === 'pending' || status === 'in-progress';
    if (!isAtWork || report === null || !answers(report, row, rollout)) return [];
    if (waits(row)) return dueAtMs === null ? [] : [{ deviceId, dueAtMs: null }];
    return dueAtMs === null ? [{ deviceId, dueAtMs: nowMs + deviceTimeoutMs }] : [];
  });
};

/** A row whose time is over. `onlineSinceMs`: null while it is not heard of. */
export type Overdue = Pick<RolloutRow, 'deviceId' | 'status' | 'retryCount'> & {
  onlineSinceMs: number | null;
};

export const overdueReason = ({ status }: Pick<Overdue, 'status'>, timeoutMs: number): string =>
  status === 'pending'
    ? `It did not begin within ${spanOf(timeoutMs)} of being told, though it is heard of.`
    : `It did not finish within ${spanOf(timeoutMs)}.`;

/** Those that took too long, and until when others have time that were away meanwhile. */
export const planOverdue = (
  timeoutMs: number,
  rows: readonly Overdue[],
  nowMs: number,
): { late: Overdue[]; more: Clock[] } => {
  const late: Overdue[] = [];
  const more: Clock[] = [];
  for (const row of rows) {
    const dueAtMs = (row.onlineSinceMs ?? nowMs) + timeoutMs;
    if (dueAtMs > nowMs) more.push({ deviceId: row.deviceId, dueAtMs });
    else late.push(row);
  }
  return { late, more };
};
