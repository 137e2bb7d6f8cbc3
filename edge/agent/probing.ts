/**
 * One round of probes over an update's containers, and the slower rounds that keep the health of
 * confirmed ones up to date. The agent drives probes itself on both engines, because Podman's own
 * never run without systemd.
 */
import type { Engine } from '../containers/engine.ts';
import type { ObservedContainer } from '../core/container.ts';
import { isComplete } from '../core/plan-steady.ts';
import { type Check, checkOf, type ProbeResult } from '../core/probe-verdict.ts';
import type { PlannedContainer } from '../core/spec.ts';
import type { ReconcilerParts } from './parts.ts';

/** A container that crashed this often while it was being verified will not get better. */
const crashesMax = 3;

const fromState = (
  container: PlannedContainer,
  observed: ObservedContainer | undefined,
): ProbeResult | null => {
  const { name, restart } = container.manifest;
  if (observed === undefined) {
    return { container: name, kind: 'unhealthy', reason: `${name} is gone`, final: false };
  }
  if (isComplete(restart, observed) && observed.exitCode === 0)
    return { container: name, kind: 'healthy' };
  const exit = observed.exitCode === null ? '' : ` with exit code ${observed.exitCode}`;
  if (observed.restartCount >= crashesMax) {
    const reason = `${name} crashed ${observed.restartCount} times${exit}`;
    return { container: name, kind: 'unhealthy', reason, final: true };
  }
  if (observed.state === 'running') return null;
  const ended = observed.state === 'exited' || observed.state === 'dead';
  const reason = ended ? `${name} ended${exit}` : `${name} is ${observed.state}`;
  return { container: name, kind: 'unhealthy', reason, final: ended && restart === 'no' };
};

export const probeRound = async (
  parts: ReconcilerParts,
  engine: Engine,
  containers: readonly PlannedContainer[],
  signal: AbortSignal,
): Promise<ProbeResult[]> => {
  const observed = await engine.list(parts.identity.deviceId);
  const byName = new Map(observed.map((each) => [each.name, each]));
  return Promise.all(
    containers.map(async (container): Promise<ProbeResult> => {
      const present = byName.get(container.spec.name);
      const verdict = fromState(container, present);
      if (verdict !== null || present === undefined) {
        return verdict ?? { container: container.manifest.name, kind: 'healthy' };
      }
      return probeOne(parts, engine, container, present, signal);
    }),
  );
};

const probeOne = async (
  parts: ReconcilerParts,
  engine: Engine,
  container: PlannedContainer,
  observed: ObservedContainer,
  signal: AbortSignal,
): Promise<ProbeResult> => {
  const check: Check = checkOf(container.manifest);
  const { name } = container.manifest;
  if (check.probe === null) return { container: name, kind: 'healthy' };
  const outcome = await parts.probe(engine, observed, check, signal);
  return outcome.kind === 'healthy'
    ? { container: name, kind: 'healthy' }
    : { container: name, kind: 'unhealthy', reason: `${name}: ${outcome.reason}`, final: false };
};
