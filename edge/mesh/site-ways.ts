/**
 * The ways to the cloud through other devices of the site: the leafs of those that reach it, the
 * gateway's first, then members that pipe to their own broker.
 */
import { type Candidate, neighboursOf } from '@signalbeam/sync/mesh/gateway-role';
import { hash32 } from '@signalbeam/sync/mesh/hash';
import type { BrokerWays } from '../link/broker-ways.ts';
import type { Way } from '../link/ways.ts';
import type { DeviceCertificate } from './certificate.ts';
import type { Members } from './members.ts';
import { neighbourWay } from './neighbour-way.ts';
import type { PeerClient } from './peer-client.ts';
import type { PeerAddress } from './peer-tls.ts';
import { isHere, type SiteMember } from './site-members.ts';

export type SiteWaysParts = {
  self: string;
  members: Members;
  own: DeviceCertificate;
  client: PeerClient;
  hubUrls: readonly string[];
  dial: BrokerWays['dial'];
};

/** More than one, for the first may be the one that fails. */
const neighboursMax = 4;

export const leafWays = (
  { client, dial }: SiteWaysParts,
  members: readonly SiteMember[],
  holder: string | null,
): Way[] =>
  members
    .filter((each) => isHere(each) && (each.claim?.uplink ?? 0) > 0)
    .toSorted((a, b) => Number(b.deviceId === holder) - Number(a.deviceId === holder))
    .flatMap(({ deviceId, publicKey, claim, peer }): Way[] => {
      if (claim === null || claim.leafPort === 0 || peer === null) return [];
      const { host } = peer;
      const port = claim.leafPort;
      const url = `tls://${host}:${port}`;
      const way: Way = {
        key: `leaf ${deviceId} ${claim.bootId} ${url}`,
        via: 'leaf',
        through: `the leaf of ${claim.name}`,
        broker: null,
        open: async () => {
          const certificate = await client.certificate({ address: peer, publicKey });
          way.broker = { kind: 'leaf', host, port, certificate };
          return dial({ urls: [url], certificate }, 'leaf');
        },
      };
      return [way];
    });

export const neighbourWays = (parts: SiteWaysParts, members: readonly SiteMember[]): Way[] => {
  const { self, own, client, hubUrls, dial } = parts;
  const candidates = members.map(
    ({ deviceId, status, claim }): Candidate => ({ device: deviceId, status, claim }),
  );
  return neighboursOf(candidates, self, hash32)
    .slice(0, neighboursMax)
    .flatMap((deviceId): Way[] => {
      const found = members.find((each) => each.deviceId === deviceId);
      if (found === undefined || found.peer === null) return [];
      const peer: { address: PeerAddress; publicKey: string } = {
        address: found.peer,
        publicKey: found.publicKey,
      };
      const memberOf = parts.members.of;
      return [neighbourWay({ deviceId, own, client, hubUrls, peer, memberOf, dial })];
    });
};
