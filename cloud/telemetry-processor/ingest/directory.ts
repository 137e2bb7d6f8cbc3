/**
 * Who a device is, for ingest: its tenant, site, key and the key that signs for its tenant. Read
 * in batches through device-manager's view and kept briefly, so a revoked device is out within
 * `freshMs` (design §4 asks for 60 s) and a newly approved one in within `absentMs`.
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
  publicKey: KeyObject;
  trustedKey: TrustedKey;
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
type Entry = { device: KnownDevice | null; since: number; until: number };

const knownDevice = async (row: Row, keyring: Keyring): Promise<KnownDevice | null> => {
  const raw = rawPublicKey(row.public_key);
  if (raw === null) return null;
  return {
    deviceId: row.device_id,
    tenantId: row.tenant_id,
    tenantKey: row.tenant_key,
    site: row.site,
    approved: row.registration_status === 'approved',
    publicKey: publicKeyFromRaw(raw),
    trustedKey: { keyId: keyIdOf(raw), publicKey: Buffer.from(raw).toString('base64') },
    ingestSigner: (await keyring.tenant(row.tenant_id)).ingest,
  };
};

/** Over a pool with the role `sb_ingest`. */
export const createDirectory = (options: {
  sql: Sql;
  keyring: Keyring;
  now: () => number;
}): Directory => {
  const { sql, keyring, now } = options;
  const entries = new Map<string, Entry>();
  const remember = (deviceId: string, device: KnownDevice | null): void => {
    // Oldest first out; a device that is still there comes back with the next frame.
    if (entries.size >= entriesMax) {
      for (const oldest of entries.keys()) {
        entries.delete(oldest);
        break;
      }
    }
    const keepMs = device?.approved === true ? freshMs : absentMs;
    entries.delete(deviceId);
    entries.set(deviceId, { device, since: now(), until: now() + keepMs });
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
      for (const row of rows) found.set(row.device_id, await knownDevice(row, keyring));
      for (const id of wanted) {
        const device = found.get(id) ?? null;
        found.set(id, device);
        remember(id, device);
      }
      return found;
    },
  };
};
