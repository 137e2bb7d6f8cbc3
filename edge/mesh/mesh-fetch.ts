/**
 * Runs the mesh's wish for records: fetched over HTTPS from the member that has them, offered, and
 * told to the mesh with all that is held now, before it is told that the fetch is over.
 */
import { recordNameOf } from '@signalbeam/sync/core/records';
import type { MeshEvent, MeshStep } from '@signalbeam/sync/mesh/mesh';
import type { Members } from './members.ts';
import type { RecordSync } from './record-sync.ts';
import { peerAddressOf } from './site-members.ts';

type FetchStep = Extract<MeshStep, { kind: 'fetch-records' }>;

export const createMeshFetch =
  (parts: {
    members: Members;
    sync: Pick<RecordSync, 'fetch'>;
    versions: () => ReadonlyMap<string, number>;
    tell: (event: MeshEvent) => void;
  }) =>
  async ({ from, address, names }: FetchStep): Promise<void> => {
    const known = names.flatMap((name) => recordNameOf(name) ?? []);
    // Who is in no roster yet is whoever answers there: a newer roster proves itself.
    const publicKey = parts.members.keys().get(from) ?? null;
    await parts.sync.fetch({ address: peerAddressOf(address), publicKey }, known);
    parts.tell({ kind: 'records', versions: parts.versions() });
    parts.tell({ kind: 'fetch-ended', from });
  };
