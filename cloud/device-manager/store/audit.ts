/** Reads the audit log of a tenant, newest first. Writing is the platform's. */
import type { Sql } from '@signalbeam/platform/postgres/pool';

export type AuditLine = {
  id: number;
  at: Date;
  actor: string;
  action: string;
  target: string;
  before: unknown;
  after: unknown;
  ip: string | null;
};

export const listAudit = async (
  sql: Sql,
  page: { before: number | null; limit: number },
): Promise<AuditLine[]> => {
  const { rows } = await sql.query<AuditLine>(
    `SELECT id, at, actor, action, target, before, after, ip FROM platform.audit_log
      WHERE tenant_id = platform.current_tenant() AND ($1::bigint IS NULL OR id < $1)
      ORDER BY id DESC LIMIT $2`,
    [page.before, page.limit],
  );
  return rows;
};

/** What was done to one thing, newest first; from an index by target. */
export const listAuditOf = async (
  sql: Sql,
  target: string,
  page: { before: number | null; limit: number },
): Promise<AuditLine[]> => {
  const { rows } = await sql.query<AuditLine>(
    `SELECT id, at, actor, action, target, before, after, ip FROM platform.audit_log
      WHERE tenant_id = platform.current_tenant() AND target = $1
        AND ($2::bigint IS NULL OR id < $2)
      ORDER BY id DESC LIMIT $3`,
    [target, page.before, page.limit],
  );
  return rows;
};
