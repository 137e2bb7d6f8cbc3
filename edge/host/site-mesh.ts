/**
 * This device among the others of its site: what it serves them, who is there, who runs the leaf,
 * and the ways through them. Part of the composition root, loaded only where a mesh is switched on.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { timeFloorMs } from '@signalbeam/sync/core/time-floor';
import { openSiteKeyRecord } from '@signalbeam/sync/wire/records';
import { openSiteKey } from '@signalbeam/sync/wire/site-key';
import { type Candidate, type Choice, chooseGateway, nobody } from '../core/gateway-choice.ts';
import type { BrokerWays } from '../link/broker-ways.ts';
import type { GatewayRole } from '../link/gateway-role.ts';
import { startUplinkProbe } from '../link/uplink-probe.ts';
import type { BrokerWay, Way } from '../link/ways.ts';
import { startBeacon } from '../mesh/beacon.ts';
import { createDeviceCertificate, type DeviceCertificate } from '../mesh/certificate.ts';
import type { Claim } from '../mesh/claim.ts';
import { createMembers } from '../mesh/members.ts';
import { neighbourWay } from '../mesh/neighbour-way.ts';
import { createNeighbours } from '../mesh/neighbours.ts';
import { createPeerClient } from '../mesh/peer-client.ts';
import { startPeerServer } from '../mesh/peer-server.ts';
import type { PeerAddress } from '../mesh/peer-tls.ts';
import { createRecordSync } from '../mesh/record-sync.ts';
import { createRelay } from '../mesh/relay.ts';
import { startRollCall } from '../mesh/roll-call.ts';
import { ensurePrivateFolder, writePrivateFile } from '../store/files.ts';
import { openKnownPeers } from '../store/known-peers.ts';
import type { StartParts } from './parts.ts';
import type { Believed } from './site.ts';
import { systemTimers } from './timers.ts';

export type SiteMeshParts = StartParts & {
  listen: PeerAddress;
  trust: Believed;
  role: GatewayRole;
  dial: BrokerWays['dial'];
  /** What a neighbour may use of this device's own way. */
  broker: () => BrokerWay | null;
  onChange: () => void;
};

export type SiteMesh = {
  own: DeviceCertificate;
  /** Through other devices of the site: leafs that reach the cloud, then neighbours. */
  ways(): { leafs: Way[]; neighbours: Way[] };
  linkChanged(connected: boolean): void;
  /** The own leaf came, went, or saw the hub come or go. */
  leafChanged(): void;
  show(): SiteShown;
  stop(): Promise<void>;
};

/** What a person is shown of the site. */
export type SiteShown = {
  members: {
    deviceId: string;
    name: string;
    status: string;
    address: string;
    uplink: number;
    leaf: boolean;
    since: number;
  }[];
  gateway: { holder: string | null; why: string };
  counters: Record<string, number>;
};

const random = Math.random;
/** Liveness and leases are judged by a clock that never jumps. */
const monotonic = (): number => performance.now();
const compareEveryMs = 2_500;
const seedsEveryMs = 10_000;
/** A clock this far below what was signed already is no clock. */
const clockSlackMs = 24 * 3_600_000;
const claimedPeersMax = 64;
const neighboursMax = 4;

export const startSiteMesh = async (parts: SiteMeshParts): Promise<SiteMesh> => {
  const mesh = await openMesh(parts);
  const { rollCall, probe } = mesh;
  const cancelCompare = systemTimers.every(
    compareEveryMs,
    () => compareRecords(mesh),
    'background',
  );
  const unlisten = parts.trust.onChange((name) => {
    mesh.summary = mesh.sync.summary();
    rollCall.say();
    if (name === 'site/site-key') mesh.siteKeys = siteKeysOf(parts, mesh.siteKeys);
    if (name !== 'site/roster' && name !== 'tenant/revocation') return;
    mesh.members.refresh();
    mesh.known.retain(new Set(mesh.members.keys().keys()));
    mesh.server.recheck();
    decide(mesh);
  });
  const changed = (): void => {
    rollCall.say();
    decide(mesh);
  };
  mesh.canRunLeaf = await runs(parts.options['nats-server']);
  for (const { deviceId, host, port } of mesh.known.all()) rollCall.hint(deviceId, { host, port });
  void callSeeds(mesh, parts.options['mesh-peers']);
  decide(mesh);
  return {
    own: mesh.own,
    ways: () => waysOf(mesh),
    linkChanged: (connected) => {
      if (connected) mesh.neighbours.rest();
      else mesh.neighbours.seek();
      changed();
    },
    leafChanged: changed,
    show: () => shown(mesh),
    stop: async () => {
      mesh.stopped = true;
      unlisten();
      cancelCompare();
      mesh.cancelWake();
      probe.stop();
      mesh.beacon.stop();
      mesh.neighbours.rest();
      rollCall.stop();
      await mesh.server.stop();
    },
  };
};

type Mesh = Awaited<ReturnType<typeof openMesh>>;

/** Its parts, joined; nothing is decided yet. */
const openMesh = async (parts: SiteMeshParts) => {
  const { approved, identity, options, stores, trust, now, log } = parts;
  const own = createDeviceCertificate(identity.seed);
  const members = createMembers(trust.trust, approved.deviceId);
  const known = openKnownPeers(stores.state);
  const client = createPeerClient({ own });
  const remember = (deviceId: string, address: PeerAddress): void =>
    known.remember({ deviceId, ...address, heardAt: now() });
  const news = (): void => {
    if (!mesh.stopped) decide(mesh);
  };
  const server = await startPeerServer({
    listen: parts.listen,
    own,
    memberOf: members.of,
    records: { versions: trust.versions, read: trust.held },
    broker: parts.broker,
    relay: createRelay({ cloudUrl: approved.cloudUrl, now }),
    claims: (peer, to) => rollCall.serve(peer, to),
    now,
    log,
  });
  // From here on in one go, so that nothing is called before what it needs is there.
  const probe = startUplinkProbe({
    urls: approved.enrolment.nats.leafUrls,
    random,
    onChange: () => {
      rollCall.say();
      news();
    },
  });
  const rollCall = startRollCall({
    members,
    own,
    port: parts.listen.port,
    claim: () => claimOf(mesh),
    onChange: news,
    heard: remember,
    now: monotonic,
    random,
  });
  const sync = createRecordSync({ client, versions: trust.versions, offer: trust.take, now, log });
  const beacon = startBeacon({
    self: approved.deviceId,
    ...parts.listen,
    siteKeys: () => mesh.siteKeys,
    heard: rollCall.hint,
    now: monotonic,
    random,
    log,
  });
  const hubUrls = approved.enrolment.nats.hubUrls;
  const neighbours = createNeighbours({
    ...{ members, known, own, client, hubUrls, random, log, now },
    seeds: options['mesh-peers'],
    dial: parts.dial,
    onChange: parts.onChange,
  });
  const mesh = {
    parts,
    ...{ own, members, known, client, probe, rollCall, sync, server, beacon, neighbours },
    bootId: randomBytes(8).toString('hex'),
    startedAt: monotonic(),
    summary: sync.summary(),
    siteKeys: siteKeysOf(parts, []),
    canRunLeaf: false,
    choice: { holder: null, why: '', held: nobody, wakeAtMs: null } as Choice,
    cancelWake: (): void => {},
    stopped: false,
  };
  return mesh;
};

/** A device whose clock is below what was signed already can't be sure of any certificate. */
const clockIsKnown = ({ parts }: Mesh): boolean =>
  parts.now() >= timeFloorMs(parts.trust.trust().time) - clockSlackMs;

const claimOf = (mesh: Mesh): Claim => {
  const { parts, known } = mesh;
  const leaf = parts.role.leaf();
  const { gateway } = parts.options;
  return {
    v: 1,
    bootId: mesh.bootId,
    name: parts.approved.name,
    uplink: uplinkOf(mesh),
    willing: gateway !== 'never' && mesh.canRunLeaf && clockIsKnown(mesh),
    always: gateway === 'always',
    leafPort: leaf?.state().running === true ? leaf.port : null,
    linked: parts.broker() !== null,
    records: mesh.summary,
    peers: known
      .all()
      .slice(0, claimedPeersMax)
      .map(({ deviceId, host, port }) => [deviceId, host, port]),
  };
};

/** The leaf knows best: an open door says little about the hub behind it. */
const uplinkOf = ({ parts, probe, choice }: Mesh): number => {
  const leaf = parts.role.leaf();
  const settled = leaf !== null && choice.holder === parts.approved.deviceId;
  if (settled && leaf.state().settled)
    return leaf.state().hubConnected ? Math.max(64, probe.score()) : 0;
  return probe.score();
};

const decide = (mesh: Mesh): void => {
  const { parts, rollCall, probe } = mesh;
  if (mesh.stopped) return;
  mesh.cancelWake();
  const self = parts.approved.deviceId;
  const own = claimOf(mesh);
  const alive = rollCall.members().filter(({ status }) => status !== 'dead');
  const candidates: Candidate[] = [
    { deviceId: self, ...own, holds: own.leafPort !== null },
    ...alive.map(({ deviceId, claim }) => ({ deviceId, ...claim, holds: claim.leafPort !== null })),
  ];
  const before = mesh.choice;
  const choice = chooseGateway(candidates, before.held, mesh.startedAt, monotonic());
  mesh.choice = choice;
  if (choice.holder !== before.holder) {
    parts.log('info', 'The gateway of the site', { holder: choice.holder, why: choice.why });
  }
  if (choice.holder === self || own.always) parts.role.hold();
  else parts.role.release();
  const holder = candidates.find(({ deviceId }) => deviceId === choice.holder);
  probe.urgent(holder === undefined || holder.uplink === 0);
  if (choice.wakeAtMs !== null) {
    const delayMs = Math.max(50, choice.wakeAtMs - monotonic());
    mesh.cancelWake = systemTimers.after(delayMs, () => decide(mesh), 'background');
  }
  rollCall.say();
  parts.onChange();
};

const compareRecords = ({ rollCall, sync, summary }: Mesh): void => {
  for (const { deviceId, status, address, publicKey, claim } of rollCall.members()) {
    if (status === 'alive' && claim.records !== summary) {
      sync.compare(deviceId, { address, publicKey });
    }
  }
};

const waysOf = (mesh: Mesh): { leafs: Way[]; neighbours: Way[] } => {
  const { rollCall, choice, client, members, own, parts } = mesh;
  const alive = rollCall.members().filter(({ status }) => status !== 'dead');
  const leafs = alive
    .filter(({ claim }) => claim.leafPort !== null && claim.uplink > 0)
    .toSorted((a, b) => Number(b.deviceId === choice.holder) - Number(a.deviceId === choice.holder))
    .map(({ deviceId, publicKey, address, claim }): Way => {
      const port = claim.leafPort ?? 0;
      const url = `tls://${address.host}:${port}`;
      const way: Way = {
        key: `leaf ${deviceId} ${claim.bootId} ${url}`,
        via: 'leaf',
        through: `the leaf of ${claim.name}`,
        broker: null,
        open: async () => {
          const certificate = await client.certificate({ address, publicKey });
          way.broker = { kind: 'leaf', host: address.host, port, certificate };
          return parts.dial({ urls: [url], certificate }, 'leaf');
        },
      };
      return way;
    });
  const hubUrls = parts.approved.enrolment.nats.hubUrls;
  const linked = alive
    .filter(({ claim }) => claim.linked)
    .slice(0, neighboursMax)
    .map(({ deviceId, publicKey, address }) =>
      neighbourWay({
        ...{ deviceId, own, client, hubUrls },
        peer: { address, publicKey },
        memberOf: members.of,
        dial: parts.dial,
      }),
    );
  const others = mesh.neighbours
    .ways()
    .filter(({ key }) => linked.every((each) => each.key !== key));
  return { leafs, neighbours: [...linked, ...others] };
};

/**
 * Addresses from the command line say where, not who: the key that is proved says that. Those that
 * nobody of the site answers at are asked again, for the device or the roster may come later.
 */
const callSeeds = async (mesh: Mesh, seeds: readonly PeerAddress[]): Promise<void> => {
  const left: PeerAddress[] = [];
  for (const address of seeds) {
    const key = await mesh.client.identify(address).catch(() => null);
    const deviceId = key === null ? null : mesh.members.of(key);
    if (deviceId === null) left.push(address);
    else mesh.rollCall.hint(deviceId, address);
  }
  if (left.length === 0 || mesh.stopped) return;
  systemTimers.after(seedsEveryMs, () => void callSeeds(mesh, left), 'background');
};

/** The key in force and the one before it: members do not change over in one moment. */
const siteKeysOf = (
  { trust, approved, identity }: SiteMeshParts,
  before: readonly Uint8Array[],
): readonly Uint8Array[] => {
  const bytes = trust.held('site/site-key');
  const opened = bytes === null ? null : openSiteKeyRecord(bytes, trust.keyset());
  if (opened?.kind !== 'opened') return before;
  const { deviceId } = approved;
  const key = openSiteKey(opened.value, { deviceId, sealing: identity.sealing });
  return key === null ? before : [key, ...before].slice(0, 2);
};

const shown = (mesh: Mesh): SiteShown => ({
  members: mesh.rollCall.members().map(({ deviceId, status, address, claim, since }) => ({
    deviceId,
    name: claim.name,
    status,
    address: `${address.host}:${address.port}`,
    uplink: claim.uplink,
    leaf: claim.leafPort !== null,
    since: Math.round(Date.now() - (monotonic() - since)),
  })),
  gateway: { holder: mesh.choice.holder, why: mesh.choice.why },
  counters: {
    ...mesh.rollCall.counters(),
    ...mesh.server.counters(),
    ...Object.fromEntries(
      Object.entries(mesh.beacon.counters()).map(([name, count]) => [`beacons-${name}`, count]),
    ),
  },
});

const runs = (command: string): Promise<boolean> =>
  new Promise((resolve) => {
    execFile(command, ['--version'], { timeout: 5_000 }, (cause) => resolve(cause === null));
  });

/** Files for nats-server, which reads no other way; as private as the identity they come from. */
export const writeCertificate = (
  folder: string,
  seed: string,
): { certFile: string; keyFile: string } => {
  ensurePrivateFolder(folder);
  const { certificate, privateKey } = createDeviceCertificate(seed);
  const [certFile, keyFile] = [join(folder, 'device.pem'), join(folder, 'device.key')];
  writePrivateFile(certFile, certificate);
  writePrivateFile(keyFile, privateKey);
  return { certFile, keyFile };
};
