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
import { openPreviousSiteKey } from '../store/previous-site-key.ts';
import type { SiteMeshParts } from './site-mesh.ts';
import { steadyMs } from './timers.ts';

export type SitePeers = Awaited<ReturnType<typeof openSitePeers>>;

export const openSitePeers = async (parts: SiteMeshParts) => {
  const { approved, identity, stores, trust, log } = parts;
  const self = approved.deviceId;
  const own = createDeviceCertificate(identity.seed);
  const members = createMembers(trust.trust, self);
  const client = createPeerClient({ own });
  const server = await startPeerServer({
    listen: parts.listen,
    own,
    memberOf: members.of,
    records: { versions: trust.versions, read: trust.held, root: trust.root },
    broker: parts.broker,
    relay: createRelay({ cloudUrl: approved.cloudUrl, now: steadyMs }),
    now: steadyMs,
    log,
  });
  const found = await lookup(parts.listen.host, { family: 4 });
  const mesh: PeerAddress = { host: found.address, port: server.port };
  return {
    ...{ self, own, members, client, server, mesh },
    known: openKnownPeers(stores.state),
    sync: createRecordSync({
      ...{ client, versions: trust.versions, log },
      rootVersion: () => trust.trust().root.version,
      offer: trust.take,
    }),
    keys: createSiteKeys({
      deviceId: self,
      sealing: identity.sealing,
      held: () => trust.held('site/site-key'),
      keyset: trust.keyset,
      kept: openPreviousSiteKey(stores.state),
    }),
  };
};
