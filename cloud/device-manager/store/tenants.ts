/** Tenants as rows. Made by the background role, for a tenant exists before anybody can be in it. */
import type { Tier } from '@signalbeam/platform/identity/tiers';
import { isUniqueViolation, type Sql } from '@signalbeam/platform/postgres/pool';

export type Tenant = { tenantId: string; name: string; tier: Tier; tenantKey: string };

/** False when a tenant of this name exists; the caller's transaction is then over. */
export const insertTenant = async (sql: Sql, tenant: Tenant): Promise<boolean> => {
  try {
    await sql.query(
      'INSERT INTO device_manager.tenants (id, name, tenant_key, tier) VALUES ($1, $2, $3, $4)',
      [tenant.tenantId, tenant.name, tenant.tenantKey, tenant.tier],
    );
    return true;
  } catch (error) {
    if (isUniqueViolation(error, 'tenants_name')) return false;
    throw error;
  }
};

/** Null when there is none of this name; whoever else changes it waits. */
export const lockTenantNamed = async (
  sql: Sql,
  name: string,
): Promise<{ tenantId: string; tier: Tier } | null> => {
  const { rows } = await sql.query<{ tenantId: string; tier: Tier }>(
    'SELECT id AS "tenantId", tier FROM device_manager.tenants WHERE lower(name) = lower($1) FOR UPDATE',
    [name],
  );
  return rows[0] ?? null;
};

export const setTenantTier = async (sql: Sql, tenantId: string, tier: Tier): Promise<void> => {
  await sql.query('UPDATE device_manager.tenants SET tier = $2 WHERE id = $1', [tenantId, tier]);
};

export const readTenant = async (
  sql: Sql,
  tenantId: string,
): Promise<{ name: string; createdAt: Date } | null> => {
  const { rows } = await sql.query<{ name: string; created_at: Date }>(
    'SELECT name, created_at FROM device_manager.tenants WHERE id = $1',
    [tenantId],
  );
  return rows[0] === undefined ? null : { name: rows[0].name, createdAt: rows[0].created_at };
};
