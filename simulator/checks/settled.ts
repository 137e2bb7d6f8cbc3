/**
 * What must hold once all faults are over and time has passed: everything a device kept is in
 * Postgres once, every device is at its newest desired state, runs what it says it runs, and the
 * strangers on its host are as they were. Gives the first thing that is not so.
 */

import { labels } from '@signalbeam/edge/core/container';
import { planContainers } from '@signalbeam/edge/core/spec';
import type { ReportedBody } from '@signalbeam/sync/wire/rows';
import { laneKeyText } from '@signalbeam/telemetry-processor/ingest/statements';
import type { Device } from '../world/device.ts';
import type { World } from '../world/world.ts';
import { isRevoked } from './settled-site.ts';

const lanesOf = (world: World, device: Device): string | null => {
  for (const [name, lane] of device.disk.content.lanes) {
    const known = device.uplink?.acked(name) ?? lane.ackedSeq;
    const left = lane.lastSeq - Math.max(known, lane.ackedSeq);
    if (left > 0) return `${name} of device ${device.parts.number} has ${left} rows left`;
    const table = world.postgres.tables.get(
      laneKeyText({ deviceId: device.parts.deviceId, lane: name, epoch: lane.epoch }),
    );
    if (
      (table?.upTo ?? 0) !== lane.lastSeq ||
      (table !== undefined && table.hash !== lane.lastHash)
    )
      return `${name} of device ${device.parts.number} is not in Postgres as the device has it`;
  }
  return null;
};

/** What a report says that matters at rest; times and counts go on by themselves. */
const gist = ({ generation, slots, containers }: ReportedBody): string =>
  JSON.stringify([
    generation,
    slots.map(({ bundleId, version, runningVersion, status }) => [
      bundleId,
      version,
      runningVersion,
      status,
    ]),
    containers.map(({ name, state, health }) => [name, state, health]),
  ]);

/** Of two devices with one identity (a cloned disk) either may have spoken last. */
const reportOf = (world: World, device: Device): string | null => {
  const { deviceId, number } = device.parts;
  const own = device.reconciler?.reported() ?? null;
  const line = world.postgres.reports.get(deviceId)?.text;
  if (own === null) return `device ${number} has not looked at itself yet`;
  if (line === undefined) return `Postgres has no report of device ${number}`;
  if (world.devices.some((each) => each !== device && each.parts.deviceId === deviceId))
    return null;
  const { body } = JSON.parse(line) as { body: ReportedBody };
  return gist(body) === gist(own)
    ? null
    : `the newest report of device ${number} in Postgres is not what it says of itself`;
};

const slotsOf = (world: World, device: Device): string | null => {
  const { parts, disk } = device;
  const wanted = world.director.wanted.get(parts.deviceId);
  const who = `device ${parts.number}`;
  if ((disk.content.desired?.generation ?? 0) !== (wanted?.generation ?? 0))
    return `${who} is at generation ${disk.content.desired?.generation ?? 0} of ${wanted?.generation ?? 0}`;
  // Releases come over HTTP from the cloud: without an uplink of its own it gets none.
  if (parts.mesh?.wired === false) return null;
  for (const slot of disk.content.slots.values()) {
    if (slot.update !== null)
      return `${who} is still updating ${slot.bundleName} (${slot.update.phase})`;
    if (slot.wanted === null) return `${who} still has ${slot.bundleName}, which nobody wants`;
    const done = slot.confirmed?.releaseDigest === slot.wanted.releaseDigest;
    const failed =
      slot.failed?.target.releaseDigest === slot.wanted.releaseDigest &&
      slot.failed.requestedGeneration >= slot.wanted.requestedGeneration;
    if (!(done || failed))
      return `${who} neither runs nor refused ${slot.bundleName} ${slot.wanted.version}`;
    if (slot.confirmed === null) continue;
    const release = world.director.releases.get(slot.confirmed.releaseDigest)?.release;
    const planned =
      release === undefined
        ? []
        : planContainers(release, {
            deviceId: parts.deviceId,
            registryPort: 5_000,
            hash: () => '',
          });
    const running = [...parts.host.containers.values()].filter(
      (each) =>
        each.labels[labels.bundle] === slot.bundleId &&
        each.labels[labels.device] === parts.deviceId &&
        each.labels[labels.version] === slot.confirmed?.version &&
        each.state === 'running',
    );
    if (running.length < planned.length)
      return `${who} runs ${running.length} of ${planned.length} containers of ${slot.bundleName} ${slot.confirmed.version}`;
  }
  return null;
};

const strangersOf = (device: Device): string | null => {
  const { host, number } = device.parts;
  const theirs = [...host.containers.values()].find(({ name }) => name === 'theirs');
  if (theirs?.state !== 'running') return `the stranger on device ${number}'s host is gone`;
  const foreign = [...host.images.values()].filter(({ foreign: own }) => own).length;
  return foreign === host.foreignImages || device.tainted
    ? null
    : `images of others on device ${number}'s host are gone`;
};

export const unsettled = (world: World): string | null => {
  for (const device of world.devices) {
    if (device.retired || isRevoked(world, device)) continue;
    const open =
      device.process === null
        ? `device ${device.parts.number} is down`
        : (slotsOf(world, device) ??
          lanesOf(world, device) ??
          reportOf(world, device) ??
          strangersOf(device));
    if (open !== null) return open;
  }
  return null;
};
