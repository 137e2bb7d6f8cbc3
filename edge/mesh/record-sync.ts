/**
 * Brings records from another member: what it holds newer is fetched by name and offered, keys
 * before what they sign. Whether a record is believed is the store's business; one that was refused
 * is not fetched from that member again for a while.
 */
import { createHash } from 'node:crypto';
import { missingFrom, type RecordName, type Versions } from '@signalbeam/sync/core/records';
import type { Log } from '../link/up.ts';
import type { Peer, PeerClient } from './peer-client.ts';

export type RecordSync = {
  /** The hash this device claims over all it holds. */
  summary(): string;
  /** The member's summary differs. */
  compare(deviceId: string, peer: Peer): void;
};

const recordsPerRound = 64;
const pauseMs = 2_000;
const refusedMs = 300_000;
const refusalsMax = 512;
const order = ['tenant/root', 'tenant/keyset', 'tenant/revocation', 'site/roster', 'site/site-key'];

const rank = (name: RecordName): number => {
  const place = order.indexOf(name);
  return place === -1 ? order.length : place;
};

export const createRecordSync = (parts: {
  client: PeerClient;
  versions: () => Versions;
  offer: (name: RecordName, bytes: Uint8Array) => 'accepted' | 'unchanged' | 'refused';
  now: () => number;
  log: Log;
}): RecordSync => {
  const { client, versions, now, log } = parts;
  const busy = new Set<string>();
  const doneAt = new Map<string, number>();
  const refusals = new Map<string, number>();

  const fetchOne = async (deviceId: string, peer: Peer, name: RecordName, version: number) => {
    const key = `${deviceId} ${name} ${version}`;
    if ((refusals.get(key) ?? 0) > now()) return;
    const bytes = await client.record(peer, name);
    const verdict = bytes === null ? 'refused' : parts.offer(name, bytes);
    if (verdict !== 'refused') return;
    if (refusals.size >= refusalsMax) refusals.clear();
    refusals.set(key, now() + refusedMs);
  };
  const round = async (deviceId: string, peer: Peer): Promise<void> => {
    const theirs = await client.versions(peer);
    const missing = missingFrom(versions(), theirs).sort((a, b) => rank(a) - rank(b));
    for (const name of missing.slice(0, recordsPerRound)) {
      await fetchOne(deviceId, peer, name, theirs.get(name) ?? 0);
    }
  };
  return {
    summary: () => {
      const held = [...versions()].map(([name, version]) => `${name} ${version}`).sort();
      return createHash('sha256').update(held.join('\n')).digest('hex').slice(0, 32);
    },
    compare: (deviceId, peer) => {
      if (busy.has(deviceId) || now() - (doneAt.get(deviceId) ?? 0) < pauseMs) return;
      busy.add(deviceId);
      round(deviceId, peer)
        .catch((cause: unknown) => {
          const reason = cause instanceof Error ? cause.message : 'unknown';
          log('info', 'Records could not be compared with a member', { deviceId, reason });
        })
        .finally(() => {
          busy.delete(deviceId);
          doneAt.set(deviceId, now());
        });
    },
  };
};
