/**
 * The invariants that are checked while a simulation runs, each at the moment when it could break.
 * The first violation ends the run. What each one is called here is what docs/simulation.md lists.
 */

import { isDeepStrictEqual } from 'node:util';
import { labels } from '@signalbeam/edge/core/container';
import type { SlotKnown, UpdatePhase } from '@signalbeam/edge/core/known';
import { isGap } from '@signalbeam/edge/store/lane-lines';
import type { Desired } from '@signalbeam/sync/core/manifest';
import { laneKeyText } from '@signalbeam/telemetry-processor/ingest/statements';
import type { Kernel } from '../kernel/kernel.ts';
import type { Device, DeviceParts } from '../world/device.ts';
import type { Director } from '../world/director.ts';
import type { HostContainer } from '../world/host.ts';
import type { IngestWatch } from '../world/ingest.ts';
import type { LaneTable, Postgres } from '../world/postgres.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { watchSoak } from './watch-soak.ts';

export type Violation = { invariant: string; text: string; at: number };

/** What a site comes to now and then, and not for long. */
export type SiteMoment = 'leaf-started' | 'leaf-stopped' | 'member-suspect' | 'member-dead';
/** `deciding`: a desired state is being written down, between two commits if they are two. */
export type Moment = UpdatePhase | 'agent-down' | 'deciding' | SiteMoment;

export type Checks = {
  ledger: Ledger;
  violation: Violation | null;
  fail(invariant: string, text: string): void;
  /** An update went into its next phase, or an agent died: faults that wait for it hear of it here. */
  momentCame: (device: Device, moment: Moment) => void;
  ingest: IngestWatch;
  /** A device is about to write down where a bundle stands, or to start a container. */
  slotSaving: (device: Device, slot: SlotKnown) => void;
  starting: (device: Device, container: HostContainer) => void;
  /** What a verified desired state's bytes hold. */
  opened: WeakMap<Uint8Array, Desired>;
  watchOf(device: () => Device): DeviceParts['watch'];
  /** Credit that this device heard of, and how far it knows its lane confirmed. */
  framePacked(
    device: Device,
    frame: { lane: string; epoch: string; lastSeq: number; gaps: boolean },
  ): void;
  creditHeard(device: Device, lane: string, epoch: string, upTo: number, credit: number): void;
};

export const createChecks = (world: {
  kernel: Kernel;
  postgres: Postgres;
  director: () => Director;
  /** Ingest knows that this device was revoked. */
  refuses: (deviceId: string) => boolean;
}): Checks => {
  const { kernel, postgres } = world;
  const ledger = createLedger();
  const heard = createHeard();
  const checks: Checks = {
    ledger,
    violation: null,
    opened: new WeakMap(),
    momentCame: () => undefined,
    slotSaving: () => undefined,
    starting: () => undefined,
    fail: (invariant, text) => {
      checks.violation ??= { invariant, text, at: kernel.now() };
      kernel.trace.note(`violated ${invariant}`, 0, 0);
    },
    ingest: {
      admitted: (deviceId) => {
        if (world.refuses(deviceId))
          checks.fail('revoked-refused', `a frame of ${deviceId} passed, which was revoked`);
      },
      committed: (table, fresh) => {
        const key = tableKey(table);
        let due = (table.lines.at(-fresh.length - 1)?.to ?? 0) + 1;
        for (const line of fresh) {
          if (line.from !== due)
            checks.fail(
              'exactly-once',
              `${key}: a line begins at ${line.from} where ${due} is due`,
            );
          due = line.to + 1;
          if (line.gap === null) ledger.commit(key, line.from, line.text);
          if (line.gap === 'lost-by-restore' && postgres.restores === 0)
            checks.fail(
              'honest-gaps',
              `${key}: rows ${line.from}–${line.to} are said to be lost by a restore`,
            );
          if (line.gap === null && !ledger.wrote(key, line.from, line.text))
            checks.fail(
              'as-written',
              `${key}: row ${line.from} was never written so by its device`,
            );
          if (line.to > ledger.last(key))
            checks.fail('as-written', `${key}: ${line.to} is beyond what its device wrote`);
        }
      },
    },
    watchOf: (device) => watchDevice(checks, world, device),
    creditHeard: (device, lane, epoch, upTo, credit) => {
      const known = heard.of(device, lane, epoch);
      known.credits.push(credit);
      if (known.credits.length > creditsMax) known.credits.shift();
      known.upTo = Math.max(known.upTo, upTo);
    },
    framePacked: (device, { lane, epoch, lastSeq, gaps }) => {
      const known = heard.of(device, lane, epoch);
      if (known.credits.length === 0 || gaps) return;
      const acked = Math.max(
        known.upTo,
        device.disk.content.lanes.get(lane as never)?.ackedSeq ?? 0,
      );
      const allowed = Math.max(...known.credits);
      if (lastSeq - acked > allowed)
        checks.fail(
          'credit',
          `${lane}: ${lastSeq - acked} rows are on their way, ${allowed} were granted`,
        );
    },
  };
  return checks;
};

/** The newest grants: an older one may still be on its way. */
const creditsMax = 4;

type Heard = { epoch: string; credits: number[]; upTo: number };

/** What each life of a device heard of each lane, under the epoch that the lane had then. */
const createHeard = () => {
  const lives = new Map<number, Map<string, Heard[]>>();
  return {
    of: ({ parts, boots }: Device, lane: string, epoch: string): Heard => {
      const life = boots * devicesMax + parts.number;
      const lanes = lives.get(life) ?? new Map<string, Heard[]>();
      lives.set(life, lanes);
      const all = lanes.get(lane) ?? [];
      lanes.set(lane, all);
      const known = all.find((each) => each.epoch === epoch);
      if (known !== undefined) return known;
      const fresh = { epoch, credits: [], upTo: 0 };
      all.push(fresh);
      return fresh;
    },
  };
};

const devicesMax = 1_000;

const tableKey = ({ device, lane, epoch }: LaneTable): string => `${device} ${lane} ${epoch}`;

type World = { postgres: Postgres; director: () => Director };

/** A lane in the ledger and in Postgres, put together once for each epoch: both are asked for at every row. */
const createNames = (device: () => Device) => {
  const names = new Map<string, { epoch: string; key: string; table: string }>();
  return (lane: string, epoch: string) => {
    const known = names.get(lane);
    if (known?.epoch === epoch) return known;
    const { number, deviceId } = device().parts;
    const table = laneKeyText({ deviceId, lane, epoch });
    const made = { epoch, key: `${number} ${lane} ${epoch}`, table };
    names.set(lane, made);
    return made;
  };
};

/** The order of the fields says nothing: reading what was signed orders them anew. */
const saysTheSame = (content: Desired, authored: string): boolean => {
  const text = JSON.stringify(content);
  return text === authored || isDeepStrictEqual(JSON.parse(text), JSON.parse(authored));
};

const watchDevice = (checks: Checks, world: World, device: () => Device): DeviceParts['watch'] => {
  const { postgres } = world;
  const namesOf = createNames(device);
  const keyOf = (lane: string, epoch: string): string => namesOf(lane, epoch).key;
  const tableOf = (lane: string, epoch: string): LaneTable | undefined =>
    postgres.tables.get(namesOf(lane, epoch).table);
  return {
    ...watchContainers(checks, world, device),
    appended: (lane, epoch, row) => {
      if (checks.ledger.write(keyOf(lane, epoch), row.seq, row.line) || device().tainted) return;
      checks.fail('one-name-one-row', `${keyOf(lane, epoch)}: ${row.seq} names two rows`);
    },
    confirming: (lane, upTo) => {
      const ever = tableOf(lane.lane, lane.epoch)?.everUpTo ?? 0;
      if (upTo > ever)
        checks.fail(
          'kept-until-committed',
          `${keyOf(lane.lane, lane.epoch)}: rows up to ${upTo} are forgotten, ${ever} were ever committed`,
        );
      const key = keyOf(lane.lane, lane.epoch);
      for (const { seq, line } of lane.rows) {
        if (seq > upTo) break;
        if (isGap(line) || checks.ledger.committed(key, seq, line)) continue;
        checks.fail(
          'kept-until-committed',
          `${key}: row ${seq} is forgotten, another was committed`,
        );
      }
    },
    lossNoted: (lane, upTo) => {
      if (postgres.restores === 0)
        checks.fail(
          'honest-gaps',
          `${keyOf(lane.lane, lane.epoch)}: a loss after ${upTo} is noted, and nothing was restored`,
        );
    },
    renumbered: (lane, from, to) => {
      if (!device().tainted && from.rows.length > 0)
        checks.fail(
          'epoch-without-cause',
          `${keyOf(lane, from.epoch)} began anew on a disk that was never exchanged`,
        );
      for (const row of to.rows) checks.ledger.write(keyOf(lane, to.epoch), row.seq, row.line);
    },
    desiredKept: (kept, before) => {
      const { parts } = device();
      const authored = world.director().authored.get(parts.deviceId)?.get(kept.generation);
      const content = checks.opened.get(kept.envelope);
      if (authored === undefined || content === undefined || !saysTheSame(content, authored))
        checks.fail(
          'signed-for-me',
          `device ${parts.number} took a generation ${kept.generation} that nobody signed for it`,
        );
      if (before !== null && kept.generation <= before.generation)
        checks.fail(
          'versions-grow',
          `device ${parts.number} went from generation ${before.generation} to ${kept.generation}`,
        );
      checks.momentCame(device(), 'deciding');
    },
    killed: (killed) => checks.momentCame(killed, 'agent-down'),
    booted: (booted) => {
      const { content } = booted.disk;
      if (content.desired === null) return;
      const desired = checks.opened.get(content.desired.envelope);
      for (const slot of desired?.slots ?? []) {
        const known = content.slots.get(slot.bundleId)?.wanted;
        if (
          known?.requestedGeneration !== slot.requestedGeneration ||
          known.version !== slot.version
        )
          checks.fail(
            'one-decision',
            `device ${booted.parts.number} is at generation ${content.desired.generation} without its slots`,
          );
      }
    },
  };
};

/** Versions that proved themselves on this device, newest last; their images must stay. */
type Proven = Map<string, string[]>;

const watchContainers = (
  checks: Checks,
  world: World,
  device: () => Device,
): Pick<DeviceParts['watch'], 'acting' | 'probed' | 'removingImage' | 'slotSaved'> => {
  const proven: Proven = new Map();
  const soak = watchSoak(checks.fail, world.director, device);
  const imagesOf = (digest: string): string[] =>
    (world.director().releases.get(digest)?.release.containers ?? []).map(({ image }) => image);
  return {
    probed: soak.probed,
    slotSaved: (slot, before) => {
      soak.slotSaved(slot, before);
      checks.slotSaving(device(), slot);
      if (slot.update !== null && slot.update.phase !== before?.update?.phase)
        checks.momentCame(device(), slot.update.phase);
      // Removed and wanted again: what proved itself in an earlier life is not owed any more.
      if (before === undefined) proven.delete(slot.bundleId);
      if (
        slot.confirmed === null ||
        slot.confirmed.releaseDigest === before?.confirmed?.releaseDigest
      )
        return;
      const all = proven.get(slot.bundleId) ?? [];
      proven.set(slot.bundleId, [...all.slice(-1), slot.confirmed.releaseDigest]);
    },
    acting: (act, container) => {
      const { parts, disk } = device();
      if (container.labels[labels.device] !== parts.deviceId) {
        checks.fail(
          'only-its-own',
          `device ${parts.number} was about to ${act} the stranger ${container.name}`,
        );
        return;
      }
      if (act === 'start') checks.starting(device(), container);
      const slot = disk.content.slots.get(container.labels[labels.bundle] ?? '');
      if (act !== 'stop' && act !== 'remove') return;
      if (container.state === 'running') judgeStop(checks, device(), slot, container);
    },
    removingImage: (digest) => {
      const { parts, disk } = device();
      // A disk from an old copy may say that this image was fetched here once: so it was.
      if (parts.host.images.get(digest)?.foreign === true && !device().tainted)
        checks.fail(
          'only-its-own',
          `device ${parts.number} was about to remove an image that it did not bring`,
        );
      for (const [bundle, releases] of proven) {
        const slot = disk.content.slots.get(bundle);
        if (slot === undefined || slot.wanted === null || device().tainted) continue;
        const needed = releases.flatMap(imagesOf);
        if (needed.some((image) => image.endsWith(digest)))
          checks.fail(
            'way-back',
            `device ${parts.number} was about to remove an image of a version that proved itself`,
          );
      }
    },
  };
};

const judgeStop = (
  checks: Checks,
  device: Device,
  slot: SlotKnown | undefined,
  container: HostContainer,
): void => {
  if (slot === undefined || slot.wanted === null || slot.confirmed === null) return;
  const version = container.labels[labels.version];
  if (version !== slot.confirmed.version || container.name.endsWith('-retired')) return;
  const { number, host } = device.parts;
  if (slot.update === null && slot.confirmed.releaseDigest === slot.wanted.releaseDigest) {
    checks.fail(
      'stays-in-force',
      `device ${number} was about to stop ${container.name}, which is what is wanted`,
    );
    return;
  }
  const target = slot.update?.target;
  if (slot.update?.phase === 'restore' || target === undefined) return;
  const there = [...host.containers.values()].some(
    (each) =>
      each.labels[labels.bundle] === slot.bundleId &&
      each.labels[labels.version] === target.version,
  );
  if (!there)
    checks.fail(
      'never-worse',
      `device ${number} was about to stop ${container.name} before ${target.version} was there`,
    );
};
