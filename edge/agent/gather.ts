/**
 * Gathers what the planner needs to know. Cheap when nothing happens: one list call to the engine;
 * images and blobs are looked at only when a first plan says that some may be missing.
 */
import { hash as digestOf } from 'node:crypto';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { Release } from '@signalbeam/sync/core/manifest';
import type { Engine } from '../containers/engine.ts';
import { labels, type ObservedContainer } from '../core/container.ts';
import type { Known, Retry, SlotKnown } from '../core/known.ts';
import { containersOfRelease } from '../core/plan-images.ts';
import { isArtifact } from '../core/spec.ts';
import type { ReconcilerParts } from './parts.ts';

/** For names and labels; the digest of an image is never this. */
const hash = (text: string): string => digestOf('sha256', text, 'hex');

/** Ours by label, of a bundle that is in no slot: left over from a state that was lost. */
const strays = (
  slots: readonly SlotKnown[],
  observed: readonly ObservedContainer[],
): SlotKnown[] => {
  const known = new Set(slots.map((slot) => slot.bundleId));
  const lost = new Set(
    observed.map((container) => container.labels[labels.bundle] ?? '').filter((id) => id !== ''),
  );
  return [...lost]
    .filter((bundleId) => !known.has(bundleId))
    .map((bundleId) => ({
      bundleId,
      bundleName: 'a bundle this device no longer knows',
      wanted: null,
      confirmed: null,
      previous: null,
      update: null,
      failed: null,
    }));
};

/** Nobody is there, or somebody who does not answer: another look for an engine may help. */
const away: ReadonlySet<string> = new Set(['engine-unreachable', 'engine-timeout']);

/**
 * Lists our containers; null when no engine answers. An engine that answers with a refusal is still
 * there: that is thrown, and the loop looks again.
 */
export const observe = async (
  parts: Pick<ReconcilerParts, 'identity' | 'engines' | 'log'>,
  engine: Engine | null,
): Promise<ObservedContainer[] | null> => {
  if (engine === null) return null;
  try {
    return await engine.list(parts.identity.deviceId);
  } catch (error) {
    if (!(error instanceof FleetError && away.has(error.code))) throw error;
    parts.log('warn', 'The container engine does not answer', { cause: String(error) });
    parts.engines.lost(engine);
    return null;
  }
};

export const gather = (
  parts: ReconcilerParts,
  observed: ObservedContainer[] | null,
  retries: ReadonlyMap<string, Retry>,
  hasDesired: boolean,
): Known => {
  const slots = parts.journal.slots();
  // Without a desired state nothing says that a stray is not wanted, so it stays.
  const lost = hasDesired ? strays(slots, observed ?? []) : [];
  return {
    deviceId: parts.identity.deviceId,
    slots: [...slots, ...lost],
    releases: parts.journal.releases(),
    observed,
    presentImages: new Set(),
    storedImages: new Set(),
    limits: parts.engines.limits(),
    registryPort: parts.registryPort,
    preparing: new Set(),
    retries,
    hold: parts.hold(),
    holdUpdates: parts.holdUpdates(),
    hash,
  };
};

const artifactsOf = (release: Release): string[] =>
  [...new Set(release.containers.map((container) => container.image))].filter(isArtifact);

/** Adds which images the engine has and which uploaded ones are whole on disk. */
export const gatherImages = async (
  parts: ReconcilerParts,
  known: Known,
  engine: Engine,
): Promise<Known> => {
  const presentImages = new Set((await engine.images()).flatMap((image) => image.digests));
  const storedImages = new Set<string>();
  for (const release of known.releases.values()) {
    const wanted = containersOfRelease(known, release, {}).filter(
      ({ imageDigest, reference }) => isArtifact(reference) && !presentImages.has(imageDigest),
    );
    if (wanted.length === 0) continue;
    for (const reference of artifactsOf(release)) {
      if (await parts.uploads.stored(release, reference)) storedImages.add(reference);
    }
  }
  return { ...known, presentImages, storedImages };
};
