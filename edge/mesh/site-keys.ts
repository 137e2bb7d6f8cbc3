/**
 * The site keys that open the mesh's packets: the one in force and the one before it, because
 * members do not change over in one moment.
 */
import { openSiteKeyRecord, type RoleKeys } from '@signalbeam/sync/wire/records';
import { openSiteKey } from '@signalbeam/sync/wire/site-key';
import type { Identity } from '../store/identity.ts';

export type SiteKeys = {
  /** Newest first; none while this device has no site key. */
  all(): readonly Uint8Array[];
  /** The record changed. */
  refresh(): void;
};

export const createSiteKeys = (parts: {
  deviceId: string;
  sealing: Identity['sealing'];
  /** The newest record's exact bytes, as it is believed. */
  held: () => Uint8Array | null;
  keyset: () => RoleKeys;
}): SiteKeys => {
  const { deviceId, sealing } = parts;
  let keys: readonly Uint8Array[] = [];
  const refresh = (): void => {
    const bytes = parts.held();
    const opened = bytes === null ? null : openSiteKeyRecord(bytes, parts.keyset());
    if (opened?.kind !== 'opened') return;
    const key = openSiteKey(opened.value, { deviceId, sealing });
    if (key === null || keys.some((each) => Buffer.from(each).equals(key))) return;
    keys = [key, ...keys].slice(0, 2);
  };
  refresh();
  return { all: () => keys, refresh };
};
