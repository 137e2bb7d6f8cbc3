/**
 * Who belongs to the site, by the key each proves in TLS: read from what is believed, at every
 * change of it. A revoked device is no member, whatever roster it brings.
 */
import type { Trust } from '@signalbeam/sync/core/trust';
import { publicKeyOf } from '@signalbeam/sync/wire/authors';

export type Members = {
  /** Device id → raw public key, base64; this device is not among them. */
  keys(): ReadonlyMap<string, string>;
  /** Whose key it is; null for a stranger. */
  of(publicKey: string): string | null;
  /** What is believed changed. */
  refresh(): void;
};

export const createMembers = (trust: () => Trust, self: string): Members => {
  let byDevice = new Map<string, string>();
  let byKey = new Map<string, string>();
  const refresh = (): void => {
    const { members, revoked } = trust();
    byDevice = new Map(
      [...members].flatMap(([deviceId, nkey]) => {
        const key = revoked.has(nkey) || deviceId === self ? null : publicKeyOf(nkey);
        return key === null ? [] : [[deviceId, key.publicKey] as const];
      }),
    );
    byKey = new Map([...byDevice].map(([deviceId, publicKey]) => [publicKey, deviceId]));
  };
  refresh();
  return {
    keys: () => byDevice,
    of: (publicKey) => byKey.get(publicKey) ?? null,
    refresh,
  };
};
