/**
 * One update, phase by phase: prepare (fetch, verify, create) → swap (stop old, start new) →
 * probe → confirm, or restore. The old version is stopped only once the new one's containers
 * exist, and is removed only once the new one is confirmed. Pure.
 */

import { awaiting, isRunning } from './dependencies.ts';
import { driftOf } from './drift.ts';
import {
  containersOf,
  type Known,
  type SlotKnown,
  type SlotVersion,
  type Update,
} from './known.ts';
import { closedFor } from './maintenance.ts';
import { containersOfRelease, imageSteps } from './plan-images.ts';
import { checkOf, past, probeIntervalMs, soakMs } from './probe-verdict.ts';
import type { PlannedContainer } from './spec.ts';
import { act, type Plan, type Step } from './step.ts';

const defaultGraceMs = 10_000;

/** Creates what is missing and replaces what is not as the manifest says. Starts nothing. */
export const createSteps = (
  known: Known,
  bundleId: string,
  containers: readonly PlannedContainer[],
): Step[] => {
  const observed = new Map(containersOf(known, bundleId).map((each) => [each.name, each]));
  return containers.flatMap(({ spec, imageDigest, manifest }): Step[] => {
    const present = observed.get(spec.name);
    if (present === undefined) return [{ kind: 'create-container', bundleId, spec }];
    // Being removed, or a removal that failed half-way: no engine starts such a one.
    if (present.state === 'dead') {
      return [
        { kind: 'remove-container', bundleId, name: spec.name },
        { kind: 'create-container', bundleId, spec },
      ];
    }
    const fields = driftOf(spec, imageDigest, present, known.limits);
    if (fields.length === 0) return [];
    return [
      {
        kind: 'retire-container',
        bundleId,
        name: spec.name,
        fields,
        graceMs: manifest.stopGraceMs,
      },
      { kind: 'create-container', bundleId, spec },
    ];
  });
};

/**
 * Stops ours of this bundle that are not among `keep`: against the order of `version` as far as it
 * names them, with the time that it gives them, else the last started first.
 */
export const stopOthers = (
  known: Known,
  bundleId: string,
  keep: ReadonlySet<string>,
  version: SlotVersion | null,
): Step[] => {
  const others = containersOf(known, bundleId).filter(
    (container) => !keep.has(container.name) && isRunning(container),
  );
  if (others.length === 0) return [];
  const graceMs = graceOf(known, version);
  const place = new Map([...graceMs.keys()].map((name, index) => [name, index]));
  return others
    .sort((left, right) => (right.startedAt ?? 0) - (left.startedAt ?? 0))
    .sort((left, right) => (place.get(right.name) ?? -1) - (place.get(left.name) ?? -1))
    .map(({ name }) => ({
      kind: 'stop-container',
      bundleId,
      name,
      graceMs: graceMs.get(name) ?? defaultGraceMs,
    }));
};

/** Grace periods of a version's containers by name, in the order in which those start. */
const graceOf = (known: Known, version: SlotVersion | null): Map<string, number> => {
  const release = version === null ? undefined : known.releases.get(version.releaseDigest);
  if (version === null || release === undefined) return new Map();
  return new Map(
    containersOfRelease(known, release, version).map(({ spec, manifest }) => [
      spec.name,
      manifest.stopGraceMs,
    ]),
  );
};

const startSteps = (
  known: Known,
  bundleId: string,
  containers: readonly PlannedContainer[],
  replaced: ReadonlySet<string>,
): Step[] => {
  const running = new Set(
    containersOf(known, bundleId)
      .filter((each) => isRunning(each) && !replaced.has(each.name))
      .map((each) => each.name),
  );
  return containers
    .filter(({ spec }) => !running.has(spec.name))
    .map(({ spec }) => ({ kind: 'start-container', bundleId, name: spec.name }));
};

const takeOver = (
  known: Known,
  slot: SlotKnown,
  containers: readonly PlannedContainer[],
): Step[] => {
  const { bundleId } = slot;
  const names = new Set(containers.map(({ spec }) => spec.name));
  const creates = createSteps(known, bundleId, containers);
  const replaced = new Set(
    creates.flatMap((step) => (step.kind === 'retire-container' ? [step.name] : [])),
  );
  const later = new Set(
    awaiting(containers, containersOf(known, bundleId), replaced).map(({ spec }) => spec.name),
  );
  const first = containers.filter(({ spec }) => !later.has(spec.name));
  return [
    ...creates,
    ...stopOthers(known, bundleId, names, slot.confirmed),
    ...startSteps(known, bundleId, first, replaced),
  ];
};

export const planPrepare = (known: Known, slot: SlotKnown, update: Update, now: number): Plan => {
  const { bundleId } = slot;
  const { releaseDigest } = update.target;
  const release = known.releases.get(releaseDigest);
  if (release === undefined) return act({ kind: 'fetch-release', bundleId, releaseDigest });
  const containers = containersOfRelease(known, release, update.target);
  const bring = [
    ...imageSteps(known, release, releaseDigest, containers),
    ...missingOf(known, bundleId, containers).map(
      ({ spec }): Step => ({ kind: 'create-container', bundleId, spec }),
    ),
  ];
  const closed = closedFor(slot, now);
  if (closed === null) return act(...bring, { kind: 'begin-swap', bundleId });
  if (bring.length > 0) return act(...bring);
  const what = `${slot.bundleName}: ${update.target.version} is here.`;
  return { steps: [], waiting: `${what} ${closed.sentence}`, wakeAtMs: closed.opensAtMs };
};

export const planSwap = (known: Known, slot: SlotKnown, update: Update): Plan => {
  const { bundleId } = slot;
  const release = known.releases.get(update.target.releaseDigest);
  if (release === undefined) {
    return act({ kind: 'fetch-release', bundleId, releaseDigest: update.target.releaseDigest });
  }
  const containers = containersOfRelease(known, release, update.target);
  return act(...takeOver(known, slot, containers), { kind: 'begin-probe', bundleId });
};

export const planProbe = (known: Known, slot: SlotKnown, update: Update, now: number): Plan => {
  const { bundleId } = slot;
  const release = known.releases.get(update.target.releaseDigest);
  const containers =
    release === undefined ? [] : containersOfRelease(known, release, update.target);
  const checks = containers.map(({ manifest }) => checkOf(manifest));
  const trouble = update.lastTrouble;
  const retries = checks.find(({ name }) => name === trouble?.container)?.retries ?? 1;
  if (trouble !== null && update.probeFailures >= retries) {
    return act({
      kind: 'fail-update',
      bundleId,
      failure: { reason: trouble.reason, logTail: [] },
      logsOf: trouble.container,
    });
  }
  const soak = soakMs(checks);
  // A time that has not come yet was read from a clock that has been set back since.
  const healthySince = past(update.healthySince, now);
  const lastProbeAt = past(update.lastProbeAt, now);
  const later = awaiting(containers, containersOf(known, bundleId));
  if (healthySince !== null && later.length > 0) return startNext(bundleId, later);
  if (healthySince !== null && lastProbeAt !== null && lastProbeAt - healthySince >= soak) {
    return act({ kind: 'confirm-update', bundleId });
  }
  const soakEndsAt = healthySince === null ? Number.POSITIVE_INFINITY : healthySince + soak;
  const dueAt = Math.min((lastProbeAt ?? 0) + probeIntervalMs(checks), soakEndsAt);
  if (lastProbeAt === null || now >= dueAt) return act({ kind: 'probe', bundleId });
  const what = `${slot.bundleName} ${update.target.version}`;
  if (later.length > 0) {
    const names = later.map(({ manifest }) => manifest.name).join(', ');
    const why = trouble === null ? '' : `: ${trouble.reason}`;
    const waiting = `${what}: ${names} starts once what it depends on is healthy${why}.`;
    return { steps: [], waiting, wakeAtMs: dueAt };
  }
  return {
    steps: [],
    waiting:
      healthySince === null
        ? `${what} has started and is not healthy yet${trouble === null ? '' : `: ${trouble.reason}`}.`
        : `${what} is healthy; it is confirmed after ${Math.round(soak / 1000)} s of that.`,
    wakeAtMs: dueAt,
  };
};

/** What runs is healthy: those start that depend on nothing else, and are probed with the rest. */
const startNext = (bundleId: string, later: readonly PlannedContainer[]): Plan => {
  const names = new Set(later.map(({ manifest }) => manifest.name));
  const ready = later.filter(({ manifest }) => !manifest.dependsOn.some((name) => names.has(name)));
  return act(
    ...ready.map(({ spec }): Step => ({ kind: 'start-container', bundleId, name: spec.name })),
    { kind: 'begin-probe', bundleId },
  );
};

export const planRestore = (known: Known, slot: SlotKnown, update: Update): Plan => {
  const { bundleId, confirmed } = slot;
  const release = confirmed === null ? undefined : known.releases.get(confirmed.releaseDigest);
  if (confirmed !== null && release === undefined) {
    return act({ kind: 'fetch-release', bundleId, releaseDigest: confirmed.releaseDigest });
  }
  const containers =
    release === undefined || confirmed === null
      ? []
      : containersOfRelease(known, release, confirmed);
  const names = new Set(containers.map(({ spec }) => spec.name));
  const images =
    release === undefined || confirmed === null
      ? []
      : imageSteps(known, release, confirmed.releaseDigest, missingOf(known, bundleId, containers));
  return act(
    ...images,
    ...createSteps(known, bundleId, containers),
    ...stopOthers(known, bundleId, names, update.target),
    ...startSteps(known, bundleId, containers, new Set()),
    ...containersOf(known, bundleId)
      .filter(({ name }) => !names.has(name))
      .map(({ name }): Step => ({ kind: 'remove-container', bundleId, name })),
    { kind: 'record-failure', bundleId },
  );
};

/** Those of which no container exists: only they need their image. */
export const missingOf = (
  known: Known,
  bundleId: string,
  containers: readonly PlannedContainer[],
): PlannedContainer[] => {
  const names = new Set(containersOf(known, bundleId).map(({ name }) => name));
  return containers.filter(({ spec }) => !names.has(spec.name));
};
