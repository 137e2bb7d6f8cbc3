/**
 * What the system tests and benches of ingest stand on: tenants and devices as device-manager
 * keeps them, and ways to ask what was stored. Not a fake: the tables are the real ones.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createApiKey } from '@signalbeam/platform/identity/api-keys';
import { issueUserToken } from '@signalbeam/platform/identity/tokens';
import { createTenantKeys } from '@signalbeam/platform/keys/keyring';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import type { Platform } from '@signalbeam/platform/service';
import { openEnvelope } from '@signalbeam/sync/wire/dsse';
import { type Acknowledgement, acknowledgementSchema } from '@signalbeam/sync/wire/hello';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import { insertAlerts } from './store/alert-rows.ts';
import { createVirtualDevice, type VirtualDevice } from './virtual-device.suite.ts';

export type TestTenant = { tenantId: string; tenantKey: string; tokenId: string };
type TenantParts = Pick<Platform, 'pools' | 'kek' | 'pushTenant'>;

/** As the owner of the tables: device-manager's own way is its own tests' business. */
export const openOwner = (databaseUrl: string): Pool =>
  openPool({ url: databaseUrl, role: null, max: 4 });

export const addTenant = async (owner: Pool, parts: TenantParts): Promise<TestTenant> => {
  const tenantId = randomUUID();
  const keys = await createTenantKeys(parts.pools.system, parts.kek, tenantId);
  const tenantKey = keys.account.publicKey;
  await owner.query(
    'INSERT INTO device_manager.tenants (id, name, tenant_key) VALUES ($1, $2, $3)',
    [tenantId, `tenant ${tenantId}`, tenantKey],
  );
  const { rows } = await owner.query<{ id: string }>(
    `INSERT INTO device_manager.registration_tokens
       (tenant_id, prefix, salt, secret_hash, site, max_uses, created_by, expires_at)
     VALUES ($1, 'test', '\\x00', '\\x00', 'plant-7', 100000, 'test', now() + interval '1 day')
     RETURNING id`,
    [tenantId],
  );
  await parts.pushTenant(tenantId);
  return { tenantId, tenantKey, tokenId: rows[0]?.id ?? '' };
};

/** One for all of them: the site's key is sealed to it, and no test here opens it. */
const sealingKey = Buffer.from(
  generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }).x ?? '',
  'base64url',
).toString('base64');

export const addDevices = async (
  owner: Pool,
  tenant: TestTenant,
  count: number,
  site = 'plant-7',
): Promise<VirtualDevice[]> => {
  const devices = Array.from({ length: count }, () => createVirtualDevice(site));
  await owner.query(
    `INSERT INTO device_manager.devices
       (id, tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version,
        os, architecture, hostname, registration_token_id)
     SELECT id, $1, 'device ' || id, $2, 'approved', key, $6, '', '0.1.0', 'linux', 'x64', 'test', $3
       FROM unnest($4::uuid[], $5::text[]) AS d (id, key)`,
    [
      tenant.tenantId,
      site,
      tenant.tokenId,
      devices.map((device) => device.deviceId),
      devices.map((device) => device.nkey),
      sealingKey,
    ],
  );
  return devices;
};

/** A person who is signed in; returns the bearer token and how to sign out. */
export const signIn = async (
  owner: Pool,
  parts: Pick<Platform, 'keyring'>,
  tenant: TestTenant,
  role: 'viewer' | 'operator' | 'admin' = 'viewer',
  sites: readonly string[] | null = null,
): Promise<{ token: string; userId: string; signOut: () => Promise<unknown> }> => {
  const [userId, sessionId] = [randomUUID(), randomUUID()];
  const { tenantId } = tenant;
  const email = `${userId}@test.example`;
  await owner.query(
    `INSERT INTO device_manager.users (id, tenant_id, email, name, role, password_hash, sites)
     VALUES ($1, $2, $3, 'Test', $4, '', $5)`,
    [userId, tenantId, email, role, sites],
  );
  await owner.query(
    `INSERT INTO device_manager.sessions (id, tenant_id, user_id, expires_at)
     VALUES ($1, $2, $3, now() + interval '10 years')`,
    [sessionId, tenantId, userId],
  );
  const user = { sessionId, userId, tenantId, email, role };
  const { token } = issueUserToken(parts.keyring.users, user, Date.now());
  const signOut = () =>
    owner.query('DELETE FROM device_manager.sessions WHERE id = $1', [sessionId]);
  return { token, userId, signOut };
};

/** An API key as device-manager keeps it; returns what the client sends. */
export const addApiKey = async (
  owner: Pool,
  tenant: TestTenant,
  deviceId: string,
): Promise<string> => {
  const { apiKey, prefix, salt, hash } = createApiKey();
  await owner.query(
    `INSERT INTO device_manager.api_keys
       (tenant_id, device_id, prefix, salt, secret_hash, created_by, expires_at)
     VALUES ($1, $2, $3, $4, $5, 'test', now() + interval '10 years')`,
    [tenant.tenantId, deviceId, prefix, salt, hash],
  );
  return apiKey;
};

const tables = {
  metrics: 'metrics',
  events: 'events',
  reported: 'reported_history',
} as const;

/** Every stored row of a lane as `epoch/seq`, in no order, repeats included. */
export const storedRows = async (
  owner: Pool,
  lane: keyof typeof tables,
  deviceId: string,
): Promise<string[]> => {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT epoch || '/' || seq AS name FROM telemetry.${tables[lane]}
      WHERE device_id = $1 ORDER BY epoch, seq`,
    [deviceId],
  );
  return rows.map((row) => row.name);
};

/** What the device wrote into the lane's present epoch, named the same way. */
export const writtenRows = (device: VirtualDevice, lane: keyof typeof tables): string[] => {
  const { epoch, lines, ends } = device.laneOf(lane);
  return lines.flatMap((line, index) =>
    line.startsWith('{"gap":') ? [] : [`${epoch}/${ends[index]}`],
  );
};

/** Opens an acknowledgement as an agent does; throws when it is not signed by the ingest key. */
export const openAck = async (
  parts: Pick<Platform, 'keyring'>,
  tenantId: string,
  bytes: Uint8Array,
): Promise<Acknowledgement> => {
  const { ingest } = await parts.keyring.tenant(tenantId);
  const opened = openEnvelope(bytes, {
    payloadType: payloadTypes.acknowledgement,
    keys: [ingest],
    schema: acknowledgementSchema,
    bytesMax: 4_096,
  });
  if (opened.kind === 'refused') throw new Error(opened.reason);
  return opened.value;
};

/** Presence as the holder of the lease flushes it. */
export const setPresence = (
  owner: Pool,
  tenantId: string,
  deviceIds: readonly string[],
  presence: 'online' | 'offline',
  since: Date,
): Promise<unknown> =>
  owner.query(
    `INSERT INTO telemetry.presence
       (device_id, tenant_id, last_seen_at, next_beat_ms, presence, changed_at)
     SELECT d, $2, $4, 30000, $3, $4 FROM unnest($1::uuid[]) AS d
     ON CONFLICT (device_id) DO UPDATE SET last_seen_at = $4, presence = $3, changed_at = $4`,
    [deviceIds, tenantId, presence, since],
  );

/** An alert that is active, as the evaluation raises one; returns its id. */
export const addAlert = async (
  owner: Pool,
  tenantId: string,
  about: { deviceId: string; site: string },
): Promise<string> => {
  const [row] = await insertAlerts(
    owner,
    [
      {
        tenantId,
        ruleId: 'high-cpu',
        ruleName: 'Processor busy',
        type: 'high-cpu',
        severity: 'warning',
        title: 'The processor is busy',
        detail: 'It is at 99 %.',
        ...about,
        deviceName: 'pump',
        rolloutId: null,
        deviceCount: 1,
        silenced: false,
        escalatesAt: null,
        judgedAt: null,
      },
    ],
    new Date(),
  );
  return row?.id ?? '';
};
