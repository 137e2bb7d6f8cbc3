/**
 * This device among the others of its site: what it serves them, and the ways through them. Part
 * of the composition root, loaded only where a mesh is switched on.
 */
import { join } from 'node:path';
import type { BrokerWays } from '../link/broker-ways.ts';
import type { BrokerWay, Way } from '../link/ways.ts';
import { createDeviceCertificate, type DeviceCertificate } from '../mesh/certificate.ts';
import { createMembers } from '../mesh/members.ts';
import { createNeighbours } from '../mesh/neighbours.ts';
import { createPeerClient } from '../mesh/peer-client.ts';
import { startPeerServer } from '../mesh/peer-server.ts';
import type { PeerAddress } from '../mesh/peer-tls.ts';
import { createRelay } from '../mesh/relay.ts';
import { ensurePrivateFolder, writePrivateFile } from '../store/files.ts';
import { openKnownPeers } from '../store/known-peers.ts';
import type { TrustStore } from '../store/trust.ts';
import type { StartParts } from './parts.ts';

export type SiteMeshParts = StartParts & {
  listen: PeerAddress;
  trust: Pick<TrustStore, 'trust' | 'versions' | 'held' | 'onChange'>;
  dial: BrokerWays['dial'];
  /** What a neighbour may use of this device's own way. */
  broker: () => BrokerWay | null;
  onChange: () => void;
};

export type SiteMesh = {
  own: DeviceCertificate;
  /** Through other devices of the site, best first. */
  ways(): Way[];
  linkChanged(connected: boolean): void;
  stop(): Promise<void>;
};

const random = Math.random;

export const startSiteMesh = async (parts: SiteMeshParts): Promise<SiteMesh> => {
  const { approved, identity, options, stores, trust, now, log } = parts;
  const own = createDeviceCertificate(identity.seed);
  const members = createMembers(trust.trust, approved.deviceId);
  const known = openKnownPeers(stores.state);
  const server = await startPeerServer({
    listen: parts.listen,
    own,
    memberOf: members.of,
    records: { versions: trust.versions, read: trust.held },
    broker: parts.broker,
    relay: createRelay({ cloudUrl: approved.cloudUrl, now }),
    now,
    log,
  });
  const neighbours = createNeighbours({
    members,
    known,
    seeds: options['mesh-peers'],
    own,
    client: createPeerClient({ own }),
    hubUrls: approved.enrolment.nats.hubUrls,
    dial: parts.dial,
    now,
    random,
    log,
    onChange: parts.onChange,
  });
  const unlisten = trust.onChange((name) => {
    if (name !== 'site/roster' && name !== 'tenant/revocation') return;
    members.refresh();
    known.retain(new Set(members.keys().keys()));
    server.recheck();
  });
  return {
    own,
    ways: neighbours.ways,
    linkChanged: (connected) => (connected ? neighbours.rest() : neighbours.seek()),
    stop: async () => {
      unlisten();
      neighbours.rest();
      await server.stop();
    },
  };
};

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
