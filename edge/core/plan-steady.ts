/**
 * A bundle whose version is settled: what died comes back, what drifted is put right, what nobody
 * wants any more goes. And a bundle that is no longer desired: removed, then forgotten. Pure.
 */
import type { Release } from '@signalbeam/sync/core/manifest';
import type { ObservedContainer } from './container.ts';
import { isRunning } from './dependencies.ts';
import { containersOf, type Known, mustWait, type SlotKnown, type SlotVersion } from './known.ts';
import { containersOfRelease, imageSteps } from './plan-images.ts';
import { createSteps, stopOthers } from './plan-update.ts';
import type { PlannedContainer } from './spec.ts';
import { act, idle, type Plan, type Step } from './step.ts';

/** Ran to its end as its restart policy allows: not started again. */
export const isComplete = (policy: string, observed: ObservedContainer): boolean =>
  observed.state === 'exited' &&
  (policy === 'no' || (policy === 'on-failure' && observed.exitCode === 0));

const stopRest = (known: Known, slot: SlotKnown, keep: ReadonlySet<string>): Step[] =>
  stopOthers(known, slot.bundleId, keep, slot.previous);

const removeRest = (known: Known, { bundleId }: SlotKnown, keep: ReadonlySet<string>): Step[] =>
  containersOf(known, bundleId)
    .filter(({ name }) => !keep.has(name))
    .map(({ name }): Step => ({ kind: 'remove-container', bundleId, name }));

const removeAll = (known: Known, slot: SlotKnown): Step[] => {
  const none = new Set<string>();
  return [...stopRest(known, slot, none), ...removeRest(known, slot, none)];
};

/**
 * A death is often the first half of a removal. Whoever starts the container in between races it:
 * Podman 4 then removes the container and leaves its process, which holds the ports for ever.
 */
const settleMs = 1_000;

/** When those that have just died may be started; null when none has, or the clock went back. */
const settledAt = (
  known: Known,
  release: Release,
  version: SlotVersion,
  now: number,
): number | null => {
  const ended = containersOf(known, release.bundleId).filter(({ state }) => state === 'exited');
  if (ended.length === 0) return null;
  const just = containersOfRelease(known, release, version).flatMap((container) => {
    const here = ended.find(({ name }) => name === container.spec.name);
    const diedAt = here !== undefined && needsStart(container, here) ? here.finishedAt : null;
    return diedAt !== null && diedAt <= now && now < diedAt + settleMs ? [diedAt + settleMs] : [];
  });
  return just.length === 0 ? null : Math.max(...just);
};

const needsStart = (
  container: PlannedContainer,
  observed: ObservedContainer | undefined,
): boolean =>
  observed === undefined ||
  (!isRunning(observed) && !isComplete(container.manifest.restart, observed));

const namesOf = (containers: readonly PlannedContainer[]): Set<string> =>
  new Set(containers.map(({ spec }) => spec.name));

/**
 * Makes and starts what is missing of the confirmed version; removes nothing. What else of the bundle
 * runs (a retired one that a guard started again) is stopped before, since it may hold the ports.
 */
const mend = (known: Known, slot: SlotKnown, release: Release, version: SlotVersion): Step[] => {
  const { bundleId } = release;
  const containers = containersOfRelease(known, release, version);
  const observed = new Map(containersOf(known, bundleId).map((each) => [each.name, each]));
  const creates = createSteps(known, bundleId, containers);
  const created = new Set(
    creates.flatMap((step) => (step.kind === 'create-container' ? [step.spec.name] : [])),
  );
  const starts = containers
    .filter((each) => created.has(each.spec.name) || needsStart(each, observed.get(each.spec.name)))
    .map(({ spec }): Step => ({ kind: 'start-container', bundleId, name: spec.name }));
  return [
    ...imageSteps(
      known,
      release,
      version.releaseDigest,
      containers.filter(({ spec }) => created.has(spec.name)),
    ),
    ...creates,
    ...(starts.length === 0 ? [] : stopRest(known, slot, namesOf(containers))),
    ...starts,
  ];
};

/** The retry key of healing: what keeps the old version up never waits for the new one's download. */
export const healKey = (bundleId: string): string => `heal:${bundleId}`;

/** While a newer version is being prepared the confirmed one is kept as it should be. */
export const planHealing = (known: Known, slot: SlotKnown, now: number): Plan => {
  const release = slot.confirmed && known.releases.get(slot.confirmed.releaseDigest);
  const retry = known.retries.get(healKey(slot.bundleId));
  if (!slot.confirmed || !release) return idle;
  if (mustWait(retry, now)) return { ...idle, wakeAtMs: retry.notBeforeMs };
  const wakeAtMs = settledAt(known, release, slot.confirmed, now);
  if (wakeAtMs !== null) return { ...idle, wakeAtMs };
  const steps = mend(known, slot, release, slot.confirmed);
  return act(...steps.map((step): Step => ({ ...step, healing: true })));
};

export const planSteady = (known: Known, slot: SlotKnown, now: number): Plan => {
  const { bundleId, confirmed } = slot;
  if (confirmed === null) return act(...removeAll(known, slot));
  const { releaseDigest } = confirmed;
  const release = known.releases.get(releaseDigest);
  if (release === undefined) return act({ kind: 'fetch-release', bundleId, releaseDigest });
  const wakeAtMs = settledAt(known, release, confirmed, now);
  if (wakeAtMs !== null) return { ...idle, wakeAtMs };
  const keep = namesOf(containersOfRelease(known, release, confirmed));
  const mending = mend(known, slot, release, confirmed);
  const mended = mending.some(({ kind }) => kind === 'start-container');
  return act(
    ...mending,
    ...(mended ? [] : stopRest(known, slot, keep)),
    ...removeRest(known, slot, keep),
  );
};

export const planRemoval = (known: Known, slot: SlotKnown): Plan =>
  act(...removeAll(known, slot), { kind: 'forget-slot', bundleId: slot.bundleId });
