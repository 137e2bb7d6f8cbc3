/**
 * Runs the mesh's wishes about records: one that came in a datagram is offered; others are fetched
 * over HTTPS from the member that has them, and offered. The mesh is told all that is held now
 * before it is told how its wish ended.
 */
import { type RecordName, recordNameOf } from '@signalbeam/sync/core/records';
import type { MeshEvent, MeshStep } from '@signalbeam/sync/mesh/mesh';
import type { Members } from './members.ts';
import type { RecordSync } from './record-sync.ts';
import { peerAddressOf } from './site-members.ts';

export type RecordStep = Extract<MeshStep, { kind: 'fetch-records' | 'offer-record' }>;

export const isRecordStep = (step: MeshStep): step is RecordStep =>
  step.kind === 'fetch-records' || step.kind === 'offer-record';

export const createMeshFetch = (parts: {
  members: Members;
  sync: Pick<RecordSync, 'fetch'>;
  offer: (name: RecordName, bytes: Uint8Array) => void;
  versions: () => ReadonlyMap<string, number>;
  tell: (event: MeshEvent) => void;
}) => {
  const { members, sync, tell } = parts;
  const tellHeld = (): void => tell({ kind: 'records', versions: parts.versions() });
  return async (step: RecordStep): Promise<void> => {
    const { from } = step;
    if (step.kind === 'offer-record') {
      const name = recordNameOf(step.name);
      if (name !== null) parts.offer(name, step.bytes);
      tellHeld();
      tell({ kind: 'offered', from, name: step.name, version: step.version });
      return;
    }
    const known = step.names.flatMap((name) => recordNameOf(name) ?? []);
    // Who is in no roster yet is whoever answers there: a newer roster proves itself.
    const publicKey = members.keys().get(from) ?? null;
    await sync.fetch({ address: peerAddressOf(step.address), publicKey }, known);
    tellHeld();
    tell({ kind: 'fetch-ended', from });
  };
};
