/**
 * A bundle whose version is settled: what died comes back, what drifted is put right, what nobody
 * wants any more goes. And a bundle that is no longer desired: removed, then forgotten. Pure.
 */
import type { ObservedContainer } from './container.ts';
import { containersOf, type Known, type SlotKnown } from './known.ts';
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

export const planSteady = (known: Known, slot: SlotKnown): Plan => {
  const { bundleId, confirmed } = slot;
  if (confirmed === null) return act(...removeOthers(known, slot, new Set()));
  const { releaseDigest } = confirmed;
  const release = known.releases.get(releaseDigest);
  if (release === undefined) return act({ kind: 'fetch-release', bundleId, releaseDigest });
  const containers = containersOfRelease(known, release);
  const observed = new Map(containersOf(known, bundleId).map((each) => [each.name, each]));
  const creates = createSteps(known, bundleId, containers);
  const created = new Set(
    creates.flatMap((step) => (step.kind === 'create-container' ? [step.spec.name] : [])),
  );
  const steps: Step[] = [
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
    ...removeOthers(known, slot, new Set(containers.map(({ spec }) => spec.name))),
  ];
  return steps.length === 0 ? idle : act(...steps);
};

export const planRemoval = (known: Known, slot: SlotKnown): Plan =>
  act(...removeOthers(known, slot, new Set()), { kind: 'forget-slot', bundleId: slot.bundleId });
