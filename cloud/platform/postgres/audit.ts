/** One line of the audit log, written in the transaction of the change it tells of. */
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

export const writeAudit = async (sql: Sql, entry: AuditEntry): Promise<void> => {
  const json = (value: unknown): string | null =>
    value === undefined ? null : JSON.stringify(value);
  await sql.query(
    `INSERT INTO platform.audit_log (tenant_id, actor, action, target, before, after, ip)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      entry.tenantId,
      entry.actor,
      entry.action,
      entry.target,
      json(entry.before),
      json(entry.after),
      entry.ip,
    ],
  );
};
