/**
 * The device's own account of itself, from what it knows: what each bundle is doing, what really
 * runs, and why something failed. The same facts give the same account, so only changes are sent.
 */
import { labels, type ObservedContainer } from './container.ts';
import { holdSentence } from './hold.ts';
import { containersOf, isSameTarget, type Known, type SlotKnown, type Update } from './known.ts';
import { closedFor } from './maintenance.ts';
import { containersOfRelease } from './plan-images.ts';

export type SlotStatus =
  | 'pending'
  | 'downloading'
  | 'installing'
  | 'verifying'
  | 'running'
  | 'failed';

export type SlotReport = {
  bundleId: string;
  bundleName: string;
  version: string;
  runningVersion: string | null;
  rolloutId: string | null;
  requestedGeneration: number;
  status: SlotStatus;
  reason: string | null;
  logTail: string[];
};

const updateStatus = (known: Known, update: Update): SlotStatus => {
  switch (update.phase) {
    case 'prepare': {
      const release = known.releases.get(update.target.releaseDigest);
      if (release === undefined) return 'downloading';
      const all = containersOfRelease(known, release, update.target);
      return all.every(({ imageDigest }) => known.presentImages.has(imageDigest))
        ? 'installing'
        : 'downloading';
    }
    case 'swap':
      return 'installing';
    case 'probe':
    case 'restore':
      return 'verifying';
  }
};

const runningVersion = (known: Known, slot: SlotKnown): string | null => {
  const running = containersOf(known, slot.bundleId).some(({ state }) => state === 'running');
  if (!running) return null;
  const taken = slot.update?.phase === 'probe' ? slot.update.target : slot.confirmed;
  return taken?.version ?? null;
};

const reportSlot = (known: Known, slot: SlotKnown, now: number): SlotReport => {
  const { bundleId, bundleName, wanted, update, failed, confirmed } = slot;
  const base = {
    bundleId,
    bundleName,
    version: wanted?.version ?? confirmed?.version ?? update?.target.version ?? '0.0.0',
    runningVersion: runningVersion(known, slot),
    rolloutId: wanted?.rolloutId ?? null,
    requestedGeneration: wanted?.requestedGeneration ?? 0,
    reason: null,
    logTail: [],
  };
  const retry = known.retries.get(bundleId)?.reason ?? null;
  const held =
    known.hold === null ? (closedFor(slot, now)?.sentence ?? null) : holdSentence(known.hold);
  // Gone is what is not named any more: until it is forgotten something of it may be there, and run.
  if (wanted === null) {
    const away =
      known.observed === null ? 'It is removed when the container engine answers.' : null;
    return { ...base, status: 'pending', reason: retry ?? held ?? away };
  }
  if (update !== null && isSameTarget(update.target, wanted)) {
    const status = updateStatus(known, update);
    // All is here, and it may not take over yet.
    if (held !== null && update.phase === 'prepare' && status === 'installing')
      return { ...base, status: 'pending', reason: retry ?? held };
    return { ...base, status, reason: retry };
  }
  // Another version has taken over, and is on its way out: neither well nor over.
  const isOnItsWay = update !== null && update.phase !== 'prepare';
  if (isSameTarget(confirmed, wanted)) {
    return { ...base, status: isOnItsWay ? 'verifying' : 'running', reason: retry };
  }
  if (
    failed !== null &&
    isSameTarget(failed.target, wanted) &&
    failed.requestedGeneration >= wanted.requestedGeneration
  ) {
    if (isOnItsWay) return { ...base, status: 'verifying', reason: retry };
    return { ...base, status: 'failed', reason: failed.reason, logTail: failed.logTail };
  }
  return { ...base, status: 'pending', reason: retry ?? held };
};

export const reportSlots = (known: Known, now: number): SlotReport[] =>
  known.slots.map((slot) => reportSlot(known, slot, now));

export type ContainerReport = {
  bundleName: string;
  name: string;
  state: string;
  health: 'healthy' | 'unhealthy' | 'starting' | 'none';
  imageDigest: string;
  restartCount: number;
  startedAt: number | null;
};

const reportContainer = (
  known: Known,
  container: ObservedContainer,
  health: ReadonlyMap<string, ContainerReport['health']>,
): ContainerReport => ({
  bundleName:
    known.slots.find((slot) => slot.bundleId === container.labels[labels.bundle])?.bundleName ?? '',
  name: container.labels[labels.container] ?? container.name.slice(0, 64),
  state: container.state,
  health: health.get(container.name) ?? 'none',
  imageDigest: container.labels[labels.image] ?? container.imageDigest,
  restartCount: container.restartCount,
  startedAt: container.startedAt,
});

export const reportContainers = (
  known: Known,
  health: ReadonlyMap<string, ContainerReport['health']>,
): ContainerReport[] =>
  (known.observed ?? [])
    .map((container) => reportContainer(known, container, health))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
