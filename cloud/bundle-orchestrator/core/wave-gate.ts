/**
 * What a wave's gate says of its devices: whether they did well enough for the next wave, too badly
 * to go on, or what is still missing. Silence never passes a gate: an unreached device counts as
 * neither, and is left out only where the gate says so and after its time. Pure.
 */
import { openIn, type Progress } from './rollout.ts';
import type { Gate } from './wave.ts';

export type Verdict =
  /** Enough confirmed and not too many failed. */
  | { kind: 'good' }
  | { kind: 'bad'; failed: number; finished: number }
  /** All that can finish did, and it was not enough. */
  | { kind: 'short'; succeeded: number; needed: number }
  | { kind: 'missing'; confirms: number }
  /** The unreached are to be left out, but too few were reached. */
  | { kind: 'too-few-reached'; reached: number; reachedMin: number };

export const part = (total: number, percent: number): number => Math.ceil((total * percent) / 100);

/**
 * `counts` are those of the wave alone; a device that was taken out is not among the wave's.
 * `acceptedFailed`: failures that a person saw and let pass, which are not held against it again.
 */
export const judgeWave = (
  gate: Gate,
  counts: Progress,
  wave: { openedAtMs: number; acceptedFailed: number },
  nowMs: number,
): Verdict => {
  const size = counts.total - counts.cancelled - counts.rolledBack;
  const { succeeded, failed, unreached } = counts;
  const finished = succeeded + failed;
  const sampled = finished > 0 && finished >= Math.min(gate.failedSampleMin, size);
  const held = Math.max(0, failed - wave.acceptedFailed);
  if (sampled && held * 100 > gate.failedPercentMax * finished) {
    return { kind: 'bad', failed: held, finished };
  }
  const needed = part(size, gate.succeededPercentMin);
  if (succeeded >= needed) return { kind: 'good' };
  if (succeeded + openIn(counts) < needed) return { kind: 'short', succeeded, needed };
  const { unreached: rule } = gate;
  const isDue = rule.rule === 'go-on' && nowMs - wave.openedAtMs >= rule.afterMs && unreached > 0;
  if (!isDue) return { kind: 'missing', confirms: needed - succeeded };
  const reached = size - unreached;
  const reachedMin = Math.max(1, part(size, rule.reachedPercentMin));
  if (reached < reachedMin) return { kind: 'too-few-reached', reached, reachedMin };
  const neededOfReached = part(reached, gate.succeededPercentMin);
  if (succeeded >= neededOfReached) return { kind: 'good' };
  const openReached = openIn(counts) - unreached;
  if (succeeded + openReached < neededOfReached) {
    return { kind: 'short', succeeded, needed: neededOfReached };
  }
  return { kind: 'missing', confirms: neededOfReached - succeeded };
};
