/** The reconciler's journal on the model disk: the port of `edge/store/journal`, over maps. */

import type { SlotKnown } from '@signalbeam/edge/core/known';
import type { StoredDesired } from '@signalbeam/edge/store/desired';
import type { Journal } from '@signalbeam/edge/store/journal';
import { type Disk, withEntry, withoutEntries } from './disk.ts';

export type JournalWatch = {
  desiredKept(desired: StoredDesired, before: StoredDesired | null): void;
  slotSaved(slot: SlotKnown, before: SlotKnown | undefined): void;
};

export const createJournal = (disk: Disk, watch: JournalWatch): Journal => {
  let steps = 0;
  /** Looked at some ten times for each change. */
  let sorted: { of: ReadonlyMap<string, SlotKnown>; slots: SlotKnown[] } = {
    of: new Map(),
    slots: [],
  };
  const byBundle = (left: SlotKnown, right: SlotKnown) => (left.bundleId < right.bundleId ? -1 : 1);
  return {
    desired: () => disk.content.desired,
    keepDesired: (desired) =>
      disk.commit(() => {
        const before = disk.content.desired;
        if (before !== null && before.generation >= desired.generation) return false;
        if (!disk.orphaned) watch.desiredKept(desired, before);
        disk.content.desired = desired;
        return true;
      }),
    slots: () => {
      const { slots } = disk.content;
      if (sorted.of !== slots) sorted = { of: slots, slots: [...slots.values()].sort(byBundle) };
      return sorted.slots.slice();
    },
    saveSlot: (slot) =>
      disk.commit(() => {
        if (!disk.orphaned) watch.slotSaved(slot, disk.content.slots.get(slot.bundleId));
        disk.content.slots = withEntry(disk.content.slots, slot.bundleId, slot);
      }),
    forgetSlot: (bundleId) =>
      disk.commit(() => {
        disk.content.slots = withoutEntries(disk.content.slots, (id) => id === bundleId);
      }),
    releases: () => new Map(disk.content.releases),
    saveRelease: (digest, release) =>
      disk.commit(() => {
        disk.content.releases = withEntry(disk.content.releases, digest, release);
      }),
    keepReleases: (digests) =>
      disk.commit(() => {
        const { releases } = disk.content;
        disk.content.releases = withoutEntries(releases, (digest) => !digests.has(digest));
      }),
    ownImage: (source, digest) =>
      disk.commit(() => {
        disk.content.owned = withEntry(disk.content.owned, source, digest);
      }),
    ownedImages: () => [...disk.content.owned].map(([source, digest]) => ({ source, digest })),
    disownImage: (source) =>
      disk.commit(() => {
        disk.content.owned = withoutEntries(disk.content.owned, (each) => each === source);
      }),
    begin: () =>
      disk.commit(() => {
        steps += 1;
        return steps;
      }),
    finish: () => undefined,
    history: () => [],
    together: (work) => disk.commit(work),
  };
};
