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
  requestId: string | null;
};

/** Microseconds, as the order has them: a date of ours would lose them and skip or repeat lines. */
export type AuditPosition = { at: string; id: number };

export type AuditFilter = {
  actor?: string | undefined;
  action?: string | undefined;
  target?: string | undefined;
  from?: Date | undefined;
  until?: Date | undefined;
};

/** Each filter that is given is an equality in front of the order, so an index answers it. */
export const listAudit = async (
  sql: Sql,
  filter: AuditFilter,
  page: { after: AuditPosition | null; limit: number },
): Promise<(AuditLine & { position: AuditPosition })[]> => {
  const values: unknown[] = [page.limit];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [
    'tenant_id = platform.current_tenant()',
    ...(['actor', 'action', 'target'] as const).flatMap((column) =>
      filter[column] === undefined ? [] : [`${column} = ${given(filter[column])}`],
    ),
    ...(filter.from === undefined ? [] : [`at >= ${given(filter.from)}`]),
    ...(filter.until === undefined ? [] : [`at < ${given(filter.until)}`]),
    ...(page.after === null
      ? []
      : [`(at, id) < (${given(page.after.at)}::timestamptz, ${given(page.after.id)})`]),
  ];
  const { rows } = await sql.query<AuditLine & { exactly: string }>(
    `SELECT id, at, actor, action, target, before, after, ip, request_id AS "requestId",
            to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS exactly
       FROM platform.audit_log WHERE ${conditions.join(' AND ')}
      ORDER BY at DESC, id DESC LIMIT $1`,
    values,
  );
  return rows.map(({ exactly, ...line }) => ({ ...line, position: { at: exactly, id: line.id } }));
};
