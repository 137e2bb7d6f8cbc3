/** The reconciler's journal on the model disk: the port of `edge/store/journal`, over maps. */

import type { SlotKnown } from '@signalbeam/edge/core/known';
import type { StoredDesired } from '@signalbeam/edge/store/desired';
import type { Journal } from '@signalbeam/edge/store/journal';
import type { Disk } from './disk.ts';

export type JournalWatch = {
  desiredKept(desired: StoredDesired, before: StoredDesired | null): void;
  slotSaved(slot: SlotKnown, before: SlotKnown | undefined): void;
};

export const createJournal = (disk: Disk, watch: JournalWatch): Journal => {
  let steps = 0;
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
    slots: () => [...disk.content.slots.values()].sort(byBundle),
    saveSlot: (slot) =>
      disk.commit(() => {
        if (!disk.orphaned) watch.slotSaved(slot, disk.content.slots.get(slot.bundleId));
        disk.content.slots.set(slot.bundleId, slot);
      }),
    forgetSlot: (bundleId) =>
      disk.commit(() => {
        disk.content.slots.delete(bundleId);
      }),
    releases: () => new Map(disk.content.releases),
    saveRelease: (digest, release) =>
      disk.commit(() => {
        disk.content.releases.set(digest, release);
      }),
    keepReleases: (digests) =>
      disk.commit(() => {
        for (const digest of disk.content.releases.keys()) {
          if (!digests.has(digest)) disk.content.releases.delete(digest);
        }
      }),
    ownImage: (source, digest) =>
      disk.commit(() => {
        disk.content.owned.set(source, digest);
      }),
    ownedImages: () => [...disk.content.owned].map(([source, digest]) => ({ source, digest })),
    disownImage: (source) =>
      disk.commit(() => {
        disk.content.owned.delete(source);
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
