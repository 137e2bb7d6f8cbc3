/**
 * Changes of membership that wait to be signed, and the signed records of tenants (site '') and
 * sites. Runs as the background role. Whoever signs holds the row of the site, so versions follow
 * one another whichever replica works.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Removal, Wipe } from '@signalbeam/sync/core/removal';
import type { RosterMember } from '@signalbeam/sync/core/roster';

export type Membership = { tenantId: string; site: string; changed: number; departures: number };

type MembershipRow = { tenant_id: string; site: string; changed: number; departures: number };
const membershipOf = (row: MembershipRow): Membership => ({
  tenantId: row.tenant_id,
  site: row.site,
  changed: row.changed,
  departures: row.departures,
});

const itsDeletion = 'SELECT FROM platform.tenant_deletions gone WHERE gone.tenant_id = t.id';

/** Every tenant has a revocation record, an empty one at first. Null means all tenants that are not about to be deleted. */
export const ensureMemberships = async (sql: Sql, tenantId: string | null): Promise<void> => {
  await sql.query(
    `INSERT INTO device_manager.memberships (tenant_id, site)
     SELECT id, '' FROM device_manager.tenants t
      WHERE ${tenantId === null ? `NOT EXISTS (${itsDeletion})` : 't.id = $1'}
        AND NOT EXISTS (SELECT 1 FROM device_manager.memberships m
                         WHERE m.tenant_id = t.id AND m.site = '')
     ON CONFLICT DO NOTHING`,
    tenantId === null ? [] : [tenantId],
  );
};

export const unsignedMemberships = async (
  sql: Sql,
  limit: number,
): Promise<{ tenantId: string; site: string }[]> => {
  const { rows } = await sql.query<{ tenant_id: string; site: string }>(
    `SELECT tenant_id, site FROM device_manager.memberships WHERE signed < changed LIMIT $1`,
    [limit],
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, site: row.site }));
};

/** Locks the row; null when it is signed already (another replica was faster) or not there. */
export const takeMembership = async (
  sql: Sql,
  at: { tenantId: string; site: string },
): Promise<Membership | null> => {
  const { rows } = await sql.query<MembershipRow>(
    `SELECT tenant_id, site, changed, departures FROM device_manager.memberships
      WHERE tenant_id = $1 AND site = $2 AND signed < changed FOR UPDATE`,
    [at.tenantId, at.site],
  );
  return rows[0] === undefined ? null : membershipOf(rows[0]);
};

export const markSigned = async (sql: Sql, { tenantId, site, changed }: Membership) => {
  await sql.query(
    `UPDATE device_manager.memberships SET signed = $3 WHERE tenant_id = $1 AND site = $2`,
    [tenantId, site, changed],
  );
};

/** Has everything that the membership key signs signed again: it was rotated. */
export const signAllAgain = async (sql: Sql, tenantId: string): Promise<void> => {
  await sql.query(
    'UPDATE device_manager.memberships SET changed = changed + 1 WHERE tenant_id = $1',
    [tenantId],
  );
};

/** The oldest first: at a site beyond the limit, those that came last are in no mesh. */
export const membersOf = async (
  sql: Sql,
  at: { tenantId: string; site: string },
  limit: number,
): Promise<RosterMember[]> => {
  const { rows } = await sql.query<{ id: string; public_key: string; sealing_key: string }>(
    `SELECT id, public_key, sealing_key FROM device_manager.devices
      WHERE tenant_id = $1 AND site = $2 AND status = 'approved' AND deleted_at IS NULL
      ORDER BY created_at, id LIMIT $3`,
    [at.tenantId, at.site, limit],
  );
  return rows.map((row) => ({
    deviceId: row.id,
    publicKey: row.public_key,
    sealingKey: row.sealing_key,
  }));
};

/** The newest first; a key that is registered afresh is not revoked. */
export const revokedOf = async (sql: Sql, tenantId: string, limit: number) => {
  const { rows } = await sql.query<{
    id: string;
    public_key: string;
    deleted_at: Date;
    removal: Removal | null;
    wipe: Wipe | null;
  }>(
    `SELECT id, public_key, deleted_at, removal, wipe FROM device_manager.devices gone
      WHERE tenant_id = $1 AND deleted_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM device_manager.devices back
                         WHERE back.public_key = gone.public_key AND back.deleted_at IS NULL)
      ORDER BY deleted_at DESC, id LIMIT $2`,
    [tenantId, limit],
  );
  return rows.map((row) => ({
    deviceId: row.id,
    publicKey: row.public_key,
    revokedAt: row.deleted_at.toISOString(),
    ...(row.removal === null ? {} : { removal: row.removal }),
    ...(row.wipe === null ? {} : { wipe: row.wipe }),
  }));
};

/** Keeps the sealed key of a generation unless there is one; returns the one that is kept. */
export const keepSiteKey = async (
  sql: Sql,
  key: { tenantId: string; site: string; generation: number; sealed: Buffer },
): Promise<Buffer> => {
  const { tenantId, site, generation } = key;
  await sql.query(
    `INSERT INTO device_manager.site_keys (tenant_id, site, generation, sealed)
     VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
    [tenantId, site, generation, key.sealed],
  );
  const { rows } = await sql.query<{ sealed: Buffer }>(
    `SELECT sealed FROM device_manager.site_keys
      WHERE tenant_id = $1 AND site = $2 AND generation = $3`,
    [tenantId, site, generation],
  );
  return rows[0]?.sealed ?? key.sealed;
};
