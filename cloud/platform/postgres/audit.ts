/** Lines of the audit log, written in the transaction of the change they tell of. */
import type { Sql } from './pool.ts';

export type AuditEntry = {
  tenantId: string;
  /** `actorOf(caller)`, or `system`. */
  actor: string;
  /** `device.approve`, `bundle.create`, … */
  action: string;
  /** What was acted on: `device:<id>`. */
  target: string;
  before?: unknown;
  after?: unknown;
  ip: string | null;
};

const json = (value: unknown): string | null =>
  value === undefined ? null : JSON.stringify(value);

export const writeAudits = async (sql: Sql, entries: readonly AuditEntry[]): Promise<void> => {
  if (entries.length === 0) return;
  await sql.query(
    `INSERT INTO platform.audit_log (tenant_id, actor, action, target, before, after, ip)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[],
                          $7::text[])`,
    [
      entries.map(({ tenantId }) => tenantId),
      entries.map(({ actor }) => actor),
      entries.map(({ action }) => action),
      entries.map(({ target }) => target),
      entries.map(({ before }) => json(before)),
      entries.map(({ after }) => json(after)),
      entries.map(({ ip }) => ip),
    ],
  );
};

export const writeAudit = (sql: Sql, entry: AuditEntry): Promise<void> => writeAudits(sql, [entry]);
