/**
 * Who a device is, for ingest: its tenant, site, key and the key that signs for its tenant. Read
 * in batches through device-manager's view and kept briefly, so a revoked device is out within
 * `freshMs` (design §4 asks for 60 s) and a newly approved one in within `absentMs`. A fleet beats about
 * as often as that, so nearly every heartbeat renews what is known: a device that is as it was stays the
 * same object, and its keys are made when a signature of it is to be checked.
 */
import type { KeyObject } from 'node:crypto';
import type { Keyring } from '@signalbeam/platform/keys/keyring';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { TrustedKey } from '@signalbeam/sync/wire/dsse';
import { keyIdOf, publicKeyFromRaw, type Signer } from '@signalbeam/sync/wire/keys';
import { rawPublicKey } from '@signalbeam/sync/wire/nkey';

export type KnownDevice = {
  deviceId: string;
  tenantId: string;
  tenantKey: string;
  site: string;
  approved: boolean;
  readonly publicKey: KeyObject;
  readonly trustedKey: TrustedKey;
  /** Signs acknowledgements and welcomes of this device's tenant. */
  ingestSigner: Signer;
};

export type FoundDevices = ReadonlyMap<string, KnownDevice | null>;

export type Directory = {
  /** What is known now, without asking: undefined when it must be looked up, null when unknown. */
  peek: (deviceId: string) => KnownDevice | null | undefined;
  /** Looks up what is not known. The answer holds however much time passes before it is used. */
  find: (deviceIds: Iterable<string>) => Promise<FoundDevices>;
  /** What it says of itself is not what is remembered (it may have moved): asked for again. */
  doubt: (deviceId: string) => void;
};

const freshMs = 30_000;
const absentMs = 1_500;
/** About 1 kB each. */
const entriesMax = 100_000;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type Row = {
  device_id: string;
  tenant_id: string;
  tenant_key: string;
  site: string;
  public_key: string;
  registration_status: string;
};
/** `row`: what the device was made of; null where there was none. */
type Entry = { device: KnownDevice | null; row: Row | null; since: number; until: number };

const rawKey = (nkey: string): Uint8Array => {
  const raw = rawPublicKey(nkey);
  if (raw === null) throw new Error('a device is known by a key that is none');
  return raw;
};

/** Keeps the text of its key alone: bytes beside it would be a buffer of each device of a fleet. */
const knownDevice = (row: Row, ingestSigner: Signer): KnownDevice | null => {
  const nkey = row.public_key;
  if (rawPublicKey(nkey) === null) return null;
  let publicKey: KeyObject | undefined;
  let trustedKey: TrustedKey | undefined;
  return {
    deviceId: row.device_id,
    tenantId: row.tenant_id,
    tenantKey: row.tenant_key,
    site: row.site,
    approved: row.registration_status === 'approved',
    get publicKey() {
      publicKey ??= publicKeyFromRaw(rawKey(nkey));
      return publicKey;
    },
    get trustedKey() {
      if (trustedKey === undefined) {
        const raw = rawKey(nkey);
        trustedKey = { keyId: keyIdOf(raw), publicKey: Buffer.from(raw).toString('base64') };
      }
      return trustedKey;
    },
    ingestSigner,
  };
};

const isSame = (one: Row, other: Row): boolean =>
  one.registration_status === other.registration_status &&
  one.site === other.site &&
  one.tenant_id === other.tenant_id &&
  one.public_key === other.public_key &&
  one.tenant_key === other.tenant_key;

/** Over a pool with the role `sb_ingest`. */
export const createDirectory = (options: {
  sql: Sql;
  keyring: Keyring;
  now: () => number;
}): Directory => {
  const { sql, keyring, now } = options;
  const entries = new Map<string, Entry>();
  /** The same object for a device that is as it was. */
  const deviceOf = (row: Row, signer: Signer): KnownDevice | null => {
    const { device = null, row: before = null } = entries.get(row.device_id) ?? {};
    // Tenants' keys are read again every so often; the same key has the same id.
    const isSigner = device?.ingestSigner.keyId === signer.keyId;
    return isSigner && before !== null && isSame(before, row) ? device : knownDevice(row, signer);
  };
  const remember = (deviceId: string, device: KnownDevice | null, row: Row | null): void => {
    // Oldest first out; a device that is still there comes back with the next frame.
    if (entries.size >= entriesMax && !entries.has(deviceId)) {
      for (const oldest of entries.keys()) {
        entries.delete(oldest);
        break;
      }
    }
    const keepMs = device?.approved === true ? freshMs : absentMs;
    entries.delete(deviceId);
    entries.set(deviceId, { device, row, since: now(), until: now() + keepMs });
  };
  const peek = (deviceId: string): KnownDevice | null | undefined => {
    const entry = entries.get(deviceId);
    if (entry === undefined) return uuid.test(deviceId) ? undefined : null;
    return entry.until > now() ? entry.device : undefined;
  };
  return {
    peek,
    doubt: (deviceId) => {
      // Anybody may give cause: it costs one look-up in this time, as an unknown device does.
      const entry = entries.get(deviceId);
      if (entry !== undefined && now() - entry.since >= absentMs) entries.delete(deviceId);
    },
    find: async (deviceIds) => {
      const found = new Map<string, KnownDevice | null>();
      const wanted: string[] = [];
      for (const id of new Set(deviceIds)) {
        const known = peek(id);
        if (known === undefined) wanted.push(id);
        else found.set(id, known);
      }
      if (wanted.length === 0) return found;
      const { rows } = await sql.query<Row>({
        name: 'telemetry-directory',
        text: `SELECT device_id, tenant_id, tenant_key, site, public_key, registration_status
                 FROM device_manager.public_devices WHERE device_id = ANY($1::uuid[])`,
        values: [wanted],
      });
      const signers = new Map<string, Signer>();
      for (const tenantId of new Set(rows.map((row) => row.tenant_id))) {
        signers.set(tenantId, (await keyring.tenant(tenantId)).ingest);
      }
      for (const row of rows) {
        const signer = signers.get(row.tenant_id);
        if (signer === undefined) continue;
        const device = deviceOf(row, signer);
        found.set(row.device_id, device);
        remember(row.device_id, device, row);
      }
      for (const id of wanted) {
        if (found.has(id)) continue;
        found.set(id, null);
        remember(id, null, null);
      }
      return found;
    },
  };
};
