/**
 * API keys of devices as rows. A device may have two live ones, so that a key can be replaced
 * without a gap; the platform's authenticator finds them through `public_api_keys`.
 */
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';

export type ApiKey = {
  id: string;
  prefix: string;
  createdBy: string;
  createdAt: Date;
  expiresAt: Date;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
};

type ApiKeyRow = {
  id: string;
  prefix: string;
  created_by: string;
  created_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
  last_used_at: Date | null;
};

const columns = 'id, prefix, created_by, created_at, expires_at, revoked_at, last_used_at';

const apiKeyOf = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  prefix: row.prefix,
  createdBy: row.created_by,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  lastUsedAt: row.last_used_at,
});

export const insertApiKey = async (
  sql: Sql,
  key: {
    tenantId: string;
    deviceId: string;
    prefix: string;
    salt: Buffer;
    hash: Buffer;
    createdBy: string;
    createdAt: Date;
    expiresAt: Date;
  },
): Promise<ApiKey> =>
  apiKeyOf(
    onlyRow(
      await sql.query<ApiKeyRow>(
        `INSERT INTO device_manager.api_keys
           (tenant_id, device_id, prefix, salt, secret_hash, created_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${columns}`,
        [
          key.tenantId,
          key.deviceId,
          key.prefix,
          key.salt,
          key.hash,
          key.createdBy,
          key.createdAt,
          key.expiresAt,
        ],
      ),
    ),
  );

/** How many keys of a device still work. */
export const countLiveKeys = async (sql: Sql, deviceId: string, now: Date): Promise<number> => {
  const result = await sql.query<{ live: number }>(
    `SELECT count(*) AS live FROM device_manager.api_keys
      WHERE device_id = $1 AND revoked_at IS NULL AND expires_at > $2`,
    [deviceId, now],
  );
  return onlyRow(result).live;
};

/** The newest hundred of a device. */
export const listApiKeys = async (sql: Sql, deviceId: string): Promise<ApiKey[]> => {
  const { rows } = await sql.query<ApiKeyRow>(
    `SELECT ${columns} FROM device_manager.api_keys
      WHERE tenant_id = platform.current_tenant() AND device_id = $1
      ORDER BY created_at DESC, id LIMIT 100`,
    [deviceId],
  );
  return rows.map(apiKeyOf);
};

/** What became of a key: its row when it now is revoked and was not, or why nothing changed. */
export const revokeApiKey = async (
  sql: Sql,
  key: { deviceId: string; id: string; at: Date },
): Promise<'revoked' | 'unchanged' | 'unknown'> => {
  const { rows } = await sql.query<{ revoked_at: Date | null }>(
    `SELECT revoked_at FROM device_manager.api_keys WHERE id = $1 AND device_id = $2 FOR UPDATE`,
    [key.id, key.deviceId],
  );
  if (rows[0] === undefined) return 'unknown';
  if (rows[0].revoked_at !== null) return 'unchanged';
  await sql.query('UPDATE device_manager.api_keys SET revoked_at = $2 WHERE id = $1', [
    key.id,
    key.at,
  ]);
  return 'revoked';
};
