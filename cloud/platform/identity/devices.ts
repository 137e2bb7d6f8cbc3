/**
 * How the platform looks devices up before a tenant is known: through views that
 * device-manager owns. Nothing is cached: a removed device is out at once.
 *
 *   device_manager.public_device_identities (device_id, tenant_id, public_key, registration_status,
 *     suspension)
 *   device_manager.public_removed_devices (device_id, tenant_id, public_key, removal, deleted_at)
 *   device_manager.public_api_keys (prefix, tenant_id, device_id, salt, hash, expires_at, revoked_at,
 *     key_id)
 *   device_manager.public_device_certificates (serial, tenant_id, device_id, fingerprint, expires_at,
 *     revoked_at)
 *   platform.tenant_deletions (tenant_id)
 */
import { isDeleted } from '../erase/journal.ts';
import type { Sql } from '../postgres/pool.ts';
import { type ApiKeyHash, apiKeyPrefix, matchesApiKey } from './api-keys.ts';

export type DeviceIdentity = {
  deviceId: string;
  tenantId: string;
  /** The device's public nkey, `U…`. */
  publicKey: string;
  /** `removed`: it proves itself and may learn that it is out, and nothing else. */
  registrationStatus: 'pending' | 'approved' | 'rejected' | 'removed';
  /** Why its tenant is suspended; null: it is not. */
  suspension: string | null;
};

/** A credential that fits a device; one that is revoked or expired opens nothing. */
export type Found = {
  device: DeviceIdentity;
  state: 'live' | 'revoked' | 'expired';
  apiKeyId?: string;
};

export type DeviceLookups = {
  byId: (deviceId: string) => Promise<DeviceIdentity | null>;
  byApiKey: (apiKey: string, tenantId: string, nowMs: number) => Promise<Found | null>;
  /** Serial and SHA-256 of a certificate whose chain and key TLS has verified. */
  byCertificate: (
    shown: { serial: string; fingerprint: string },
    nowMs: number,
  ) => Promise<Found | null>;
  /** Whether there was a tenant of this id, which is deleted: then nothing of it can be looked up. */
  isDeletedTenant: (tenantId: string) => Promise<boolean>;
};

type IdentityRow = {
  device_id: string;
  tenant_id: string;
  public_key: string;
  registration_status: DeviceIdentity['registrationStatus'];
  suspension: string | null;
};

const identityOf = (row: IdentityRow): DeviceIdentity => ({
  deviceId: row.device_id,
  tenantId: row.tenant_id,
  publicKey: row.public_key,
  registrationStatus: row.registration_status,
  suspension: row.suspension,
});

type Lifetime = { expires_at: Date; revoked_at: Date | null };

const stateOf = (row: Lifetime, nowMs: number): Found['state'] => {
  if (row.revoked_at !== null) return 'revoked';
  return row.expires_at.getTime() > nowMs ? 'live' : 'expired';
};

/** Over a pool with the role `sb_system`. */
export const createDeviceLookups = (sql: Sql): DeviceLookups => ({
  byId: async (deviceId) => {
    const { rows } = await sql.query<IdentityRow>(
      `SELECT device_id, tenant_id, public_key, registration_status, suspension
         FROM device_manager.public_device_identities WHERE device_id = $1`,
      [deviceId],
    );
    if (rows[0] !== undefined) return identityOf(rows[0]);
    const removed = await sql.query<IdentityRow>(
      // That it is out it may learn at any time.
      `SELECT device_id, tenant_id, public_key, 'removed' AS registration_status, NULL AS suspension
         FROM device_manager.public_removed_devices WHERE device_id = $1`,
      [deviceId],
    );
    return removed.rows[0] === undefined ? null : identityOf(removed.rows[0]);
  },
  byApiKey: async (apiKey, tenantId, nowMs) => {
    const prefix = apiKeyPrefix(apiKey);
    if (prefix === null) return null;
    // Every key of the prefix is compared, so two live keys of a device work side by side.
    const { rows } = await sql.query<IdentityRow & ApiKeyHash & Lifetime & { key_id: string }>(
      `SELECT d.device_id, d.tenant_id, d.public_key, d.registration_status, d.suspension,
              k.salt, k.hash, k.key_id, k.expires_at, k.revoked_at
         FROM device_manager.public_api_keys k
         JOIN device_manager.public_device_identities d
           ON d.device_id = k.device_id AND d.tenant_id = k.tenant_id
        WHERE k.prefix = $1 AND k.tenant_id = $2`,
      [prefix, tenantId],
    );
    const row = rows.find((candidate) => matchesApiKey(apiKey, candidate));
    if (row === undefined) return null;
    return { device: identityOf(row), state: stateOf(row, nowMs), apiKeyId: row.key_id };
  },
  byCertificate: async ({ serial, fingerprint }, nowMs) => {
    const { rows } = await sql.query<IdentityRow & Lifetime>(
      `SELECT d.device_id, d.tenant_id, d.public_key, d.registration_status, d.suspension,
              c.expires_at, c.revoked_at
         FROM device_manager.public_device_certificates c
         JOIN device_manager.public_device_identities d
           ON d.device_id = c.device_id AND d.tenant_id = c.tenant_id
        WHERE c.serial = $1 AND c.fingerprint = $2`,
      [serial, fingerprint],
    );
    const [row] = rows;
    return row === undefined ? null : { device: identityOf(row), state: stateOf(row, nowMs) };
  },
  isDeletedTenant: (tenantId) => isDeleted(sql, tenantId),
});
