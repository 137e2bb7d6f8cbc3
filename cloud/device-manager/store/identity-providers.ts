/** Providers of sign-in by OpenID Connect, and sign-ins that are on their way. */
import type { Role } from '@signalbeam/platform/http/caller';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { RoleRule } from '../core/oidc-role.ts';

export type IdentityProvider = {
  tenantId: string;
  name: string;
  issuer: string;
  clientId: string;
  secretSealed: Buffer | null;
  listed: boolean;
  roleClaim: string;
  roleRules: RoleRule[];
  defaultRole: Role | null;
  linkByEmail: boolean;
};

const columns = `tenant_id AS "tenantId", name, issuer, client_id AS "clientId",
  secret_sealed AS "secretSealed", listed, role_claim AS "roleClaim", role_rules AS "roleRules",
  default_role AS "defaultRole", link_by_email AS "linkByEmail"`;

export const readProvider = async (
  sql: Sql,
  tenantId: string,
): Promise<IdentityProvider | null> => {
  const { rows } = await sql.query<IdentityProvider>(
    `SELECT ${columns} FROM device_manager.identity_providers WHERE tenant_id = $1`,
    [tenantId],
  );
  return rows[0] ?? null;
};

/** Whoever else changes it waits, also while there is none. */
export const lockProvider = async (
  sql: Sql,
  tenantId: string,
): Promise<IdentityProvider | null> => {
  await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('identity provider:' || $1, 0))`, [
    tenantId,
  ]);
  return readProvider(sql, tenantId);
};

/** For the sign-in page, before a tenant is known; a page shows no more buttons than this. */
export const listedProviders = async (
  sql: Sql,
): Promise<Pick<IdentityProvider, 'tenantId' | 'name'>[]> => {
  const { rows } = await sql.query<{ tenantId: string; name: string }>(
    `SELECT tenant_id AS "tenantId", name FROM device_manager.identity_providers
      WHERE listed ORDER BY lower(name), tenant_id LIMIT 10`,
  );
  return rows;
};

export const writeProvider = async (sql: Sql, provider: IdentityProvider): Promise<void> => {
  const { tenantId, name, issuer, clientId, secretSealed, listed, roleClaim } = provider;
  await sql.query(
    `INSERT INTO device_manager.identity_providers
       (tenant_id, name, issuer, client_id, secret_sealed, listed, role_claim, role_rules,
        default_role, link_by_email)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (tenant_id) DO UPDATE
        SET name = $2, issuer = $3, client_id = $4, secret_sealed = $5, listed = $6,
            role_claim = $7, role_rules = $8, default_role = $9, link_by_email = $10,
            changed_at = now()`,
    [
      ...[tenantId, name, issuer, clientId, secretSealed, listed, roleClaim],
      ...[JSON.stringify(provider.roleRules), provider.defaultRole, provider.linkByEmail],
    ],
  );
};

export const deleteProvider = async (sql: Sql, tenantId: string): Promise<void> => {
  await sql.query('DELETE FROM device_manager.identity_providers WHERE tenant_id = $1', [tenantId]);
};

export const insertAttempt = async (
  sql: Sql,
  attempt: { stateHash: Buffer; tenantId: string; sealed: Buffer; expiresAt: Date },
): Promise<void> => {
  const { stateHash, tenantId, sealed, expiresAt } = attempt;
  await sql.query(
    `INSERT INTO device_manager.oidc_attempts (state_hash, tenant_id, sealed, expires_at)
     VALUES ($1, $2, $3, $4)`,
    [stateHash, tenantId, sealed, expiresAt],
  );
};

/** Taken: a second answer to the same sign-in finds none. */
export const takeAttempt = async (
  sql: Sql,
  stateHash: Buffer,
  now: Date,
): Promise<{ tenantId: string; sealed: Buffer } | null> => {
  const { rows } = await sql.query<{ tenantId: string; sealed: Buffer }>(
    `DELETE FROM device_manager.oidc_attempts WHERE state_hash = $1 AND expires_at > $2
      RETURNING tenant_id AS "tenantId", sealed`,
    [stateHash, now],
  );
  return rows[0] ?? null;
};

export const sweepAttempts = async (sql: Sql, now: Date): Promise<number> => {
  const { rowCount } = await sql.query(
    'DELETE FROM device_manager.oidc_attempts WHERE expires_at < $1',
    [now],
  );
  return rowCount ?? 0;
};
