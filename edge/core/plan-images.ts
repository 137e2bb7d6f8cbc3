/**
 * Steps that make a release and its images present before anything else is touched. Downloads
 * never happen while a container is down for them: they come first, whole and verified. Pure.
 */
import type { Release } from '@signalbeam/sync/core/manifest';
import { type Known, revisionsOf, type SlotVersion } from './known.ts';
import { isArtifact, type PlannedContainer, planContainers } from './spec.ts';
import type { Step } from './step.ts';

type Remembered = Pick<Known, 'deviceId' | 'registryPort' | 'hash'> & {
  revisions: string;
  containers: readonly PlannedContainer[];
};

/**
 * A release never changes and a look asks for its containers a dozen times, so the answer is kept as
 * long as the release is. One entry on a device and value of its secrets; several where devices
 * share a process.
 */
const remembered = new WeakMap<Release, Remembered[]>();

/** Two values of a secret are at work at once, the old one and the new one; a few more were. */
const rememberedMax = 64;

/** The containers of a release on this device, made with the secrets that came for it. */
export const containersOfRelease = (
  known: Pick<Known, 'deviceId' | 'registryPort' | 'hash'>,
  release: Release,
  { secrets }: Pick<SlotVersion, 'secrets'>,
): readonly PlannedContainer[] => {
  const { deviceId, registryPort, hash } = known;
  const revisions = revisionsOf({ secrets });
  const all = remembered.get(release) ?? [];
  for (const each of all) {
    if (
      each.deviceId === deviceId &&
      each.registryPort === registryPort &&
      each.hash === hash &&
      each.revisions === revisions
    )
      return each.containers;
  }
  const containers = planContainers(release, { deviceId, registryPort, hash, secrets });
  const kept = revisions === '' ? all : all.slice(-rememberedMax);
  remembered.set(release, [...kept, { deviceId, registryPort, hash, revisions, containers }]);
  return containers;
};

/** Fetch (uploaded images only), then pull, for each image that the engine does not have. */
export const imageSteps = (
  known: Known,
  release: Release,
  releaseDigest: string,
  containers: readonly PlannedContainer[],
): Step[] => {
  const missing = new Map<string, PlannedContainer>();
  for (const container of containers) {
    if (!known.presentImages.has(container.imageDigest))
      missing.set(container.reference, container);
  }
  const { bundleId } = release;
  return [...missing.values()].flatMap(({ reference, spec }): Step[] => {
    const pull: Step = { kind: 'pull-image', bundleId, reference, source: spec.image };
    if (!isArtifact(reference) || known.storedImages.has(reference)) return [pull];
    return [{ kind: 'fetch-image', bundleId, releaseDigest, reference }, pull];
  });
};
