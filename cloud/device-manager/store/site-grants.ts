/**
 * Technicians' grants as rows: to whom, at which site, until when, whether taken back. No secret is
 * here. A trigger has the tenant's revocation signed again when one is taken back.
 */
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';

export type SiteGrant = {
  id: string;
  site: string;
  holder: string;
  createdBy: string;
  createdAt: Date;
  expiresAt: Date;
  revokedAt: Date | null;
};

type GrantRow = {
  id: string;
  site: string;
  holder: string;
  created_by: string;
  created_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
};

const columns = 'id, site, holder, created_by, created_at, expires_at, revoked_at';
const grantOf = (row: GrantRow): SiteGrant => ({
  id: row.id,
  site: row.site,
  holder: row.holder,
  createdBy: row.created_by,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
});

export const insertGrant = async (
  sql: Sql,
  grant: Omit<SiteGrant, 'revokedAt'> & { tenantId: string },
): Promise<SiteGrant> =>
  grantOf(
    onlyRow(
      await sql.query<GrantRow>(
        `INSERT INTO device_manager.site_grants
           (id, tenant_id, site, holder, created_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${columns}`,
        [
          grant.id,
          grant.tenantId,
          grant.site,
          grant.holder,
          grant.createdBy,
          grant.createdAt,
          grant.expiresAt,
        ],
      ),
    ),
  );

/** The newest first, after a place in that order. */
export const listGrants = async (
  sql: Sql,
  of: { site: string; after: { createdAt: string; id: string } | null; limit: number },
): Promise<SiteGrant[]> => {
  const { rows } = await sql.query<GrantRow>(
    `SELECT ${columns} FROM device_manager.site_grants
      WHERE tenant_id = platform.current_tenant() AND site = $1
        AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
      ORDER BY created_at DESC, id DESC LIMIT $4`,
    [of.site, of.after?.createdAt ?? null, of.after?.id ?? null, of.limit],
  );
  return rows.map(grantOf);
};

/** Neither expired nor taken back. */
export const countLiveGrants = async (sql: Sql, site: string, now: Date): Promise<number> =>
  onlyRow(
    await sql.query<{ live: number }>(
      `SELECT count(*)::integer AS live FROM device_manager.site_grants
        WHERE tenant_id = platform.current_tenant() AND site = $1
          AND revoked_at IS NULL AND expires_at > $2`,
      [site, now],
    ),
  ).live;

/** Of all sites of the tenant, taken back or not; whoever asks next waits until this transaction ends. */
export const countUnexpiredGrants = async (sql: Sql, now: Date): Promise<number> =>
  onlyRow(
    await sql.query<{ count: number }>(
      'SELECT device_manager.count_unexpired_grants($1)::integer AS count',
      [now],
    ),
  ).count;

/** Null when there is none; one that was taken back before stays as it is. */
export const revokeGrant = async (
  sql: Sql,
  of: { site: string; id: string; at: Date },
): Promise<{ grant: SiteGrant; wasLive: boolean } | null> => {
  const { rows } = await sql.query<GrantRow>(
    `SELECT ${columns} FROM device_manager.site_grants
      WHERE tenant_id = platform.current_tenant() AND site = $1 AND id = $2 FOR UPDATE`,
    [of.site, of.id],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const wasLive = row.revoked_at === null;
  if (wasLive) {
    await sql.query('UPDATE device_manager.site_grants SET revoked_at = $2 WHERE id = $1', [
      ...[of.id, of.at],
    ]);
  }
  return { grant: grantOf(row), wasLive };
};

/** For the revocation: those that would still hold. Over a pool with the role `sb_system`. */
export const revokedGrantsOf = async (
  sql: Sql,
  of: { tenantId: string; now: Date; limit: number },
): Promise<string[]> => {
  const { rows } = await sql.query<{ id: string }>(
    `SELECT id FROM device_manager.site_grants
      WHERE tenant_id = $1 AND revoked_at IS NOT NULL AND expires_at > $2
      ORDER BY revoked_at DESC, id LIMIT $3`,
    [of.tenantId, of.now, of.limit],
  );
  return rows.map(({ id }) => id);
};

export const sweepGrants = async (sql: Sql, expiredBefore: Date): Promise<number> => {
  const { rowCount } = await sql.query(
    'DELETE FROM device_manager.site_grants WHERE expires_at < $1',
    [expiredBefore],
  );
  return rowCount ?? 0;
};
