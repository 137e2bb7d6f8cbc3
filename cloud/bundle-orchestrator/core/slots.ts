/**
 * The slots of a device's desired state: one per bundle, changed only by making the next state.
 * Pure; signing and storing is `store/`.
 */
import { bundlesPerDeviceMax } from '@signalbeam/sync/core/limits';
import type { Slot } from '@signalbeam/sync/core/manifest';

/** What to run; the generation at which it is asked for is the one that the change makes. */
export type WantedSlot = Omit<Slot, 'requestedGeneration'>;

export type SlotsChange =
  | { kind: 'changed'; slots: Slot[] }
  | { kind: 'unchanged' }
  | { kind: 'too-many'; bundlesMax: number };

export const slotOf = (slots: readonly Slot[], bundleId: string): Slot | null =>
  slots.find((slot) => slot.bundleId === bundleId) ?? null;

/** Asks for `wanted` at `generation`: always a change, so that asking again is trying again. */
export const withSlot = (
  slots: readonly Slot[],
  wanted: WantedSlot,
  generation: number,
): SlotsChange => {
  const slot: Slot = { ...wanted, requestedGeneration: generation };
  const present = slotOf(slots, wanted.bundleId) !== null;
  if (!present && slots.length >= bundlesPerDeviceMax) {
    return { kind: 'too-many', bundlesMax: bundlesPerDeviceMax };
  }
  return {
    kind: 'changed',
    slots: present
      ? slots.map((old) => (old.bundleId === wanted.bundleId ? slot : old))
      : [...slots, slot],
  };
};

export const withoutSlot = (slots: readonly Slot[], bundleId: string): SlotsChange =>
  slotOf(slots, bundleId) === null
    ? { kind: 'unchanged' }
    : { kind: 'changed', slots: slots.filter((slot) => slot.bundleId !== bundleId) };

/** The windows of a rollout that is over say nothing of when a device may have its version again. */
export const withoutWindows = ({ windows: _, ...slot }: Slot): Slot => slot;

/**
 * Undoes what a rollout did to a device: the slot it found comes back as it was, so the device sees
 * what it ran before and not a new wish; only it waits for no window. Somebody else's later wish is
 * left alone.
 */
export const withRestoredSlot = (
  slots: readonly Slot[],
  rollout: { id: string; bundleId: string },
  previous: Slot | null,
): SlotsChange => {
  const present = slotOf(slots, rollout.bundleId);
  if (present === null || present.rolloutId !== rollout.id) return { kind: 'unchanged' };
  if (previous === null) return withoutSlot(slots, rollout.bundleId);
  const back = withoutWindows(previous);
  return {
    kind: 'changed',
    slots: slots.map((slot) => (slot.bundleId === rollout.bundleId ? back : slot)),
  };
};
