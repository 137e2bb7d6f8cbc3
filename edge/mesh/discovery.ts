/**
 * Where others of the site may be: where they were last heard, what the command line says, and the
 * beacon. Hints and no more: who answers there is known by the site key, its signature and the
 * roster. Names of the command line are looked up again and again, for addresses change.
 */
import { lookup } from 'node:dns/promises';
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import type { KnownPeers } from '../store/known-peers.ts';
import type { PeerAddress } from './peer-tls.ts';

export type Hint = { device: string | null; address: string };

export type Discovery = {
  /** Somebody was heard there, or said to be there by a beacon. */
  hint(device: string, address: PeerAddress): void;
  /** Every address there is, for who asks over HTTPS. */
  addresses(): PeerAddress[];
  stop(): void;
};

const lookUpEveryMs = 60_000;

const textOf = ({ host, port }: PeerAddress): string => `${host}:${port}`;

export const startDiscovery = (parts: {
  known: KnownPeers;
  /** From the command line; whose they are is found out. */
  seeds: readonly PeerAddress[];
  hints: (hints: readonly Hint[]) => void;
  timers?: Timers;
}): Discovery => {
  const { known, hints } = parts;
  const timers = parts.timers ?? systemTimers;
  let seeds: readonly PeerAddress[] = parts.seeds;
  let stopped = false;
  const lookUp = async (): Promise<void> => {
    seeds = await Promise.all(
      parts.seeds.map(async ({ host, port }) => {
        const found = await lookup(host, { family: 4 }).catch(() => null);
        return { host: found?.address ?? host, port };
      }),
    );
    if (!stopped) hints(seeds.map((address) => ({ device: null, address: textOf(address) })));
  };
  const cancel =
    parts.seeds.length === 0
      ? () => undefined
      : timers.every(lookUpEveryMs, () => void lookUp(), 'background');
  hints(known.all().map((peer) => ({ device: peer.deviceId, address: textOf(peer) })));
  void lookUp();
  return {
    hint: (device, address) => hints([{ device, address: textOf(address) }]),
    addresses: () => {
      const all = [...known.all().map(({ host, port }) => ({ host, port })), ...seeds];
      return [...new Map(all.map((each) => [textOf(each), each])).values()];
    },
    stop: () => {
      stopped = true;
      cancel();
    },
  };
};
