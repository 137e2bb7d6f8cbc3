/**
 * This device among the others of its site: what it serves them, who is there, who runs the leaf,
 * and the ways through them. Part of the composition root, loaded only where a mesh is switched on;
 * each part decides for itself, here they are joined.
 */
import type { BrokerWays } from '../link/broker-ways.ts';
import type { GatewayRole } from '../link/gateway-role.ts';
import type { BrokerWay, Way } from '../link/ways.ts';
import { startBeacon } from '../mesh/beacon.ts';
import { startCatchUp } from '../mesh/catch-up.ts';
import type { DeviceCertificate } from '../mesh/certificate.ts';
import { startDiscovery } from '../mesh/discovery.ts';
import { createNeighbours } from '../mesh/neighbours.ts';
import type { PeerAddress } from '../mesh/peer-tls.ts';
import { type SiteShown, showSite } from '../mesh/shown.ts';
import { isHere } from '../mesh/site-members.ts';
import { leafWays, neighbourWays } from '../mesh/site-ways.ts';
import type { StartParts } from './parts.ts';
import type { Believed } from './site.ts';
import { joinMesh, type Membership } from './site-membership.ts';
import { openSitePeers, type SitePeers } from './site-peers.ts';
import { steadyMs, systemTimers } from './timers.ts';

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

const random = Math.random;
/** Addresses of this device and of others change without a word: they are looked at this often. */
const lookEveryMs = 10_000;

export const startSiteMesh = async (parts: SiteMeshParts): Promise<SiteMesh> => {
  const peers = await openSitePeers(parts);
  const unreadable = { from: (_: PeerAddress): void => undefined };
  const mesh = await joinMesh(parts, peers, (from) => unreadable.from(from));
  const others = findOthers(parts, peers, mesh);
  unreadable.from = others.catchUp.unreadable;
  const unfollow = followTrust(parts, peers, mesh);
  peers.keys.onDropped(() => mesh.shell.rotate(peers.keys.all()));
  const cancelLook = systemTimers.every(
    lookEveryMs,
    () => {
      mesh.say();
      remember(parts, peers, mesh);
    },
    'background',
  );
  mesh.tellRecords();
  mesh.role.decide();
  return {
    own: peers.own,
    ways: () => waysOf(parts, peers, mesh, others),
    linkChanged: (connected) => {
      const { holder } = mesh.role.choice();
      if (connected) others.neighbours.rest();
      else others.neighbours.seek();
      if (!connected && holder !== null) mesh.shell.tell({ kind: 'doubt', device: holder });
      mesh.decideSoon();
    },
    leafChanged: mesh.decideSoon,
    show: () => shown(peers, mesh, others),
    stop: async () => {
      unfollow();
      peers.keys.stop();
      cancelLook();
      for (const each of [others.beacon, others.catchUp, others.discovery]) each.stop();
      others.neighbours.rest();
      await mesh.stop();
      await peers.server.stop();
    },
  };
};

type Others = ReturnType<typeof findOthers>;

/** How the others are found, and reached where datagrams do not pass. */
const findOthers = (parts: SiteMeshParts, peers: SitePeers, { shell, seen }: Membership) => {
  const { log, now, options, approved } = parts;
  const { known, members, client, sync, own } = peers;
  const seeds = options['mesh-peers'];
  const discovery = startDiscovery({
    ...{ known, seeds },
    hints: (addresses) => shell.tell({ kind: 'hints', addresses }),
  });
  return {
    discovery,
    beacon: startBeacon({
      ...peers.mesh,
      ...{ self: peers.self, random, log },
      siteKeys: peers.keys.all,
      heard: discovery.hint,
      now: steadyMs,
    }),
    catchUp: startCatchUp({
      ...{ members, client, sync, random },
      alone: () => !seen().some(isHere),
      addresses: discovery.addresses,
      now: steadyMs,
    }),
    neighbours: createNeighbours({
      ...{ members, known, own, client, random, log, now, seeds },
      hubUrls: approved.enrolment.nats.hubUrls,
      dial: parts.dial,
      onChange: parts.onChange,
    }),
  };
};

const followTrust = ({ trust }: SiteMeshParts, peers: SitePeers, mesh: Membership): (() => void) =>
  trust.onChange((name) => {
    mesh.tellRecords();
    // Without a key set, as between a new root and its first one, no site key could be opened.
    if (name === 'site/site-key' || name === 'tenant/keyset') {
      peers.keys.refresh();
      mesh.shell.rotate(peers.keys.all());
    }
    if (name !== 'site/roster' && name !== 'tenant/revocation') return;
    peers.members.refresh();
    peers.known.retain(new Set(peers.members.keys().keys()));
    peers.server.recheck();
    mesh.shell.tell({ kind: 'roster', roster: peers.members.roster() });
    mesh.decideSoon();
  });

const remember = ({ now }: SiteMeshParts, { known }: SitePeers, { seen }: Membership): void => {
  for (const { deviceId, peer, status } of seen()) {
    if (peer !== null && status === 'alive') known.remember({ deviceId, ...peer, heardAt: now() });
  }
};

const waysOf = (
  { approved, dial }: SiteMeshParts,
  { self, members, own, client }: SitePeers,
  { seen, role }: Membership,
  { neighbours }: Others,
): { leafs: Way[]; neighbours: Way[] } => {
  const ways = { self, members, own, client, dial, hubUrls: approved.enrolment.nats.hubUrls };
  const there = seen();
  const linked = neighbourWays(ways, there);
  // Those that were found by asking serve where the mesh does not carry.
  const others = neighbours.ways().filter(({ key }) => linked.every((each) => each.key !== key));
  return {
    leafs: leafWays(ways, there, role.choice().holder),
    neighbours: [...linked, ...others],
  };
};

const shown = (
  { server }: SitePeers,
  { seen, changedAt, role, shell, warnings }: Membership,
  { beacon }: Others,
): SiteShown =>
  showSite({
    members: seen(),
    since: changedAt,
    choice: role.choice(),
    waiting: shell.waiting(),
    warnings: warnings.recent(),
    counters: {
      ...shell.counters(),
      ...prefixed('https', server.counters()),
      ...prefixed('beacons', beacon.counters()),
    },
  });

const prefixed = (
  prefix: string,
  counters: Readonly<Record<string, number>>,
): Record<string, number> =>
  Object.fromEntries(Object.entries(counters).map(([name, count]) => [`${prefix}-${name}`, count]));
