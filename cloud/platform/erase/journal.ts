/**
 * What is written of a tenant that is deleted: how far that is, and afterwards that it was. It stands
 * outside of the tenant, so a crash at any step goes on from here, and neither the tenant nor its keys are
 * made again (`platform.refuse_deleted_tenant`). Of its name a hash stays: others may take it.
 */
import { createHash } from 'node:crypto';
import type { Sql } from '../postgres/pool.ts';

/** In this order. `content`: blobs and what is cached; `rows`: of all tables; `hub`: account and streams. */
export type Step = 'content' | 'rows' | 'hub' | 'done';

export type Deletion = {
  tenantId: string;
  tenantKey: string;
  step: Step;
  deletedBy: string;
  startedAt: Date;
  rowsDeleted: number;
  finishedAt: Date | null;
};

const columns = `tenant_id AS "tenantId", tenant_key AS "tenantKey", step, deleted_by AS "deletedBy",
  started_at AS "startedAt", rows_deleted AS "rowsDeleted", finished_at AS "finishedAt"`;

/** The one that is not finished. */
export const deletionOfName = async (sql: Sql, name: string): Promise<Deletion | null> => {
  const { rows } = await sql.query<Deletion>(
    `SELECT ${columns} FROM platform.tenant_deletions WHERE lower(name) = lower($1)`,
    [name],
  );
  return rows[0] ?? null;
};

export const deletionOf = async (sql: Sql, tenantId: string): Promise<Deletion | null> => {
  const { rows } = await sql.query<Deletion>(
    `SELECT ${columns} FROM platform.tenant_deletions WHERE tenant_id = $1`,
    [tenantId],
  );
  return rows[0] ?? null;
};

/** For those who look a tenant's credentials up; the tenant is then deleted, or about to be. */
export const isDeleted = async (sql: Sql, tenantId: string): Promise<boolean> =>
  (await deletionOf(sql, tenantId)) !== null;

export const listDeletions = async (sql: Sql): Promise<Deletion[]> => {
  const { rows } = await sql.query<Deletion>(
    `SELECT ${columns} FROM platform.tenant_deletions ORDER BY started_at, tenant_id`,
  );
  return rows;
};

export const beginDeletion = async (
  sql: Sql,
  begun: { tenantId: string; name: string; by: string; suspendedAt: Date; at: Date },
): Promise<void> => {
  const hash = createHash('sha256').update(begun.name.toLowerCase()).digest();
  await sql.query(
    `INSERT INTO platform.tenant_deletions
       (tenant_id, tenant_key, name, name_hash, deleted_by, suspended_at, started_at, step)
     SELECT id, tenant_key, name, $2, $3, $4, $5, 'content'
       FROM device_manager.tenants WHERE id = $1`,
    [begun.tenantId, hash, begun.by, begun.suspendedAt, begun.at],
  );
};

export const noteRows = async (sql: Sql, tenantId: string, rows: number): Promise<void> => {
  await sql.query(
    'UPDATE platform.tenant_deletions SET rows_deleted = rows_deleted + $2 WHERE tenant_id = $1',
    [tenantId, rows],
  );
};

export const noteStep = async (
  sql: Sql,
  tenantId: string,
  step: Exclude<Step, 'done'>,
): Promise<void> => {
  await sql.query('UPDATE platform.tenant_deletions SET step = $2 WHERE tenant_id = $1', [
    ...[tenantId, step],
  ]);
};

export const endDeletion = async (sql: Sql, tenantId: string, at: Date): Promise<void> => {
  await sql.query(
    `UPDATE platform.tenant_deletions SET step = 'done', finished_at = $2, name = NULL
      WHERE tenant_id = $1`,
    [tenantId, at],
  );
};

/** Accounts that the hub must not have: all rows of their tenants are gone, or all but them. */
export const deletedAccounts = async (sql: Sql): Promise<string[]> => {
  const { rows } = await sql.query<{ key: string }>(
    `SELECT tenant_key AS key FROM platform.tenant_deletions WHERE step IN ('hub', 'done')`,
  );
  return rows.map(({ key }) => key);
};
