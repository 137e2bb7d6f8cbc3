/**
 * The way to the cloud through another device of the site, for one that has neither an uplink nor
 * a leaf in reach. The neighbour says what its broker is and pipes the bytes; the device signs in
 * at the broker itself. A leaf's certificate comes from the neighbour and counts only if the
 * verified roster knows its key.
 */
import { X509Certificate } from 'node:crypto';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { Carrier } from '@signalbeam/sync/nats/carrier';
import type { BrokerWays } from '../link/broker-ways.ts';
import type { Way } from '../link/ways.ts';
import { type DeviceCertificate, publicKeyOf } from './certificate.ts';
import type { BrokerOffer, Peer, PeerClient } from './peer-client.ts';
import { openTunnel } from './tunnel.ts';

export type NeighbourWayParts = {
  deviceId: string;
  peer: Peer;
  own: DeviceCertificate;
  client: PeerClient;
  memberOf: (publicKey: string) => string | null;
  hubUrls: readonly string[];
  dial: BrokerWays['dial'];
};

export const neighbourWay = (parts: NeighbourWayParts): Way => {
  const { deviceId, peer, own } = parts;
  return {
    key: `neighbour ${deviceId} ${peer.address.host}:${peer.address.port}`,
    via: 'neighbour',
    through: `the neighbour ${deviceId}`,
    broker: null,
    open: async () => {
      const offer = await parts.client.broker(peer);
      if (offer === null) throw noWay(deviceId);
      assertMember(parts, offer);
      const tunnel = await openTunnel({ peer, own });
      const carrier = parts.dial(
        {
          urls: [`nats://127.0.0.1:${tunnel.port}`],
          certificate: offer.certificate,
          ...(offer.kind === 'hub' ? hubName(parts.hubUrls) : {}),
        },
        'leaf',
      );
      return endingWith(carrier, tunnel.stop);
    },
  };
};

const assertMember = ({ memberOf, deviceId }: NeighbourWayParts, offer: BrokerOffer): void => {
  if (offer.kind === 'hub' || offer.certificate === null) return;
  const key = publicKeyOf(new X509Certificate(offer.certificate));
  if (key !== null && memberOf(key) !== null) return;
  throw new FleetError(
    'leaf-not-a-member',
    `The neighbour ${deviceId} named a leaf that is not of this site; it was not used.`,
    { next: 'Look at that device: its agent may have been tampered with.' },
  );
};

/** Through a tunnel the hub is dialled on loopback, and still has to prove its own name. */
const hubName = (urls: readonly string[]): { serverName?: string } => {
  const url = urls.find((each) => each.startsWith('tls:'));
  return url === undefined ? {} : { serverName: new URL(url).hostname };
};

const endingWith = (carrier: Carrier, end: () => void): Carrier => ({
  ...carrier,
  close: async () => {
    await carrier.close();
    end();
  },
});

const noWay = (deviceId: string): FleetError =>
  new FleetError('neighbour-cut-off', `The neighbour ${deviceId} has no way to the cloud itself.`, {
    next: 'It is asked again by itself.',
  });
