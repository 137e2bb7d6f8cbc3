/**
 * Whose named windows are over while the device still waits for one of them: an update that had begun and
 * then missed all of them, or a secret that was rotated long after the rollout. Nobody else would name
 * others, and the device starts outside of none. Silence is waited out: who has not heard of its present
 * state is named others once it has. When a person decides that a rollout waits for no windows any more,
 * those that are to come are renamed, too, at once. Pure.
 */
import type { Slot } from '@signalbeam/sync/core/manifest';
import type { SlotReport } from './rollout.ts';
import { busyStates } from './row-moves.ts';

const minuteMs = 60_000;
const unheardMs = { min: 10 * minuteMs, max: 24 * 60 * minuteMs };

/** When the last of them closes; null for a slot that waits for none. */
const endOf = ({ windows }: Slot): number | null =>
  windows === undefined ? null : Math.max(0, ...windows.map(([, closes]) => closes * 1_000));

const earliest = (slots: readonly Slot[]): number | null => {
  const ends = slots.flatMap((slot) => endOf(slot) ?? []);
  return ends.length === 0 ? null : Math.min(...ends);
};

/** When to look at a state for this: null for one without windows. */
export const windowsDueAtMs = earliest;

export const isOverAt =
  (nowMs: number) =>
  (slot: Slot): boolean => {
    const endMs = endOf(slot);
    return endMs !== null && endMs <= nowMs;
  };

export const hasWindows = ({ windows }: Slot): boolean => windows !== undefined;

export type StateHeard = {
  /** Whether those that are not over are to be named anew. */
  isAnew: boolean;
  generation: number;
  issuedAtMs: number;
  slots: readonly Slot[];
  reportedGeneration: number;
  reports: readonly Pick<SlotReport & { bundleId: string }, 'bundleId' | 'status'>[];
};

export type WindowsLook =
  | { kind: 'name'; bundleIds: string[] }
  /** Null: not before it has another state. */
  | { kind: 'wait'; dueAtMs: number | null };

export const lookAtWindows = (state: StateHeard, nowMs: number): WindowsLook => {
  const over = state.slots.filter(state.isAnew ? hasWindows : isOverAt(nowMs));
  const dueAtMs = earliest(state.slots.filter((slot) => !over.includes(slot)));
  if (over.length === 0) return { kind: 'wait', dueAtMs };
  if (state.isAnew) return { kind: 'name', bundleIds: over.map(({ bundleId }) => bundleId) };
  if (state.reportedGeneration < state.generation) {
    const waitMs = (nowMs - state.issuedAtMs) / 8;
    const boundMs = Math.min(Math.max(waitMs, unheardMs.min), unheardMs.max);
    return { kind: 'wait', dueAtMs: nowMs + boundMs };
  }
  const busy = new Set(
    state.reports
      .filter(({ status }) => busyStates.some((each) => each === status))
      .map(({ bundleId }) => bundleId),
  );
  const bundleIds = over.flatMap(({ bundleId }) => (busy.has(bundleId) ? [bundleId] : []));
  return bundleIds.length > 0 ? { kind: 'name', bundleIds } : { kind: 'wait', dueAtMs };
};
