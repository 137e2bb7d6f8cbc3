/**
 * Looks for a neighbour that reaches a broker, when this device itself reaches none: asks those it
 * knows an address of, a few at a time, and offers the ways it found. While the link is well it
 * asks nobody.
 */
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import type { BrokerWays } from '../link/broker-ways.ts';
import type { Log } from '../link/up.ts';
import type { Way } from '../link/ways.ts';
import type { KnownPeers } from '../store/known-peers.ts';
import type { DeviceCertificate } from './certificate.ts';
import type { Members } from './members.ts';
import { neighbourWay } from './neighbour-way.ts';
import type { PeerClient } from './peer-client.ts';
import type { PeerAddress } from './peer-tls.ts';

export type NeighbourParts = {
  members: Members;
  known: KnownPeers;
  /** Addresses from the command line: whose they are is found out. */
  seeds: readonly PeerAddress[];
  own: DeviceCertificate;
  client: PeerClient;
  hubUrls: readonly string[];
  dial: BrokerWays['dial'];
  now: () => number;
  random: () => number;
  log: Log;
  onChange: () => void;
  timers?: Timers;
};

export type Neighbours = {
  /** Through those that had a way when they were asked last, in a stable order. */
  ways(): Way[];
  /** This device has no link: ask now, and again until one is found or the link is back. */
  seek(): void;
  rest(): void;
};

const askedAtOnce = 4;
const offersMax = 8;
const seekMs = { first: 2_000, max: 30_000 };

export const createNeighbours = (parts: NeighbourParts): Neighbours => {
  const { members, known, client, now, random } = parts;
  const timers = parts.timers ?? systemTimers;
  const offers = new Map<string, Way>();
  let seeking = false;
  let busy = false;
  let rounds = 0;
  let cancel = (): void => {};

  const addresses = (): PeerAddress[] => {
    const all = [...known.all().map(({ host, port }) => ({ host, port })), ...parts.seeds];
    const named = new Map(all.map((each) => [`${each.host}:${each.port}`, each]));
    return [...named.values()];
  };
  const ask = async (address: PeerAddress): Promise<void> => {
    const publicKey = await client.identify(address);
    const deviceId = publicKey === null ? null : members.of(publicKey);
    if (publicKey === null || deviceId === null) return;
    known.remember({ deviceId, ...address, heardAt: now() });
    const peer = { address, publicKey };
    if ((await client.broker(peer)) === null) {
      offers.delete(deviceId);
      return;
    }
    if (offers.has(deviceId) || offers.size >= offersMax) return;
    offers.set(deviceId, neighbourWay({ ...parts, deviceId, peer, memberOf: members.of }));
  };
  const round = async (): Promise<void> => {
    const before = [...offers.keys()].join();
    const waiting = addresses();
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        // Who does not answer is asked again in the next round; it is no news.
        await ask(next).catch(() => undefined);
      }
    };
    await Promise.all(Array.from({ length: askedAtOnce }, work));
    if ([...offers.keys()].join() !== before) parts.onChange();
  };
  const turn = async (): Promise<void> => {
    if (busy || !seeking) return;
    busy = true;
    await round();
    busy = false;
    if (!seeking) return;
    rounds += 1;
    const delayMs = Math.min(seekMs.max, seekMs.first * 2 ** Math.min(rounds, 8));
    cancel();
    cancel = timers.after(delayMs * (0.5 + 0.5 * random()), () => void turn(), 'background');
  };
  return {
    ways: () => [...offers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, way]) => way),
    seek: () => {
      if (seeking) return;
      seeking = true;
      rounds = 0;
      void turn();
    },
    rest: () => {
      seeking = false;
      cancel();
    },
  };
};
