/**
 * How many of a wave's devices are not heard of, where its gate leaves them out. To count them is to ask for
 * everybody's presence, so the last count is kept for a while: as long as nothing comes of it, it is good
 * enough, and whatever step it leads to is planned anew from a fresh one. Pure.
 */
import type { Progress } from './rollout.ts';
import type { Gate } from './wave.ts';
import { judgeWave } from './wave-gate.ts';
import { lookAgainMs } from './wave-plan.ts';

/** As it was counted last. */
export type SeenUnreached = { devices: number; atMs: number };

type Judged = {
  gate: Gate;
  state: 'waiting' | 'open' | 'passed';
  openedAtMs: number | null;
  acceptedFailed: number;
  /** Without those that are not heard of apart. */
  counts: Progress;
};

/** The time has come to leave them out, and nothing else decides what becomes of the wave. */
export const hangsOnUnreached = (wave: Judged, nowMs: number): boolean => {
  const { gate, state, acceptedFailed, counts } = wave;
  const openedAtMs = wave.openedAtMs ?? nowMs;
  if (state !== 'open' || gate.unreached.rule !== 'go-on') return false;
  if (nowMs < openedAtMs + gate.unreached.afterMs) return false;
  return judgeWave(gate, counts, { openedAtMs, acceptedFailed }, nowMs).kind === 'missing';
};

/** A presence that changed is seen within this, as it is where nothing else happens. */
export const isKept = (seen: SeenUnreached | null, nowMs: number): seen is SeenUnreached =>
  seen !== null && nowMs - seen.atMs < lookAgainMs;

/** So many of those that are waited for count as unreached: which state theirs is decides nothing. */
export const withUnreached = (counts: Progress, devices: number): Progress => {
  const left = { ...counts };
  for (const state of ['pending', 'inProgress', 'rollingBack'] as const) {
    const some = Math.min(left[state], devices - left.unreached + counts.unreached);
    left[state] -= some;
    left.unreached += some;
  }
  return left;
};
