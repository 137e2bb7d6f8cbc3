/**
 * Which ways this device has to the cloud, and the leaf it may run: part of the composition root.
 * Without a mesh the command line says it: a leaf of its own, the leaf it was told of, or the hub.
 * With one, the site's other devices are ways too; all that belongs to it is loaded only then.
 */
import { join } from 'node:path';
import type { RecordName } from '@signalbeam/sync/core/records';
import { admittedMembers } from '@signalbeam/sync/core/trust';
import { createBrokerWays } from '../link/broker-ways.ts';
import { createGatewayRole } from '../link/gateway-role.ts';
import type { Leaf } from '../link/leaf.ts';
import type { LeafListen } from '../link/leaf-config.ts';
import type { Link } from '../link/link.ts';
import type { Way } from '../link/ways.ts';
import type { SiteShown } from '../mesh/shown.ts';
import type { TrustStore } from '../store/trust.ts';
import { defaultLeafPort } from './options.ts';
import type { StartParts } from './parts.ts';
import type { SiteMesh } from './site-mesh.ts';

export type Believed = Pick<
  TrustStore,
  'trust' | 'keyset' | 'versions' | 'held' | 'root' | 'onChange'
> & {
  /** Offers what a member brought. */
  take(name: RecordName, bytes: Uint8Array): 'accepted' | 'unchanged' | 'refused';
};

export type Site = {
  leaf(): Leaf | null;
  /** The others of the site; null without a mesh. */
  show(): SiteShown | null;
  /** From now on the link is told of every change of ways, and of the hub as the own leaf sees it. */
  join(link: Link): void;
  /** The link came or went. */
  linkChanged(): void;
  stop(): Promise<void>;
};

const random = Math.random;

export const startSite = async (parts: StartParts, trust: Believed): Promise<Site> => {
  const { options, approved, identity, now, log } = parts;
  const broker = createBrokerWays({
    approved,
    seed: identity.seed,
    random,
    log,
    onRefused: () => parts.doubt('refused', true),
  });
  let link: Link | null = null;
  let mesh: SiteMesh | null = null;
  const offer = (): void => link?.offer(known());
  const role = createGatewayRole({
    folder: join(parts.folder, 'leaf'),
    enrolment: approved.enrolment,
    members: () => admittedMembers(trust.trust()).map(([deviceId, nkey]) => ({ deviceId, nkey })),
    seed: identity.seed,
    listen: await leafListen(parts),
    command: options['nats-server'],
    now,
    random,
    log,
    onHub: (connected) => {
      link?.hubChanged(connected);
      mesh?.leafChanged();
    },
    onChange: () => {
      mesh?.leafChanged();
      offer();
    },
  });
  const unfollow = trust.onChange((name) => {
    if (name === 'site/roster' || name === 'tenant/revocation') role.membersChanged();
  });
  const known = (): Way[] => {
    const own = role.leaf();
    const certificate = mesh?.own.certificate ?? null;
    const leaf =
      own === null ? [] : [broker.leaf({ url: own.url, certificate, of: 'this device' })];
    const told = options.leaf === undefined ? [] : [toldLeaf(broker, options.leaf)];
    if (mesh === null) {
      if (options.gateway === 'always') return leaf;
      return told.length > 0 ? told : [broker.hub()];
    }
    const { leafs, neighbours } = mesh.ways();
    const [cut, linked] = [leaf.filter(() => !isLinked(own)), leaf.filter(() => isLinked(own))];
    return [...linked, ...leafs, ...told, broker.hub(), ...neighbours, ...cut];
  };
  if (options.mesh !== null) {
    const { startSiteMesh } = await import('./site-mesh.ts');
    mesh = await startSiteMesh({
      ...parts,
      listen: options.mesh,
      trust,
      role,
      dial: broker.dial,
      broker: () => link?.broker() ?? null,
      onChange: () => {
        offer();
        parts.view.linkChanged();
      },
    });
  }
  if (options.gateway === 'always') role.hold();
  return {
    leaf: role.leaf,
    show: () => mesh?.show() ?? null,
    join: (joined) => {
      link = joined;
      offer();
    },
    linkChanged: () => {
      if (link !== null) mesh?.linkChanged(link.state() === 'connected');
    },
    stop: async () => {
      unfollow();
      await mesh?.stop();
      await role.stop();
    },
  };
};

/** A leaf that is just starting is taken for linked: it mostly is a moment later. */
const isLinked = (leaf: Leaf | null): boolean => {
  const state = leaf?.state();
  return state !== undefined && (state.hubConnected || !state.settled);
};

const toldLeaf = (broker: ReturnType<typeof createBrokerWays>, url: string): Way =>
  broker.leaf({ url, certificate: null, of: 'this site' });

/** Beside a mesh the leaf serves the LAN, by the device's own certificate. */
const leafListen = async (parts: StartParts): Promise<LeafListen> => {
  const { options, folder, identity } = parts;
  const [certFile, keyFile] = [options['leaf-tls-cert'], options['leaf-tls-key']];
  const host = options.mesh?.host ?? '127.0.0.1';
  const listen = options['leaf-listen'] ?? { host, port: defaultLeafPort };
  if (certFile !== undefined && keyFile !== undefined) {
    return { ...listen, tls: { certFile, keyFile } };
  }
  if (options.mesh === null) return { ...listen, tls: null };
  const { writeLeafCertificate } = await import('./leaf-certificate.ts');
  return { ...listen, tls: writeLeafCertificate(join(folder, 'leaf'), identity.seed) };
};
