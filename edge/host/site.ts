/**
 * Which ways this device has to the cloud, and the leaf it may run: part of the composition root.
 * Without a mesh the command line says it: a leaf of its own, the leaf it was told of, or the hub.
 */
import { join } from 'node:path';
import { createBrokerWays } from '../link/broker-ways.ts';
import { createGatewayRole } from '../link/gateway-role.ts';
import type { Leaf } from '../link/leaf.ts';
import type { Way } from '../link/ways.ts';
import type { StartParts } from './parts.ts';

export type Site = {
  leaf(): Leaf | null;
  /** From now on the link is told of every change of ways, and of the hub as the own leaf sees it. */
  join(link: { offer(ways: readonly Way[]): void; hubChanged(connected: boolean): void }): void;
  stop(): Promise<void>;
};

const random = Math.random;

export const startSite = (parts: StartParts): Site => {
  const { options, approved, identity, now, log } = parts;
  const ways = createBrokerWays({ approved, seed: identity.seed, random, log });
  const [certFile, keyFile] = [options['leaf-tls-cert'], options['leaf-tls-key']];
  let link: Parameters<Site['join']>[0] | null = null;
  const role = createGatewayRole({
    folder: join(parts.folder, 'leaf'),
    enrolment: approved.enrolment,
    seed: identity.seed,
    listen: {
      ...options['leaf-listen'],
      tls: certFile === undefined || keyFile === undefined ? null : { certFile, keyFile },
    },
    command: options['nats-server'],
    now,
    random,
    log,
    onHub: (connected) => link?.hubChanged(connected),
    onChange: () => link?.offer(known()),
  });
  const known = (): Way[] => {
    const own = role.leaf();
    if (own !== null) return [ways.leaf({ url: own.url, certificate: null, of: 'this device' })];
    if (options.gateway) return [];
    const told = options.leaf;
    return told === undefined
      ? [ways.hub()]
      : [ways.leaf({ url: told, certificate: null, of: 'this site' })];
  };
  if (options.gateway) role.hold();
  return {
    leaf: role.leaf,
    join: (joined) => {
      link = joined;
      link.offer(known());
    },
    stop: role.stop,
  };
};
