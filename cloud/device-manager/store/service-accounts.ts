/** Accounts of programs and their tokens, as rows. The platform's authenticator finds tokens. */
import type { Role } from '@signalbeam/platform/http/caller';
import type { SecretHash } from '@signalbeam/platform/identity/secret-tokens';
import { isUniqueViolation, onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';

export type ServiceAccount = {
  id: string;
  name: string;
  role: Role;
  sites: string[] | null;
  createdBy: string;
  createdAt: Date;
};
export type ServiceToken = {
  id: string;
  accountId: string;
  prefix: string;
  role: Role;
  createdBy: string;
  createdAt: Date;
  expiresAt: Date;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
};

const columns = `id, name, role, sites, created_by AS "createdBy", created_at AS "createdAt"`;
const tokenColumns = `id, account_id AS "accountId", prefix, role, created_by AS "createdBy",
  created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt",
  last_used_at AS "lastUsedAt"`;

/** Null when the name is taken; the caller's transaction is then over. */
export const insertAccount = async (
  sql: Sql,
  account: Omit<ServiceAccount, 'id'> & { tenantId: string },
): Promise<ServiceAccount | null> => {
  const { tenantId, name, role, sites, createdBy, createdAt } = account;
  try {
    return onlyRow(
      await sql.query<ServiceAccount>(
        `INSERT INTO device_manager.service_accounts
           (tenant_id, name, role, sites, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${columns}`,
        [tenantId, name, role, sites, createdBy, createdAt],
      ),
    );
  } catch (error) {
    if (isUniqueViolation(error, 'service_accounts_name')) return null;
    throw error;
  }
};

/** Locked, so that its tokens are counted one after another. */
export const lockAccount = async (sql: Sql, id: string): Promise<ServiceAccount | null> => {
  const { rows } = await sql.query<ServiceAccount>(
    `SELECT ${columns} FROM device_manager.service_accounts WHERE id = $1 FOR UPDATE`,
    [id],
  );
  return rows[0] ?? null;
};

export const countAccounts = async (sql: Sql): Promise<number> => {
  const { rows } = await sql.query<{ n: number }>(
    'SELECT count(*) AS n FROM device_manager.service_accounts',
  );
  return rows[0]?.n ?? 0;
};

export const deleteAccount = async (sql: Sql, id: string): Promise<void> => {
  await sql.query('DELETE FROM device_manager.service_accounts WHERE id = $1', [id]);
};

/** Few enough to be shown at once: their number is limited. */
export const listAccounts = async (
  sql: Sql,
): Promise<(ServiceAccount & { tokens: ServiceToken[] })[]> => {
  const accounts = await sql.query<ServiceAccount>(
    `SELECT ${columns} FROM device_manager.service_accounts ORDER BY lower(name)`,
  );
  const tokens = await sql.query<ServiceToken>(
    `SELECT ${tokenColumns} FROM device_manager.service_tokens
      WHERE revoked_at IS NULL ORDER BY created_at DESC, id`,
  );
  const byAccount = Map.groupBy(tokens.rows, ({ accountId }) => accountId);
  return accounts.rows.map((account) => ({ ...account, tokens: byAccount.get(account.id) ?? [] }));
};

export const countLiveTokens = async (sql: Sql, accountId: string, now: Date): Promise<number> => {
  const { rows } = await sql.query<{ n: number }>(
    `SELECT count(*) AS n FROM device_manager.service_tokens
      WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > $2`,
    [accountId, now],
  );
  return rows[0]?.n ?? 0;
};

export const insertToken = async (
  sql: Sql,
  token: SecretHash & {
    tenantId: string;
    accountId: string;
    role: Role;
    prefix: string;
    createdBy: string;
    createdAt: Date;
    expiresAt: Date;
  },
): Promise<ServiceToken> => {
  const { tenantId, accountId, role, prefix, salt, hash, createdBy, createdAt, expiresAt } = token;
  return onlyRow(
    await sql.query<ServiceToken>(
      `INSERT INTO device_manager.service_tokens
         (tenant_id, account_id, role, prefix, salt, secret_hash, created_by, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING ${tokenColumns}`,
      [tenantId, accountId, role, prefix, salt, hash, createdBy, createdAt, expiresAt],
    ),
  );
};

export const revokeToken = async (
  sql: Sql,
  token: { accountId: string; id: string; at: Date },
): Promise<ServiceToken | null> => {
  const { rows } = await sql.query<ServiceToken>(
    `UPDATE device_manager.service_tokens SET revoked_at = $3
      WHERE id = $2 AND account_id = $1 AND revoked_at IS NULL RETURNING ${tokenColumns}`,
    [token.accountId, token.id, token.at],
  );
  return rows[0] ?? null;
};
