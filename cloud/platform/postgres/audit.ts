/**
 * Lines of the audit log, written in the transaction of the change they tell of, and with them the
 * domain events of changes that have none with facts of their own. Who writes one has told of its
 * change: `changeTenant` (./tenant.ts) keeps only what was told. The lines are chained afterwards,
 * by ./audit-chain.ts. Secrets have no place in `before` and `after`.
 */
import { eventOfAudit } from '../events/audit-events.ts';
import { recordEvents } from '../events/outbox.ts';
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
  /** Of the request that did it; left out where `changeTenant` knows it. */
  requestId?: string | null;
};

const json = (value: unknown): string | null =>
  value === undefined ? null : JSON.stringify(value);

// By connection. A mark is taken off by who asks for it, at the end of its transaction; one that a
// failed transaction left behind is taken off when the next one begins.
const told = new WeakSet<object>();

export const beginAudit = (sql: object): void => void told.delete(sql);
/** Whether a line was written in the transaction that is open on this connection. */
export const toldAudit = (sql: object): boolean => told.delete(sql);

export const writeAudits = async (sql: Sql, entries: readonly AuditEntry[]): Promise<void> => {
  if (entries.length === 0) return;
  await sql.query(
    `INSERT INTO platform.audit_log
       (tenant_id, actor, action, target, before, after, ip, request_id)
     SELECT tenant_id, actor, action, target, before, after, ip,
            coalesce(request_id, nullif(current_setting('app.request', true), ''))
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[],
                   $7::text[], $8::text[])
            AS told (tenant_id, actor, action, target, before, after, ip, request_id)`,
    [
      entries.map(({ tenantId }) => tenantId),
      entries.map(({ actor }) => actor),
      entries.map(({ action }) => action),
      entries.map(({ target }) => target),
      entries.map(({ before }) => json(before)),
      entries.map(({ after }) => json(after)),
      entries.map(({ ip }) => ip),
      entries.map(({ requestId }) => requestId ?? null),
    ],
  );
  await recordEvents(
    sql,
    entries.flatMap((entry) => eventOfAudit(entry) ?? []),
  );
  told.add(sql);
};

export const writeAudit = (sql: Sql, entry: AuditEntry): Promise<void> => writeAudits(sql, [entry]);
