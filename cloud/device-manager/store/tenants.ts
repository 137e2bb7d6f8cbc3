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

export type Suspension = { at: Date; reason: string };

/** Null: it is not suspended. Whoever else changes the tenant waits where the caller locked it. */
export const readSuspension = async (sql: Sql, tenantId: string): Promise<Suspension | null> => {
  const { rows } = await sql.query<Suspension>(
    `SELECT suspended_at AS at, suspended_reason AS reason FROM device_manager.tenants
      WHERE id = $1 AND suspended_at IS NOT NULL`,
    [tenantId],
  );
  return rows[0] ?? null;
};

export const writeSuspension = async (
  sql: Sql,
  tenantId: string,
  { suspension, at }: { suspension: Suspension | null; at: Date },
): Promise<void> => {
  await sql.query(
    `UPDATE device_manager.tenants
        SET suspended_at = $2, suspended_reason = $3,
            resumed_at = CASE WHEN $2::timestamptz IS NULL THEN $4::timestamptz END
      WHERE id = $1`,
    [tenantId, suspension?.at ?? null, suspension?.reason ?? null, at],
  );
};

export type ListedTenant = {
  tenantId: string;
  name: string;
  tier: Tier;
  createdAt: Date;
  devices: number;
  suspension: Suspension | null;
};

/** Of all of them, by name, whatever its case; `after` is the name that a page ended with. */
export const listTenants = async (
  sql: Sql,
  page: { after: string; limit: number },
): Promise<ListedTenant[]> => {
  type Row = Omit<ListedTenant, 'suspension'> & { at: Date | null; reason: string | null };
  const { rows } = await sql.query<Row>(
    `SELECT id AS "tenantId", name, tier, created_at AS "createdAt",
            platform.quota_used_of('devices', id) AS devices,
            suspended_at AS at, suspended_reason AS reason
       FROM device_manager.tenants WHERE lower(name) > lower($1)
      ORDER BY lower(name) LIMIT $2`,
    [page.after, page.limit],
  );
  return rows.map(({ at, reason, ...tenant }) => ({
    ...tenant,
    suspension: at === null || reason === null ? null : { at, reason },
  }));
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
