/**
 * In which order the containers of a bundle start: each after those it depends on, and in an update
 * only once those are healthy. What heals, or goes back, starts in the same order without waiting:
 * there the version has proved itself and being up soon counts. Pure.
 */
import { startOrder } from '@signalbeam/sync/core/dependencies';
import type { ContainerManifest } from '@signalbeam/sync/core/manifest';
import type { ObservedContainer } from './container.ts';
import type { PlannedContainer } from './spec.ts';

export const isRunning = ({ state }: ObservedContainer): boolean =>
  state === 'running' || state === 'restarting' || state === 'paused';

/** A circle, which no border lets in, holds nothing up: then the manifest's own order stands. */
export const inDependencyOrder = (
  containers: readonly ContainerManifest[],
): readonly ContainerManifest[] => {
  const order = startOrder(containers);
  if (order.kind === 'cycle') return containers;
  const place = new Map(order.names.map((name, index) => [name, index]));
  return containers.toSorted(
    (one, other) => (place.get(one.name) ?? 0) - (place.get(other.name) ?? 0),
  );
};

/**
 * Those that depend on others and were never started, in their order. One that `replaced` names is
 * another container by now.
 */
export const awaiting = (
  containers: readonly PlannedContainer[],
  observed: readonly ObservedContainer[],
  replaced: ReadonlySet<string> = new Set(),
): PlannedContainer[] => {
  const started = new Set(
    observed
      .filter((each) => !replaced.has(each.name) && (isRunning(each) || each.startedAt !== null))
      .map(({ name }) => name),
  );
  return containers.filter(
    ({ spec, manifest }) => manifest.dependsOn.length > 0 && !started.has(spec.name),
  );
};
