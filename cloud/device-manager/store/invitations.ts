/** Invitations as rows. One per address and tenant: a new one takes the place of the last. */
import type { Role } from '@signalbeam/platform/http/caller';
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';

export type Invitation = {
  id: string;
  tenantId: string;
  email: string;
  role: Role;
  sites: string[] | null;
  createdBy: string;
  createdAt: Date;
  expiresAt: Date;
};

const columns = `id, tenant_id AS "tenantId", email, role, sites, created_by AS "createdBy",
  created_at AS "createdAt", expires_at AS "expiresAt"`;

export const insertInvitation = async (
  sql: Sql,
  given: Omit<Invitation, 'id'> & { secretHash: Buffer },
): Promise<Invitation> => {
  const { tenantId, email, role, sites, secretHash, createdBy, createdAt, expiresAt } = given;
  await sql.query(
    'DELETE FROM device_manager.invitations WHERE tenant_id = $1 AND lower(email) = lower($2)',
    [tenantId, email],
  );
  return onlyRow(
    await sql.query<Invitation>(
      `INSERT INTO device_manager.invitations
         (tenant_id, email, role, sites, secret_hash, created_by, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${columns}`,
      [tenantId, email, role, sites, secretHash, createdBy, createdAt, expiresAt],
    ),
  );
};

/** Up to 1,000, by address. */
export const listInvitations = async (sql: Sql, now: Date): Promise<Invitation[]> => {
  const { rows } = await sql.query<Invitation>(
    `SELECT ${columns} FROM device_manager.invitations
      WHERE expires_at > $1 ORDER BY lower(email) LIMIT 1000`,
    [now],
  );
  return rows;
};

export const deleteInvitation = async (sql: Sql, id: string): Promise<Invitation | null> => {
  const { rows } = await sql.query<Invitation>(
    `DELETE FROM device_manager.invitations WHERE id = $1 RETURNING ${columns}`,
    [id],
  );
  return rows[0] ?? null;
};

/** Takes it: of two who come at once, one gets it. Over a role that sees all tenants. */
export const takeInvitation = async (
  sql: Sql,
  secretHash: Buffer,
  now: Date,
): Promise<(Invitation & { tenantName: string }) | null> => {
  const { rows } = await sql.query<Invitation & { tenantName: string }>(
    `DELETE FROM device_manager.invitations i USING device_manager.tenants t
      WHERE i.secret_hash = $1 AND i.expires_at > $2 AND t.id = i.tenant_id
      RETURNING i.id, i.tenant_id AS "tenantId", i.email, i.role, i.sites,
                i.created_by AS "createdBy", i.created_at AS "createdAt",
                i.expires_at AS "expiresAt", t.name AS "tenantName"`,
    [secretHash, now],
  );
  return rows[0] ?? null;
};

export const sweepInvitations = async (sql: Sql, now: Date): Promise<number> => {
  const { rowCount } = await sql.query(
    'DELETE FROM device_manager.invitations WHERE expires_at < $1',
    [now],
  );
  return rowCount ?? 0;
};
