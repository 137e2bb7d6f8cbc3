/**
 * Which key signed each stored desired state (read from the envelope itself), and which grow old.
 * Runs as the background role: it looks at all tenants.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';

export const keysetVersions = async (
  sql: Sql,
): Promise<{ tenantId: string; version: number }[]> => {
  const { rows } = await sql.query<{ tenant_id: string; version: number }>(
    `SELECT tenant_id, max(version) AS version FROM platform.tenant_records
      WHERE name = 'keyset' GROUP BY tenant_id`,
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, version: row.version }));
};

/** Devices that still exist, so that each look makes progress. */
export const signedByOthers = async (
  sql: Sql,
  tenantId: string,
  trustedKeyIds: readonly string[],
  limit: number,
): Promise<string[]> => {
  const { rows } = await sql.query<{ device_id: string }>(
    `SELECT desired.device_id
       FROM bundle_orchestrator.desired_states desired
       JOIN device_manager.public_devices device
         ON device.tenant_id = desired.tenant_id AND device.device_id = desired.device_id
      WHERE desired.tenant_id = $1
        AND convert_from(desired.envelope, 'UTF8')::jsonb -> 'signatures' -> 0 ->> 'keyid'
            <> ALL ($2)
      ORDER BY desired.device_id LIMIT $3`,
    [tenantId, trustedKeyIds, limit],
  );
  return rows.map((row) => row.device_id);
};

/** The oldest that were signed before this moment, of one tenant. */
export const signedBefore = async (
  sql: Sql,
  before: Date,
  limit: number,
): Promise<{ tenantId: string; deviceIds: string[] } | null> => {
  const { rows } = await sql.query<{ tenant_id: string; device_id: string }>(
    `SELECT desired.tenant_id, desired.device_id
       FROM bundle_orchestrator.desired_states desired
       JOIN device_manager.public_devices device
         ON device.tenant_id = desired.tenant_id AND device.device_id = desired.device_id
      WHERE desired.issued_at < $1 ORDER BY desired.tenant_id, desired.device_id LIMIT $2`,
    [before, limit],
  );
  const tenantId = rows[0]?.tenant_id;
  if (tenantId === undefined) return null;
  const own = rows.filter((row) => row.tenant_id === tenantId);
  return { tenantId, deviceIds: own.map((row) => row.device_id) };
};
