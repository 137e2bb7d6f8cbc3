/**
 * Which ways this device has to the cloud, and the leaf it may run: part of the composition root.
 * Without a mesh the command line says it: a leaf of its own, the leaf it was told of, or the hub.
 * With one, the site's other devices are ways too; all that belongs to it is loaded only then.
 */
import { join } from 'node:path';
import { createBrokerWays } from '../link/broker-ways.ts';
import { createGatewayRole } from '../link/gateway-role.ts';
import type { Leaf } from '../link/leaf.ts';
import type { LeafListen } from '../link/leaf-config.ts';
import type { Link } from '../link/link.ts';
import type { Way } from '../link/ways.ts';
import type { TrustStore } from '../store/trust.ts';
import { defaultLeafPort } from './options.ts';
import type { StartParts } from './parts.ts';
import type { SiteMesh } from './site-mesh.ts';

export type Site = {
  leaf(): Leaf | null;
  /** From now on the link is told of every change of ways, and of the hub as the own leaf sees it. */
  join(link: Link): void;
  /** The link came or went. */
  linkChanged(): void;
  stop(): Promise<void>;
};

const random = Math.random;

export const startSite = async (
  parts: StartParts,
  trust: Pick<TrustStore, 'trust' | 'versions' | 'held' | 'onChange'>,
): Promise<Site> => {
  const { options, approved, identity, now, log } = parts;
  const broker = createBrokerWays({ approved, seed: identity.seed, random, log });
  let link: Link | null = null;
  let mesh: SiteMesh | null = null;
  const offer = (): void => link?.offer(known());
  const role = createGatewayRole({
    folder: join(parts.folder, 'leaf'),
    enrolment: approved.enrolment,
    seed: identity.seed,
    listen: await leafListen(parts),
    command: options['nats-server'],
    now,
    random,
    log,
    onHub: (connected) => link?.hubChanged(connected),
    onChange: offer,
  });
  const known = (): Way[] => {
    const own = role.leaf();
    const certificate = mesh?.own.certificate ?? null;
    const leaf =
      own === null ? [] : [broker.leaf({ url: own.url, certificate, of: 'this device' })];
    if (options.gateway === 'always' && mesh === null) return leaf;
    const told = options.leaf === undefined ? [] : [toldLeaf(broker, options.leaf)];
    const hub = told.length > 0 ? [] : [broker.hub()];
    return [
      ...leaf,
      ...told,
      ...(leaf.length > 0 && mesh === null ? [] : hub),
      ...(mesh?.ways() ?? []),
    ];
  };
  if (options.mesh !== null) {
    const { startSiteMesh } = await import('./site-mesh.ts');
    mesh = await startSiteMesh({
      ...parts,
      listen: options.mesh,
      trust,
      dial: broker.dial,
      broker: () => link?.broker() ?? null,
      onChange: offer,
    });
  }
  if (options.gateway === 'always') role.hold();
  return {
    leaf: role.leaf,
    join: (joined) => {
      link = joined;
      offer();
    },
    linkChanged: () => {
      if (link !== null) mesh?.linkChanged(link.state() === 'connected');
    },
    stop: async () => {
      await mesh?.stop();
      await role.stop();
    },
  };
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
  const { writeCertificate } = await import('./site-mesh.ts');
  return { ...listen, tls: writeCertificate(join(folder, 'leaf'), identity.seed) };
};
