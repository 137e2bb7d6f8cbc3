/**
 * What this device serves to the others of its site over HTTPS, and by what it knows and asks them.
 * Part of the composition root of the mesh.
 */
import { lookup } from 'node:dns/promises';
import { createDeviceCertificate } from '../mesh/certificate.ts';
import { createMembers } from '../mesh/members.ts';
import { createPeerClient } from '../mesh/peer-client.ts';
import { startPeerServer } from '../mesh/peer-server.ts';
import type { PeerAddress } from '../mesh/peer-tls.ts';
import { createRecordSync } from '../mesh/record-sync.ts';
import { createRelay } from '../mesh/relay.ts';
import { createSiteKeys } from '../mesh/site-keys.ts';
import { openKnownPeers } from '../store/known-peers.ts';
import type { SiteMeshParts } from './site-mesh.ts';

export type SitePeers = Awaited<ReturnType<typeof openSitePeers>>;

export const openSitePeers = async (parts: SiteMeshParts) => {
  const { approved, identity, stores, trust, now, log } = parts;
  const self = approved.deviceId;
  const own = createDeviceCertificate(identity.seed);
  const members = createMembers(trust.trust, self);
  const client = createPeerClient({ own });
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
  const found = await lookup(parts.listen.host, { family: 4 });
  const mesh: PeerAddress = { host: found.address, port: server.port };
  return {
    ...{ self, own, members, client, server, mesh },
    known: openKnownPeers(stores.state),
    sync: createRecordSync({ client, versions: trust.versions, offer: trust.take, log }),
    keys: createSiteKeys({
      deviceId: self,
      sealing: identity.sealing,
      held: () => trust.held('site/site-key'),
      keyset: trust.keyset,
    }),
  };
};
