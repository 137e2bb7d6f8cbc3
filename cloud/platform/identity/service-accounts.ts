/**
 * Whose token a program sends, as its account stands now: through a view that device-manager owns.
 * Nothing is cached: a revoked token is out at once.
 *
 *   device_manager.public_service_tokens (token_id, prefix, salt, hash, expires_at, last_used_at,
 *     tenant_id, account_id, name, sites, account_role, token_role, suspension)
 */
import type { Role, UserCaller } from '../http/caller.ts';
import type { Sql } from '../postgres/pool.ts';
import { type SecretHash, serviceTokens } from './secret-tokens.ts';

export type ServiceAccount = {
  tokenId: string;
  accountId: string;
  tenantId: string;
  name: string;
  role: Role;
  sites: readonly string[] | null;
  /** Why its tenant is suspended; null: it is not. */
  suspension: string | null;
};
export type ServiceTokenLookup = (token: string, nowMs: number) => Promise<ServiceAccount | null>;

/** Last use is noted this coarsely, so that reading is not writing. */
const notedEveryMs = 3_600_000;

type Row = SecretHash & {
  token_id: string;
  last_used_at: Date | null;
  tenant_id: string;
  account_id: string;
  name: string;
  sites: string[] | null;
  account_role: Role;
  token_role: Role;
  suspension: string | null;
};

const rank: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };
/** A token may do what both it and its account may, which can have lost a role since. */
const lesser = (one: Role, two: Role): Role => (rank[one] < rank[two] ? one : two);

const noteUse = async (sql: Sql, row: Row, nowMs: number): Promise<void> => {
  if (row.last_used_at !== null && nowMs - row.last_used_at.getTime() < notedEveryMs) return;
  await sql.query('UPDATE device_manager.service_tokens SET last_used_at = $2 WHERE id = $1', [
    row.token_id,
    new Date(nowMs),
  ]);
};

/** Over a pool with the role `sb_system`. */
export const createServiceTokenLookup =
  (sql: Sql): ServiceTokenLookup =>
  async (token, nowMs) => {
    const prefix = serviceTokens.prefixOf(token);
    if (prefix === null) return null;
    const { rows } = await sql.query<Row>(
      `SELECT token_id, salt, hash, last_used_at, tenant_id, account_id, name, sites,
              account_role, token_role, suspension
         FROM device_manager.public_service_tokens WHERE prefix = $1 AND expires_at > $2`,
      [prefix, new Date(nowMs)],
    );
    const row = rows.find((candidate) => serviceTokens.matches(token, candidate));
    if (row === undefined) return null;
    await noteUse(sql, row, nowMs);
    return {
      tokenId: row.token_id,
      accountId: row.account_id,
      tenantId: row.tenant_id,
      name: row.name,
      role: lesser(row.account_role, row.token_role),
      sites: row.sites,
      suspension: row.suspension,
    };
  };

/** A program as a caller: it acts like a person of its role, under its own name. */
export const serviceCaller = (account: ServiceAccount): UserCaller => {
  const { accountId: userId, tokenId, tenantId, role, sites } = account;
  const email = `service-account:${account.name}`;
  return {
    kind: 'user',
    account: 'service',
    sessionId: null,
    tokenId,
    userId,
    tenantId,
    email,
    role,
    sites,
  };
};
