/**
 * Records over HTTPS where datagrams do not reach: a member that was away while the site key
 * changed can read nobody, and one behind a firewall hears nobody. It asks those whose addresses it
 * knows, one at a time and seldom, until the mesh carries again.
 */
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import type { Members } from './members.ts';
import type { PeerClient } from './peer-client.ts';
import type { PeerAddress } from './peer-tls.ts';
import type { RecordSync } from './record-sync.ts';

export type CatchUp = {
  /** Somebody there speaks, under a site key that this device does not have. */
  unreadable(from: PeerAddress): void;
  stop(): void;
};

/** The mesh finds who is there within a few seconds; only then it is worth asking by another way. */
const firstMs = 4_000;
const everyMs = 15_000;
/** The same address is asked this often at most, whoever sends from there. */
const againMs = { answered: 30_000, failed: 10_000 };
const addressesMax = 256;
/** What anybody may send from anywhere makes this device call somebody this often at most. */
const unreadableEveryMs = 5_000;
const askedPerTurn = 4;

export const startCatchUp = (parts: {
  members: Members;
  client: Pick<PeerClient, 'identify'>;
  sync: RecordSync;
  /** Nobody of the site is heard. */
  alone: () => boolean;
  addresses: () => readonly PeerAddress[];
  now: () => number;
  random: () => number;
  timers?: Timers;
}): CatchUp => {
  const { members, client, sync, now } = parts;
  const timers = parts.timers ?? systemTimers;
  /** By address: when it may be asked again. */
  const restsUntil = new Map<string, number>();
  let busy = false;
  let stopped = false;
  let unreadableAt = Number.NEGATIVE_INFINITY;

  const isDue = ({ host, port }: PeerAddress): boolean =>
    now() >= (restsUntil.get(`${host}:${port}`) ?? Number.NEGATIVE_INFINITY);
  const rest = ({ host, port }: PeerAddress, forMs: number): void => {
    if (restsUntil.size >= addressesMax) restsUntil.clear();
    restsUntil.set(`${host}:${port}`, now() + forMs);
  };
  /** False when it could not be asked, or is nobody of the site. */
  const compareWith = async (address: PeerAddress): Promise<boolean> => {
    try {
      const publicKey = await client.identify(address);
      if (publicKey === null || members.of(publicKey) === null) return false;
      return await sync.compare({ address, publicKey });
    } catch {
      // Who does not answer is asked again later; it is no news.
      return false;
    }
  };
  const ask = async (address: PeerAddress): Promise<void> => {
    if (busy || stopped || !isDue(address)) return;
    busy = true;
    rest(address, (await compareWith(address)) ? againMs.answered : againMs.failed);
    busy = false;
  };
  const turn = async (): Promise<void> => {
    if (!parts.alone()) return;
    const due = parts.addresses().filter(isDue);
    for (const address of due.slice(0, askedPerTurn)) await ask(address);
  };
  const spread = 0.75 + 0.5 * parts.random();
  const cancelFirst = timers.after(firstMs * spread, () => void turn(), 'background');
  const cancel = timers.every(everyMs * spread, () => void turn(), 'background');
  return {
    unreadable: (from) => {
      if (busy || !isDue(from) || now() - unreadableAt < unreadableEveryMs) return;
      unreadableAt = now();
      void ask(from);
    },
    stop: () => {
      stopped = true;
      cancelFirst();
      cancel();
    },
  };
};
