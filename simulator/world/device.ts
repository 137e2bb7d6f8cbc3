/**
 * A device: its disk, its container host, its clock and path to the hub, and the agent that lives on
 * it. The agent is the real one (uplink, downlink, heartbeat, outage log, outbox, reconciler) over
 * simulated ports. It is born, killed between any two effects, and born again from what the disk held.
 */

import type { Reconciler } from '@signalbeam/edge/agent/reconciler';
import { startReconciler } from '@signalbeam/edge/agent/reconciler';
import type { RecordReader } from '@signalbeam/edge/agent/records';
import type { Engine } from '@signalbeam/edge/containers/engine';
import { labels, type ObservedContainer } from '@signalbeam/edge/core/container';
import type { UplinkCodec } from '@signalbeam/edge/link/codec';
import type { Uplink } from '@signalbeam/edge/link/up';
import type { Journal } from '@signalbeam/edge/store/journal';
import type { LaneStore } from '@signalbeam/edge/store/lanes';
import { type Outbox, openOutbox, queueLanes, stateLanes } from '@signalbeam/edge/store/outbox';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { RecordName } from '@signalbeam/sync/core/records';
import type { Signer } from '@signalbeam/sync/wire/keys';
import type { Keyset } from '@signalbeam/sync/wire/records';
import type { MetricsBody } from '@signalbeam/sync/wire/rows';
import type { Kernel } from '../kernel/kernel.ts';
import { createProcess, type Process } from '../kernel/process.ts';
import type { Random } from '../kernel/random.ts';
import { type Exchange, isClear, type Path, type SimulatedCarrier } from './carrier.ts';
import { startLinkOf } from './device-link.ts';
import { type Content, createDisk, type Disk } from './disk.ts';
import { createEngine, type EngineWatch } from './engine.ts';
import type { Host } from './host.ts';
import { createJournal, type JournalWatch } from './journal.ts';
import { createLaneStore, type LaneStoreParts, type LaneWatch } from './lane-store.ts';
import type { SiteLife, SiteParts } from './site-life.ts';
import { openSiteTrust } from './site-trust.ts';
import { createUploads } from './uploads.ts';

export type Clock = { offsetMs: number; drift: number };

export type DeviceParts = {
  kernel: Kernel;
  number: number;
  /** Which machine it is: a clone has its number and another place. */
  machine: number;
  deviceId: string;
  tenantId: string;
  site: string;
  signer: Signer;
  keyset: Keyset;
  codec: UplinkCodec;
  records: RecordReader;
  host: Host;
  path: Path;
  exchange: Exchange;
  random: Random;
  clock: Clock;
  watch: LaneWatch &
    JournalWatch &
    EngineWatch & {
      booted(device: Device): void;
      killed(device: Device): void;
      probed(container: ObservedContainer, healthy: boolean): void;
    };
  /** HTTP to the cloud. */
  fetchRelease: (digest: string) => Promise<Uint8Array>;
  sampleEveryMs: number;
  sampling: () => boolean;
  onKilled: () => void;
  capBytes: number;
  /** The running hash of lanes. */
  extend: NonNullable<LaneStoreParts['extend']>;
  /** The others of its site, where they form a mesh. */
  mesh: SiteParts | null;
  /** Planted bugs wrap what the agent is given. */
  bend: Bend;
};

export type Bend = {
  store: (store: LaneStore, device: Device) => LaneStore;
  journal: (journal: Journal, device: Device) => Journal;
  engine: (engine: Engine, device: Device) => Engine;
  carrier: (carrier: SimulatedCarrier, outbox: Outbox) => SimulatedCarrier;
  codec: (codec: UplinkCodec, device: Device) => UplinkCodec;
  records: (records: RecordReader, deviceId: string) => RecordReader;
  syncs: boolean;
  /** A process of its own that misbehaves. */
  beside: (device: Device, life: Process) => void;
};

export type Device = {
  parts: DeviceParts;
  disk: Disk;
  process: Process | null;
  carrier: SimulatedCarrier | null;
  uplink: Uplink | null;
  reconciler: Reconciler | null;
  outbox: Outbox | null;
  engine: Engine | null;
  /** What this life believes and sees of its site. */
  site: SiteLife | null;
  /** The highest version of each record that was believed on this disk. */
  highest: Map<RecordName, number>;
  /** It is no member any more: its agent ends, and what runs goes on. */
  retired: boolean;
  wall(): number;
  /** Effects until it is killed; 0 when nothing is planned. */
  fuse: number;
  boots: number;
  boot(): void;
  kill(how: 'killed' | 'power'): void;
  retire(): void;
  /** Another disk is put in. */
  replaceDisk(content: Content): void;
  /** Its disk held an older state or another device's since it was told apart last. */
  tainted: boolean;
  /** Its next greeting is answered with an old welcome. */
  staleWelcome: boolean;
};

/** 2026-01-01, where clocks that are right begin. */
const startAt = 1_767_225_600_000;

const emptyBody: MetricsBody = {
  cpuPercent: null,
  memoryPercent: null,
  memoryUsedBytes: null,
  diskPercent: null,
  diskUsedBytes: null,
  networkReceivedBytes: null,
  networkSentBytes: null,
  loadAverage: null,
  temperatureCelsius: null,
  uptimeSeconds: null,
};

export const createDevice = (parts: DeviceParts, content: Content): Device => {
  const { kernel, clock } = parts;
  const device: Device = {
    parts,
    disk: createDisk(content),
    process: null,
    carrier: null,
    uplink: null,
    reconciler: null,
    outbox: null,
    engine: null,
    site: null,
    highest: new Map(),
    retired: false,
    fuse: 0,
    boots: 0,
    tainted: false,
    staleWelcome: false,
    wall: () =>
      Math.min(
        8e15,
        Math.max(0, Math.floor(startAt + kernel.now() * (1 + clock.drift) + clock.offsetMs)),
      ),
    boot: () => {
      if (device.process === null && !device.retired) bootAgent(device);
    },
    kill: (how) => {
      if (device.process === null) return;
      device.process.kill();
      device.process = null;
      device.carrier = null;
      device.uplink = null;
      device.reconciler = null;
      device.site = null;
      device.fuse = 0;
      const next = createDisk(how === 'power' ? device.disk.durable() : device.disk.image());
      next.full = device.disk.full;
      next.failing = device.disk.failing;
      device.disk.orphaned = true;
      device.disk = next;
      kernel.trace.note(how, parts.number, device.boots);
      parts.watch.killed(device);
      // Whoever goes through it notices at once.
      for (const each of parts.mesh?.devices() ?? []) each.carrier?.pathChanged();
    },
    retire: () => {
      if (device.process?.dead !== false) return;
      device.retired = true;
      device.kill('killed');
    },
    replaceDisk: (to) => {
      const next = createDisk(to);
      next.full = device.disk.full;
      device.disk = next;
      device.tainted = true;
      device.highest = new Map();
    },
  };
  return device;
};

/** Counts down to a planned death. What the dead life still does happens on a disk that is gone. */
const effectOf = (device: Device, life: Process) => (): void => {
  if (life.dead || device.fuse === 0) return;
  device.fuse -= 1;
  // Whatever failed by itself is reported before the death that excuses what fails in it.
  if (device.fuse === 1) device.parts.kernel.turn();
  if (device.fuse > 0) return;
  device.kill('killed');
  device.parts.onKilled();
  const { kernel, random } = device.parts;
  kernel.later(random.between(500, 5_000), () => device.boot());
};

const bootAgent = (device: Device): void => {
  const { parts, disk } = device;
  const { kernel, bend } = parts;
  const life = createProcess(kernel);
  device.process = life;
  device.boots += 1;
  kernel.trace.note('boot', parts.number, device.boots);
  kernel.settled();
  const effect = effectOf(device, life);
  disk.onCommit = effect;
  disk.onFailure = kernel.turn;
  disk.syncing = bend.syncs;
  parts.watch.booted(device);
  const stores = openStores(device);
  const soon = (run: () => void): void => {
    life.after(0, () => {
      kernel.settled();
      run();
    });
  };
  const outbox = openOutbox({
    ...stores,
    now: device.wall,
    soon,
    caps: { eventsBytes: 400_000, reportedBytes: 100_000, metricsBytes: parts.capBytes },
  });
  device.outbox = outbox;
  const bootId = `boot-${parts.number}-${device.boots}`;
  outbox.appendEvent({
    type: 'agent-started',
    severity: 'info',
    message: 'The agent started.',
    data: { bootId },
  });
  if (life.dead) return;
  if (parts.mesh !== null) {
    const trust = openSiteTrust(device, parts.mesh);
    const nothing = () => null;
    if (life.dead) return;
    device.site = {
      ...{ trust, shell: null, leafRuns: false, holder: null },
      ...{ broker: nothing, via: nothing },
    };
  }
  device.reconciler = startWork(device, life, effect, bootId);
  if (life.dead) return;
  startLinkOf(device, { life, effect, bootId });
  if (life.dead) return;
  sample(device, life);
  bend.beside(device, life);
};

/** 8 hex digits. */
const word = (random: Random): string =>
  random
    .int(2 ** 32)
    .toString(16)
    .padStart(8, '0');

const openStores = (device: Device) => {
  const { parts, disk } = device;
  const open = (lanes: typeof stateLanes | typeof queueLanes, reserved: boolean) =>
    parts.bend.store(
      createLaneStore({
        disk,
        lanes,
        reserved,
        newEpoch: () => word(parts.random) + word(parts.random),
        watch: parts.watch,
        extend: parts.extend,
      }),
      device,
    );
  return { state: open(stateLanes, true), queue: open(queueLanes, false) };
};

const log = (): void => undefined;

const startWork = (
  device: Device,
  life: Process,
  effect: () => void,
  bootId: string,
): Reconciler => {
  const { parts, disk } = device;
  const { kernel, host, bend, random } = parts;
  const outbox = device.outbox as Outbox;
  const engine = bend.engine(
    createEngine({
      kernel,
      host,
      process: life,
      watch: parts.watch,
      effect,
      served: (reference) =>
        disk.content.stored.has(`signalbeam.local${reference.slice(reference.indexOf('/'))}`),
    }),
    device,
  );
  device.engine = engine;
  const wait = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      life.after(delayMs, () => {
        kernel.settled();
        resolve();
      });
    });
  return startReconciler({
    identity: { deviceId: parts.deviceId, tenantId: parts.tenantId },
    agentVersion: '0.1.0',
    bootId,
    journal: bend.journal(createJournal(disk, parts.watch), device),
    engines: {
      current: () => (host.down ? null : engine),
      describe: () => ({ kind: 'docker', version: '29.0.0', reachable: !host.down }),
      limits: () => ({ memory: true, cpu: true }),
      lost: () => undefined,
    },
    uploads: createUploads(device, wait),
    registryPort: 5_000,
    keyset: device.site?.trust.keyset ?? (() => parts.keyset),
    records: bend.records(parts.records, parts.deviceId),
    openSecret: () => null,
    fetchRelease: async (digest) => {
      await wait(random.between(50, 800));
      if (!isClear(parts.path) || parts.mesh?.wired === false)
        throw new FleetError('cloud-unreachable', 'The cloud is not reached.');
      return parts.fetchRelease(digest);
    },
    probe: async (_engine, container) => {
      await wait(20);
      const name = `${container.labels[labels.container]}@${container.labels[labels.version]}`;
      const healthy = !host.ill.has(name) && !host.probesFail;
      parts.watch.probed(container, healthy);
      return healthy
        ? { kind: 'healthy' }
        : { kind: 'unhealthy', reason: 'the probe found nobody' };
    },
    outbox,
    hold: () => null,
    holdUpdates: () =>
      outbox.eventsFull()
        ? 'Too many events wait to be sent.'
        : (device.site?.trust.hold() ?? null),
    now: device.wall,
    random: random.next,
    timers: life.timers,
    log,
  });
};

/** As `edge/host/sampling` does it, with readings that cost nothing to take. */
const sample = (device: Device, life: Process): void => {
  const { parts } = device;
  let taken = 0;
  const take = (): void => {
    life.after(parts.sampleEveryMs, take);
    if (!parts.sampling() && taken % 4 === 0) return;
    const outbox = device.outbox as Outbox;
    outbox.addMetrics({ ...emptyBody, uptimeSeconds: taken }, device.wall());
    taken += 1;
    if (taken % 4 !== 0) return;
    try {
      outbox.flush();
    } catch {
      parts.kernel.trace.note('samples not stored', parts.number, taken);
    }
  };
  life.after(parts.sampleEveryMs, take);
};
