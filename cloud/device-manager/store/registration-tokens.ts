/**
 * Registration tokens as rows. A use is counted by one conditional UPDATE in the transaction that
 * creates the device: it can neither be exceeded by registrations at the same moment nor be burnt
 * by one that fails.
 */
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';
import type { SecretHash } from '../credentials/token-secret.ts';

export type RegistrationToken = {
  id: string;
  tenantId: string;
  prefix: string;
  description: string;
  site: string;
  maxUses: number;
  currentUses: number;
  autoApprove: boolean;
  /** What its devices get: a static group, and tags as people write them. */
  groupId: string | null;
  tags: string[];
  createdBy: string;
  createdAt: Date;
  expiresAt: Date;
  revokedAt: Date | null;
};

type TokenRow = {
  id: string;
  tenant_id: string;
  prefix: string;
  description: string;
  site: string;
  max_uses: number;
  current_uses: number;
  auto_approve: boolean;
  group_id: string | null;
  tags: string[];
  created_by: string;
  created_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
};

const columns = `id, tenant_id, prefix, description, site, max_uses, current_uses, auto_approve,
  group_id, tags, created_by, created_at, expires_at, revoked_at`;

const tokenOf = (row: TokenRow): RegistrationToken => ({
  id: row.id,
  tenantId: row.tenant_id,
  prefix: row.prefix,
  description: row.description,
  site: row.site,
  maxUses: row.max_uses,
  currentUses: row.current_uses,
  autoApprove: row.auto_approve,
  groupId: row.group_id,
  tags: row.tags,
  createdBy: row.created_by,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
});

export type NewToken = SecretHash &
  Pick<
    RegistrationToken,
    | 'tenantId'
    | 'prefix'
    | 'description'
    | 'site'
    | 'maxUses'
    | 'autoApprove'
    | 'groupId'
    | 'tags'
    | 'createdBy'
  > & { createdAt: Date; expiresAt: Date };

export const insertToken = async (sql: Sql, token: NewToken): Promise<RegistrationToken> =>
  tokenOf(
    onlyRow(
      await sql.query<TokenRow>(
        `INSERT INTO device_manager.registration_tokens
           (tenant_id, prefix, salt, secret_hash, description, site, max_uses, auto_approve,
            created_by, created_at, expires_at, group_id, tags)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING ${columns}`,
        [
          token.tenantId,
          token.prefix,
          token.salt,
          token.secretHash,
          token.description,
          token.site,
          token.maxUses,
          token.autoApprove,
          token.createdBy,
          token.createdAt,
          token.expiresAt,
          token.groupId,
          token.tags,
        ],
      ),
    ),
  );

/** All tokens behind a prefix, of any tenant: for the background role, before a tenant is known. */
export const findCandidates = async (
  sql: Sql,
  prefix: string,
): Promise<(RegistrationToken & SecretHash)[]> => {
  const { rows } = await sql.query<TokenRow & { salt: Buffer; secret_hash: Buffer }>(
    `SELECT ${columns}, salt, secret_hash FROM device_manager.registration_tokens
      WHERE prefix = $1`,
    [prefix],
  );
  return rows.map((row) => ({ ...tokenOf(row), salt: row.salt, secretHash: row.secret_hash }));
};

/** Counts one use; false when the token admits nobody any more. */
export const claimUse = async (sql: Sql, id: string, now: Date): Promise<boolean> => {
  const { rowCount } = await sql.query(
    `UPDATE device_manager.registration_tokens SET current_uses = current_uses + 1
      WHERE id = $1 AND current_uses < max_uses AND revoked_at IS NULL AND expires_at > $2`,
    [id, now],
  );
  return rowCount === 1;
};

export const findToken = async (sql: Sql, id: string): Promise<RegistrationToken | null> => {
  const { rows } = await sql.query<TokenRow>(
    `SELECT ${columns} FROM device_manager.registration_tokens WHERE id = $1`,
    [id],
  );
  return rows[0] === undefined ? null : tokenOf(rows[0]);
};

/** Newest first; the page after the token that `after` names. */
export const listTokens = async (
  sql: Sql,
  page: { after: { createdAt: Date; id: string } | null; limit: number },
): Promise<RegistrationToken[]> => {
  const { rows } = await sql.query<TokenRow>(
    `SELECT ${columns} FROM device_manager.registration_tokens
      WHERE $1::timestamptz IS NULL OR (created_at, id) < ($1, $2::uuid)
      ORDER BY created_at DESC, id DESC LIMIT $3`,
    [page.after?.createdAt ?? null, page.after?.id ?? null, page.limit],
  );
  return rows.map(tokenOf);
};

/** False when it was revoked before. */
export const revokeToken = async (sql: Sql, id: string, now: Date): Promise<boolean> => {
  const { rowCount } = await sql.query(
    `UPDATE device_manager.registration_tokens SET revoked_at = $2
      WHERE id = $1 AND revoked_at IS NULL`,
    [id, now],
  );
  return rowCount === 1;
};
