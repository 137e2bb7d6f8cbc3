/**
 * Everything there is in one simulation, joined: devices of one site, the hub, two replicas of
 * ingest over one Postgres, the director, and whoever listens in. Nothing happens by itself; the
 * workload and the faults are scheduled by `plan/`.
 */

import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { judgeBatch } from '@signalbeam/telemetry-processor/core/batch-positions';
import { senderOf } from '@signalbeam/telemetry-processor/ingest/decode';
import type { KnownDevice } from '@signalbeam/telemetry-processor/ingest/directory';
import type { Bug } from '../bugs/bug.ts';
import { type Checks, createChecks } from '../checks/watch.ts';
import { createKernel, type Kernel } from '../kernel/kernel.ts';
import type { Random } from '../kernel/random.ts';
import { type Broker, createBroker } from './broker.ts';
import { createPath, type Exchange } from './carrier.ts';
import { createChain } from './chain.ts';
import { createCheapNotary } from './cheap-notary.ts';
import { createDevice, type Device, type DeviceParts } from './device.ts';
import { createDirector, type Director } from './director.ts';
import {
  deviceIdOf,
  keysetOf,
  knownDevices,
  numberOf,
  site,
  tenantId,
  tenantKey,
} from './directory.ts';
import { type Content, emptyContent } from './disk.ts';
import { stockHost } from './host-stock.ts';
import { answerHello, createReplica, type IngestParts, type Replica } from './ingest.ts';
import type { Notary } from './notary.ts';
import { createPostgres, type Postgres } from './postgres.ts';
import { createRealNotary } from './real-notary.ts';
import { createSiteNotary } from './site-notary.ts';
import { createSiteWorld, type SiteWorld } from './site-world.ts';
import { createWorldRollouts, reportOf, type WorldRollouts } from './world-rollouts.ts';

export type World = {
  kernel: Kernel;
  notary: Notary;
  broker: Broker;
  postgres: Postgres;
  replicas: Replica[];
  director: Director;
  devices: Device[];
  checks: Checks;
  /** Null where the devices know nothing of each other. */
  site: SiteWorld | null;
  /** Null where nothing is rolled out. */
  rollouts: WorldRollouts | null;
  pressure: { value: number };
  extend: ReturnType<typeof createChain>;
  /** All faults are over: what had begun does not strike any more. */
  peace: boolean;
  /** The event in which an agent was killed last: it did not crash by itself then. */
  killedAtEvent: number;
  /** What came down lately, for whoever says it again. */
  overheard: { deviceId: string; bytes: Uint8Array }[];
  /** Desired states that once were in the bucket. */
  remembered: { deviceId: string; bytes: Uint8Array }[];
  /** The newest honest welcome of each device. */
  welcomes: Map<string, Uint8Array>;
  /** What ingest knows of the devices. */
  directory: Map<string, KnownDevice>;
  sendDown(deviceId: string, what: 'ack' | 'poke', bytes: Uint8Array): void;
  /** Another device from a copy of this one's disk. */
  clone(of: Device, content: Content): Device;
};

const overheardMax = 60;

export type WorldOptions = {
  seed: number;
  devices: number;
  realCrypto: boolean;
  bug: Bug;
  keepTrace: boolean;
  /** Its devices form a mesh and believe signed records. */
  mesh: boolean;
  /** Versions are rolled out, too; with `pairs`, never to both of a pair at once. */
  rollouts: { pairs: boolean } | null;
};

export const createWorld = (options: WorldOptions): World => {
  const kernel = createKernel(options.seed, { keepTrace: options.keepTrace });
  const notary = notaryOf(options, kernel);
  const broker = createBroker(kernel, kernel.random('broker'));
  const postgres = createPostgres();
  const pressure = { value: 0 };
  const extend = createChain();
  const checks = createChecks({
    ...{ kernel, postgres },
    director: () => world.director,
    refuses: (deviceId) => world.site?.checks.refused.has(deviceId) === true,
  });
  const directory = knownDevices(notary, options.devices);
  const ingest: IngestParts = {
    kernel,
    broker,
    postgres,
    notary,
    random: kernel.random('ingest'),
    devices: directory,
    numberOf,
    watch: checks.ingest,
    sendDown: (deviceId, what, bytes) => world.sendDown(deviceId, what, bytes),
    callSite: (withinMs) => toSite(world, 'call', { withinMs }),
    judge: options.bug.judge ?? judgeBatch,
    sender: options.bug.sender ?? senderOf,
    ...(options.bug.flaws === undefined ? {} : { flaws: options.bug.flaws }),
    pressure,
    extend,
    reported: (deviceId, epoch, { to: seq, text }) => {
      const where = { epoch, seq, receivedAtMs: kernel.now() };
      world.rollouts?.orchestrator.reported(deviceId, reportOf(text, where));
    },
  };
  const replicas = [createReplica(ingest), createReplica(ingest)];
  for (const replica of replicas) replica.start();
  const exchange = createExchange(kernel, broker, replicas, ingest, () => world);
  const shared = siteOf(options, { kernel, notary, checks, broker }, () => world);
  const director = createTruth(kernel, notary, () => world);
  const base = { extend, kernel, notary, broker, postgres, replicas, checks, pressure, director };
  const world: World = {
    ...emptyWorld(),
    ...base,
    site: shared,
    rollouts: rolloutsOf(options, { kernel, checks, postgres, director }, () => world),
    directory,
    ...waysDown(() => world, exchange, options.bug),
  };
  shared?.authority.publish();
  for (let number = 0; number < options.devices; number += 1) {
    const device = build(world, exchange, options.bug, number, emptyContent());
    world.devices.push(device);
    kernel.later(kernel.random(`start ${number}`).between(0, 5_000), device.boot);
  }
  return world;
};

const notaryOf = ({ realCrypto, mesh }: WorldOptions, { random }: Kernel): Notary => {
  if (realCrypto) return createRealNotary(random('keys'));
  return mesh ? createSiteNotary(random('keys')) : createCheapNotary(random('keys'));
};

/** What the devices share where they form a mesh. */
const siteOf = (
  { mesh, devices, realCrypto, bug }: WorldOptions,
  { kernel, notary, checks, broker }: Pick<World, 'kernel' | 'notary' | 'checks' | 'broker'>,
  world: () => World,
): SiteWorld | null =>
  mesh
    ? createSiteWorld({
        ...{ kernel, notary, checks, tenantId, site, realCrypto, bug },
        deviceIds: Array.from({ length: devices }, (_, number) => deviceIdOf(number)),
        devices: () => world().devices,
        put: (scope, name, bytes) => void broker.records.set(`${scope}.${name}`, bytes),
        poke: (snapshot) => toSite(world(), 'poke', { snapshot }),
      })
    : null;

const siteSubjects = {
  poke: deviceSubjects.downSite(site),
  call: deviceSubjects.callSite(site),
} as const;

const toSite = ({ devices }: World, what: keyof typeof siteSubjects, content: object): void => {
  const bytes = Buffer.from(JSON.stringify(content));
  for (const { carrier } of devices) carrier?.deliver(siteSubjects[what], bytes);
};

const rolloutsOf = (
  { rollouts, bug }: WorldOptions,
  parts: Pick<World, 'kernel' | 'checks' | 'postgres' | 'director'>,
  world: () => World,
): WorldRollouts | null => {
  if (rollouts === null) return null;
  const made = createWorldRollouts({
    ...{ ...parts, numberOf, pairs: rollouts.pairs },
    devices: () => world().devices,
    decide: bug.decide ?? {},
    onKilled: () => {
      world().killedAtEvent = parts.kernel.events();
      parts.kernel.turn();
    },
  });
  Object.assign(parts.checks, {
    slotSaving: made.checks.slotSaving,
    starting: made.checks.starting,
  });
  return made;
};

const emptyWorld = () => ({
  devices: [],
  peace: false,
  killedAtEvent: -1,
  overheard: [],
  remembered: [],
  welcomes: new Map<string, Uint8Array>(),
});

const createTruth = (kernel: Kernel, notary: Notary, world: () => World): Director =>
  createDirector({
    kernel,
    random: kernel.random('director'),
    notary,
    tenantId,
    directorKey: () => world().site?.authority.signer('director') ?? notary.signer('director'),
    releaseKey: notary.signer('release'),
    put: (deviceId, bytes) => {
      world().broker.records.set(deviceId, bytes);
      world().remembered.push({ deviceId, bytes });
      if (world().remembered.length > overheardMax) world().remembered.shift();
    },
    poke: (deviceId, generation) =>
      world().sendDown(deviceId, 'poke', Buffer.from(JSON.stringify({ generation }))),
    illShare: 0.25,
  });

/** Texts that are kept are found far faster than ones put together for each message. */
const subjects = { ack: new Map<string, string>(), poke: new Map<string, string>() };
const subjectOf = (deviceId: string, what: 'ack' | 'poke'): string => {
  const known = subjects[what].get(deviceId);
  if (known !== undefined) return known;
  const made = deviceSubjects.down(site, deviceId, what);
  subjects[what].set(deviceId, made);
  return made;
};

const lastToken = (subject: string): string => subject.slice(subject.lastIndexOf('.') + 1);

const waysDown = (
  world: () => World,
  exchange: Exchange,
  bug: Bug,
): Pick<World, 'sendDown' | 'clone'> => ({
  sendDown: (deviceId, what, bytes) => {
    if (what === 'ack') {
      world().overheard.push({ deviceId, bytes });
      if (world().overheard.length > overheardMax) world().overheard.shift();
    }
    for (const device of world().devices) {
      if (device.parts.deviceId === deviceId)
        device.carrier?.deliver(subjectOf(deviceId, what), bytes);
    }
  },
  clone: (of, content) => {
    const copy = build(world(), exchange, bug, of.parts.number, content);
    copy.tainted = true;
    of.tainted = true;
    world().devices.push(copy);
    copy.boot();
    return copy;
  },
});

const createExchange = (
  kernel: Kernel,
  broker: Broker,
  replicas: readonly Replica[],
  ingest: IngestParts,
  world: () => World,
): Exchange => ({
  store: (subject, bytes, stored) => broker.store(`${tenantKey}.${subject}`, bytes, stored),
  tell: (subject, bytes) => world().rollouts?.presence.heard(lastToken(subject), bytes),
  ask: (subject, bytes, answered) => {
    const deviceId = lastToken(subject);
    if (subject.startsWith('signalbeam.record.')) {
      const scope = subject.split('.').at(-2);
      const record = broker.records.get(deviceId) ?? broker.records.get(`${scope}.${deviceId}`);
      answered({
        kind: 'reply',
        bytes: record ?? new Uint8Array(),
        code: record === undefined ? 404 : 0,
      });
      return;
    }
    // The hub does not know that nobody listens beyond its account: who asks waits in vain.
    const replica = replicas.find((each) => each.running());
    if (replica === undefined) return;
    kernel.later(5, () => {
      const welcome = answerHello(ingest, subject, bytes);
      if (welcome === null && ingest.postgres.down) replica.unanswered();
      const stale = world().devices.find(
        (each) => each.parts.deviceId === deviceId && each.staleWelcome,
      );
      const said = stale === undefined ? welcome : (world().welcomes.get(deviceId) ?? welcome);
      if (stale !== undefined) stale.staleWelcome = false;
      else if (welcome !== null) world().welcomes.set(deviceId, welcome);
      if (said !== null) answered({ kind: 'reply', bytes: said, code: 0 });
    });
  },
});

const build = (
  world: World,
  exchange: Exchange,
  bug: Bug,
  number: number,
  content: Content,
): Device => {
  const { kernel, notary, checks } = world;
  const machine = world.devices.length;
  const name = `device ${machine}`;
  const random: Random = kernel.random(name);
  const deviceId = deviceIdOf(number);
  const clock = { offsetMs: 0, drift: 0 };
  const watch = checks.watchOf(() => device);
  const parts: DeviceParts = {
    kernel,
    number,
    machine,
    mesh: world.site?.partsOf(machine, number) ?? null,
    deviceId,
    tenantId,
    site,
    signer: notary.signer(`device ${number}`),
    keyset: keysetOf(notary),
    codec: notary.codec(() => `${random.int(2 ** 32)}-${random.int(2 ** 32)}`),
    records: notary.records,
    host: stockHost(deviceId, () => device.wall()),
    path: createPath(),
    exchange,
    random,
    clock,
    watch,
    fetchRelease: async (digest) => world.director.releases.get(digest)?.bytes ?? new Uint8Array(),
    sampleEveryMs: 15_000,
    sampling: () => !world.peace,
    onKilled: () => {
      world.killedAtEvent = kernel.events();
      kernel.turn();
    },
    capBytes: 150_000,
    extend: world.extend,
    bend: bendOf(bug, checks),
  };
  const device = createDevice(parts, content);
  return device;
};

const bendOf = (bug: Bug, checks: Checks): DeviceParts['bend'] => ({
  store: bug.store ?? ((store) => store),
  journal: bug.journal ?? ((journal) => journal),
  engine: bug.engine ?? ((engine) => engine),
  carrier: bug.carrier ?? ((carrier) => carrier),
  syncs: bug.syncs ?? true,
  beside: bug.beside ?? (() => undefined),
  codec: (codec, device) => {
    const watched: typeof codec = {
      ...codec,
      packFrame: (frame, signer) => {
        const gaps = frame.lines.some((line) => line.startsWith('{"gap":'));
        checks.framePacked(device, { ...frame.header, gaps });
        return codec.packFrame(frame, signer);
      },
      openWelcome: (bytes, keyset) => heard(codec.openWelcome(bytes, keyset)),
      openAcknowledgement: (bytes, keyset) => heard(codec.openAcknowledgement(bytes, keyset)),
    };
    const heard = <
      T extends ReturnType<typeof codec.openWelcome | typeof codec.openAcknowledgement>,
    >(
      opened: T,
    ): T => {
      if (opened.kind === 'opened' && opened.value.device === device.parts.deviceId) {
        for (const { lane, epoch, upTo, credit } of opened.value.lanes)
          checks.creditHeard(device, lane, epoch, upTo, credit);
      }
      return opened;
    };
    return bug.codec?.(watched, device) ?? watched;
  },
  records: (records, deviceId) => {
    const bent = bug.records?.(records, deviceId) ?? records;
    return {
      ...bent,
      openDesired: (bytes, keyset) => {
        const opened = bent.openDesired(bytes, keyset);
        if (opened.kind === 'opened') checks.opened.set(bytes, opened.value);
        return opened;
      },
    };
  },
});
