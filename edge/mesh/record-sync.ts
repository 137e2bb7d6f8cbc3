/**
 * Brings records from another member: those the mesh names, or, where datagrams do not pass,
 * whatever that member holds newer. They are fetched by name and offered, keys before what they
 * sign; roots one by one, because each is believed for the one before it. Whether a record is
 * believed is the store's business; who promises and does not deliver is the mesh's.
 */
import {
  inFetchOrder,
  missingFrom,
  type RecordName,
  type Version,
  type Versions,
} from '@signalbeam/sync/core/records';
import type { Log } from '../link/up.ts';
import type { Peer, PeerClient } from './peer-client.ts';

export type RecordSync = {
  /** Ends when all were offered, or the member could not be reached. */
  fetch(peer: Peer, names: readonly RecordName[]): Promise<void>;
  /** The same for all that the member holds newer; tells whether it could be asked. */
  compare(peer: Peer): Promise<boolean>;
};

const recordsPerRound = 64;

export const createRecordSync = (parts: {
  client: Pick<PeerClient, 'versions' | 'records' | 'roots'>;
  versions: () => Versions;
  /** Of the root that is believed. */
  rootVersion: () => Version;
  offer: (name: RecordName, bytes: Uint8Array) => 'accepted' | 'unchanged' | 'refused';
  log: Log;
}): RecordSync => {
  const { client, versions, offer, log } = parts;
  const bring = async (peer: Peer, names: readonly RecordName[]): Promise<void> => {
    const sorted = inFetchOrder(names).slice(0, recordsPerRound);
    if (sorted.includes('tenant/root')) {
      const follows = (root: Uint8Array) => offer('tenant/root', root) === 'accepted';
      await client.roots(peer, parts.rootVersion(), follows);
    }
    await client.records(peer, sorted, offer);
  };
  const told = async (peer: Peer, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : 'unknown';
      log('info', 'Records could not be fetched from a member', { at: peer.address.host, reason });
      return false;
    }
  };
  return {
    fetch: async (peer, names) => {
      await told(peer, () => bring(peer, names));
    },
    compare: (peer) =>
      told(peer, async () => {
        await bring(peer, missingFrom(versions(), await client.versions(peer)));
      }),
  };
};
