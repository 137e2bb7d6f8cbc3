/**
 * What a simulated device makes of its desired state: the phases of an update that the agent goes
 * through, without an engine. Decisions by value: `(workload, now) → workload`, with the journal's own
 * slots (edge/core) and its own account of them. Whether a version is bad here is the seed's word.
 */
import { slotsAfter } from '@signalbeam/edge/agent/accept';
import { labels, type ObservedContainer } from '@signalbeam/edge/core/container';
import type { Known, SlotKnown, Update, UpdatePhase } from '@signalbeam/edge/core/known';
import { closedFor } from '@signalbeam/edge/core/maintenance';
import { reportContainers, reportSlots } from '@signalbeam/edge/core/report';
import type { Desired, Slot } from '@signalbeam/sync/core/manifest';
import type { ReportedBody } from '@signalbeam/sync/wire/rows';

export type Workload = { generation: number; slots: readonly SlotKnown[] };

/** How long each phase takes here, and whether a release is bad on this device. */
export type Temper = {
  phaseMs: (phase: UpdatePhase) => number;
  isBad: (digest: string) => boolean;
};

export const emptyWorkload: Workload = { generation: 0, slots: [] };

const targetOf = ({ version, releaseDigest }: Slot) => ({ version, releaseDigest });

const begin = (wanted: Slot, now: number): Update => ({
  target: targetOf(wanted),
  rolloutId: wanted.rolloutId,
  requestedGeneration: wanted.requestedGeneration,
  phase: 'prepare',
  phaseStartedAt: now,
  healthySince: null,
  probeFailures: 0,
  lastProbeAt: null,
  lastTrouble: null,
  failure: null,
});

const isSettled = ({ wanted, confirmed, failed }: SlotKnown): boolean =>
  wanted === null ||
  confirmed?.releaseDigest === wanted.releaseDigest ||
  (failed?.target.releaseDigest === wanted.releaseDigest &&
    failed.requestedGeneration >= wanted.requestedGeneration);

const start = (slot: SlotKnown, now: number): SlotKnown => {
  const { wanted } = slot;
  if (wanted === null || isSettled(slot)) return { ...slot, update: null };
  if (slot.update?.target.releaseDigest === wanted.releaseDigest) return slot;
  return { ...slot, update: begin(wanted, now) };
};

export const takeDesired = (workload: Workload, desired: Desired, now: number): Workload => ({
  generation: desired.generation,
  slots: slotsAfter(workload.slots, desired)
    // What it no longer wants is gone at once: there is nothing to stop.
    .filter(({ wanted }) => wanted !== null)
    .map((slot) => start(slot, now)),
});

const finish = (slot: SlotKnown, update: Update): SlotKnown => ({
  ...slot,
  previous: slot.confirmed,
  confirmed: update.target,
  update: null,
  failed: null,
});

const giveUp = (
  slot: SlotKnown,
  { target, requestedGeneration, rolloutId }: Update,
): SlotKnown => ({
  ...slot,
  update: null,
  failed: {
    target,
    requestedGeneration,
    rolloutId,
    reason: `${target.version} is not healthy: the probe of web was answered 500.`,
    logTail: ['listening on :8080', 'error: this simulated device does not like this version'],
  },
});

const nextPhase: Readonly<Partial<Record<UpdatePhase, UpdatePhase>>> = {
  prepare: 'swap',
  swap: 'probe',
};

const advanceSlot = (slot: SlotKnown, temper: Temper, now: number): SlotKnown => {
  const { update } = slot;
  if (update === null || now < update.phaseStartedAt + temper.phaseMs(update.phase)) return slot;
  if (update.phase === 'prepare' && closedFor(slot, now) !== null) return slot;
  const next = nextPhase[update.phase];
  if (next !== undefined)
    return { ...slot, update: { ...update, phase: next, phaseStartedAt: now } };
  if (update.phase === 'restore') return giveUp(slot, update);
  return temper.isBad(update.target.releaseDigest)
    ? { ...slot, update: { ...update, phase: 'restore', phaseStartedAt: now } }
    : finish(slot, update);
};

/** The same object when nothing is due. */
export const advance = (workload: Workload, temper: Temper, now: number): Workload => {
  const slots = workload.slots.map((slot) => advanceSlot(slot, temper, now));
  const changed = slots.some((slot, index) => slot !== workload.slots[index]);
  return changed ? { ...workload, slots } : workload;
};

export const isBusy = ({ slots }: Workload): boolean => slots.some(({ update }) => update !== null);

const containerOf = (deviceId: string, { bundleId, bundleName, confirmed }: SlotKnown) =>
  confirmed === null
    ? []
    : [
        {
          id: `${bundleId}-web`,
          name: `sb-${bundleName}-web`,
          imageDigest: '',
          imageId: '',
          state: 'running' as const,
          exitCode: null,
          restartCount: 0,
          startedAt: null,
          oomKilled: false,
          labels: {
            [labels.device]: deviceId,
            [labels.bundle]: bundleId,
            [labels.container]: 'web',
            [labels.version]: confirmed.version,
          },
        } as unknown as ObservedContainer,
      ];

const knownOf = (deviceId: string, { slots }: Workload): Known => ({
  deviceId,
  slots,
  releases: new Map(),
  observed: slots.flatMap((slot) => containerOf(deviceId, slot)),
  presentImages: new Set(),
  storedImages: new Set(),
  limits: { memory: true, cpu: true },
  registryPort: 0,
  preparing: new Set(),
  retries: new Map(),
  hold: null,
  holdUpdates: null,
  hash: (text) => text,
});

/** The device's own account, as the agent gives it. */
export const reportOf = (
  device: { deviceId: string; bootId: string; agentVersion: string },
  workload: Workload,
  now: number,
): ReportedBody => {
  const known = knownOf(device.deviceId, workload);
  return {
    generation: workload.generation,
    bootId: device.bootId,
    agentVersion: device.agentVersion,
    engine: { kind: 'docker', version: 'simulated', reachable: true },
    waiting: '',
    slots: reportSlots(known, now),
    containers: reportContainers(known, new Map()),
  };
};
