/**
 * A bundle whose version is settled: what died comes back, what drifted is put right, what nobody
 * wants any more goes. And a bundle that is no longer desired: removed, then forgotten. Pure.
 */
import type { Release } from '@signalbeam/sync/core/manifest';
import type { ObservedContainer } from './container.ts';
import { containersOf, type Known, mustWait, type SlotKnown } from './known.ts';
import { containersOfRelease, imageSteps } from './plan-images.ts';
import { createSteps, graceOf, isRunning, stopOthers } from './plan-update.ts';
import type { PlannedContainer } from './spec.ts';
import { act, idle, type Plan, type Step } from './step.ts';

/** Ran to its end as its restart policy allows: not started again. */
export const isComplete = (policy: string, observed: ObservedContainer): boolean =>
  observed.state === 'exited' &&
  (policy === 'no' || (policy === 'on-failure' && observed.exitCode === 0));

const removeOthers = (known: Known, slot: SlotKnown, keep: ReadonlySet<string>): Step[] => {
  const { bundleId } = slot;
  return [
    ...stopOthers(known, bundleId, keep, graceOf(known, slot.previous?.releaseDigest)),
    ...containersOf(known, bundleId)
      .filter(({ name }) => !keep.has(name))
      .map(({ name }): Step => ({ kind: 'remove-container', bundleId, name })),
  ];
};

const needsStart = (
  container: PlannedContainer,
  observed: ObservedContainer | undefined,
): boolean =>
  observed === undefined ||
  (!isRunning(observed) && !isComplete(container.manifest.restart, observed));

/** Makes and starts what is missing of the confirmed version; removes nothing. */
const mend = (known: Known, release: Release, releaseDigest: string): Step[] => {
  const { bundleId } = release;
  const containers = containersOfRelease(known, release);
  const observed = new Map(containersOf(known, bundleId).map((each) => [each.name, each]));
  const creates = createSteps(known, bundleId, containers);
  const created = new Set(
    creates.flatMap((step) => (step.kind === 'create-container' ? [step.spec.name] : [])),
  );
  return [
    ...imageSteps(
      known,
      release,
      releaseDigest,
      containers.filter(({ spec }) => created.has(spec.name)),
    ),
    ...creates,
    ...containers
      .filter(
        (each) => created.has(each.spec.name) || needsStart(each, observed.get(each.spec.name)),
      )
      .map(({ spec }): Step => ({ kind: 'start-container', bundleId, name: spec.name })),
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
  const steps = mend(known, release, slot.confirmed.releaseDigest);
  return act(...steps.map((step): Step => ({ ...step, healing: true })));
};

export const planSteady = (known: Known, slot: SlotKnown): Plan => {
  const { bundleId, confirmed } = slot;
  if (confirmed === null) return act(...removeOthers(known, slot, new Set()));
  const { releaseDigest } = confirmed;
  const release = known.releases.get(releaseDigest);
  if (release === undefined) return act({ kind: 'fetch-release', bundleId, releaseDigest });
  const keep = new Set(containersOfRelease(known, release).map(({ spec }) => spec.name));
  return act(...mend(known, release, releaseDigest), ...removeOthers(known, slot, keep));
};

export const planRemoval = (known: Known, slot: SlotKnown): Plan =>
  act(...removeOthers(known, slot, new Set()), { kind: 'forget-slot', bundleId: slot.bundleId });
