/**
 * Who belongs to the site, by the key each proves in TLS and signs its claims with: read from what
 * is believed, at every change of it. A revoked device is no member, whatever roster it brings.
 */
import { admittedMembers, type Trust } from '@signalbeam/sync/core/trust';
import type { MeshRoster } from '@signalbeam/sync/mesh/mesh';
import { publicKeyOf } from '@signalbeam/sync/wire/authors';

export type Members = {
  /** Device id → raw public key, base64; this device is not among them. */
  keys(): ReadonlyMap<string, string>;
  /** Whose key it is; null for a stranger. */
  of(publicKey: string): string | null;
  /** The same for the mesh, this device included; its version grows with every `refresh`. */
  roster(): MeshRoster;
  /** What is believed changed. */
  refresh(): void;
};

export const createMembers = (trust: () => Trust, self: string): Members => {
  let byDevice = new Map<string, string>();
  let byKey = new Map<string, string>();
  let roster: MeshRoster = { version: 0, members: [] };
  const refresh = (): void => {
    const admitted = admittedMembers(trust());
    byDevice = new Map(
      admitted.flatMap(([deviceId, nkey]) => {
        const key = deviceId === self ? null : publicKeyOf(nkey);
        return key === null ? [] : [[deviceId, key.publicKey] as const];
      }),
    );
    byKey = new Map([...byDevice].map(([deviceId, publicKey]) => [publicKey, deviceId]));
    // Revocations change who is a member too, so the version is not the roster's own.
    roster = {
      version: roster.version + 1,
      members: admitted.map(([deviceId, publicKey]) => ({ deviceId, publicKey })),
    };
  };
  refresh();
  return {
    keys: () => byDevice,
    of: (publicKey) => byKey.get(publicKey) ?? null,
    roster: () => roster,
    refresh,
  };
};
