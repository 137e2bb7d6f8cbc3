/** What requests read of alerts and change in them, of the tenant that is set. */
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';
import type { AlertSeverity, AlertStatus, AlertType } from '../core/alert-events.ts';
import { type AlertRow, alertColumns, type Told, tellTransition } from './alert-rows.ts';

export type AlertFilter = {
  /** `open`: active or acknowledged. */
  status?: AlertStatus | 'open' | undefined;
  severity?: AlertSeverity | undefined;
  type?: AlertType | undefined;
  deviceId?: string | undefined;
  site?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
};

/** Newest first. Each condition is written down only when asked for, so that it finds its index. */
export const listAlerts = async (
  sql: Sql,
  filter: AlertFilter,
  page: { after: { raisedAt: Date; id: string } | null; limit: number },
): Promise<AlertRow[]> => {
  const values: unknown[] = [page.limit];
  const where = ['tenant_id = platform.current_tenant()'];
  const hold = (text: (place: string) => string, value: unknown): void => {
    if (value === undefined || value === null) return;
    values.push(value);
    where.push(text(`$${values.length}`));
  };
  if (filter.status === 'open') where.push("status <> 'resolved'");
  else hold((place) => `status = ${place}`, filter.status);
  if (filter.status === 'active' || filter.status === 'acknowledged') {
    where.push("status <> 'resolved'");
  }
  hold((place) => `severity = ${place}`, filter.severity);
  hold((place) => `type = ${place}`, filter.type);
  hold((place) => `device_id = ${place}`, filter.deviceId);
  hold((place) => `site = ${place}`, filter.site);
  hold((place) => `raised_at >= ${place}`, filter.from);
  hold((place) => `raised_at < ${place}`, filter.to);
  if (page.after !== null) {
    values.push(page.after.raisedAt, page.after.id);
    where.push(`(raised_at, id) < ($${values.length - 1}, $${values.length}::uuid)`);
  }
  const { rows } = await sql.query<AlertRow>(
    `SELECT ${alertColumns} FROM telemetry.alerts WHERE ${where.join(' AND ')}
      ORDER BY raised_at DESC, id DESC LIMIT $1`,
    values,
  );
  return rows;
};

export const findAlert = async (sql: Sql, id: string): Promise<AlertRow | null> => {
  const { rows } = await sql.query<AlertRow>(
    `SELECT ${alertColumns} FROM telemetry.alerts WHERE id = $1`,
    [id],
  );
  return rows[0] ?? null;
};

export const lockAlert = async (sql: Sql, id: string): Promise<AlertRow | null> => {
  const { rows } = await sql.query<AlertRow>(
    `SELECT ${alertColumns} FROM telemetry.alerts WHERE id = $1 FOR UPDATE`,
    [id],
  );
  return rows[0] ?? null;
};

export type TransitionRow = {
  at: Date;
  transition: 'raised' | 'escalated' | 'acknowledged' | 'resolved';
  severity: AlertSeverity;
  silenced: boolean;
  actor: string | null;
  note: string | null;
};

/** Oldest first. An alert goes through a handful. */
export const readTransitions = async (sql: Sql, alertId: string): Promise<TransitionRow[]> => {
  const { rows } = await sql.query<TransitionRow>(
    `SELECT at, transition, severity, silenced, actor, note FROM telemetry.alert_transitions
      WHERE alert_id = $1 ORDER BY id LIMIT 100`,
    [alertId],
  );
  return rows;
};

/** Of an alert that is active; the caller holds its row. */
export const acknowledgeAlert = async (
  sql: Sql,
  id: string,
  at: Date,
  told: Told,
): Promise<AlertRow> => {
  const row = onlyRow(
    await sql.query<AlertRow>(
      `UPDATE telemetry.alerts SET status = 'acknowledged', acknowledged_at = $2,
              acknowledged_by = $3, escalates_at = NULL
        WHERE id = $1 RETURNING ${alertColumns}`,
      [id, at, told.actor],
    ),
  );
  await tellTransition(sql, [row], 'acknowledged', at, told);
  return row;
};

export type Statistics = {
  active: number;
  acknowledged: number;
  /** Open for more than a day. */
  stale: number;
  resolvedIn7Days: number;
  bySeverity: Record<string, number>;
  byType: Record<string, number>;
};

const sumBy = (
  rows: readonly { count: number }[],
  key: (index: number) => string,
): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const [index, { count }] of rows.entries()) {
    sums[key(index)] = (sums[key(index)] ?? 0) + count;
  }
  return sums;
};

export const readStatistics = async (sql: Sql, nowMs: number): Promise<Statistics> => {
  const ago = (days: number): Date => new Date(nowMs - days * 86_400_000);
  const { rows } = await sql.query<{
    status: AlertStatus;
    severity: AlertSeverity;
    type: AlertType;
    stale: boolean;
    count: number;
  }>(
    `SELECT status, severity, type, raised_at < $1 AS stale, count(*) AS count
       FROM telemetry.alerts
      WHERE tenant_id = platform.current_tenant() AND status <> 'resolved' GROUP BY 1, 2, 3, 4`,
    [ago(1)],
  );
  const resolvedIn7Days = onlyRow(
    await sql.query<{ count: number }>(
      `SELECT count(*) AS count FROM telemetry.alerts
        WHERE tenant_id = platform.current_tenant() AND status = 'resolved' AND resolved_at >= $1`,
      [ago(7)],
    ),
  ).count;
  const sum = (chosen: typeof rows): number => chosen.reduce((all, { count }) => all + count, 0);
  return {
    active: sum(rows.filter(({ status }) => status === 'active')),
    acknowledged: sum(rows.filter(({ status }) => status === 'acknowledged')),
    stale: sum(rows.filter(({ stale, status }) => stale && status === 'active')),
    resolvedIn7Days,
    bySeverity: sumBy(rows, (index) => rows[index]?.severity ?? ''),
    byType: sumBy(rows, (index) => rows[index]?.type ?? ''),
  };
};
