/**
 * Alerts as rows, and the one way in which they change: a transition is written to the history and
 * told as a domain event in the transaction that changed the row. Callers guard the change itself by
 * the status they expect, so that two of them never make the same transition.
 */
import { recordEvents } from '@signalbeam/platform/events/outbox';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import {
  type AlertSeverity,
  type AlertStatus,
  type AlertTransition,
  type AlertType,
  alertEvent,
  alertLink,
} from '../core/alert-events.ts';

export type AlertRow = {
  id: string;
  tenant_id: string;
  rule_id: string;
  rule_name: string;
  type: AlertType;
  severity: AlertSeverity;
  status: AlertStatus;
  title: string;
  detail: string;
  site: string | null;
  device_id: string | null;
  device_name: string | null;
  rollout_id: string | null;
  device_count: number;
  silenced: boolean;
  raised_at: Date;
  escalates_at: Date | null;
  acknowledged_at: Date | null;
  acknowledged_by: string | null;
  resolved_at: Date | null;
  resolved_by: string | null;
};

export const alertColumns = `id, tenant_id, rule_id, rule_name, type, severity, status, title, detail,
  site, device_id, device_name, rollout_id, device_count, silenced, raised_at, escalates_at,
  acknowledged_at, acknowledged_by, resolved_at, resolved_by`;

export type AlertDraft = {
  tenantId: string;
  ruleId: string;
  ruleName: string;
  type: AlertType;
  severity: AlertSeverity;
  title: string;
  detail: string;
  site: string | null;
  deviceId: string | null;
  deviceName: string | null;
  rolloutId: string | null;
  deviceCount: number;
  silenced: boolean;
  escalatesAt: Date | null;
  judgedAt: Date | null;
};

/** In the order of the drafts. */
export const insertAlerts = async (
  sql: Sql,
  drafts: readonly AlertDraft[],
  at: Date,
): Promise<AlertRow[]> => {
  if (drafts.length === 0) return [];
  const of = <T>(read: (draft: AlertDraft) => T): T[] => drafts.map(read);
  const { rows } = await sql.query<AlertRow>(
    `INSERT INTO telemetry.alerts
       (tenant_id, rule_id, rule_name, type, severity, status, title, detail, site, device_id,
        device_name, rollout_id, device_count, silenced, escalates_at, judged_at, raised_at)
     SELECT tenant_id, rule_id, rule_name, type, severity, 'active', title, detail, site, device_id,
            device_name, rollout_id, device_count, silenced, escalates_at, judged_at, $16
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
              $7::text[], $8::text[], $9::uuid[], $10::text[], $11::uuid[], $12::integer[],
              $13::boolean[], $14::timestamptz[], $15::timestamptz[]) WITH ORDINALITY
         AS d (tenant_id, rule_id, rule_name, type, severity, title, detail, site, device_id,
               device_name, rollout_id, device_count, silenced, escalates_at, judged_at, nth)
      ORDER BY nth
     RETURNING ${alertColumns}`,
    [
      of((draft) => draft.tenantId),
      of((draft) => draft.ruleId),
      of((draft) => draft.ruleName),
      of((draft) => draft.type),
      of((draft) => draft.severity),
      of((draft) => draft.title.slice(0, 300)),
      of((draft) => draft.detail.slice(0, 2_000)),
      of((draft) => draft.site),
      of((draft) => draft.deviceId),
      of((draft) => draft.deviceName),
      of((draft) => draft.rolloutId),
      of((draft) => draft.deviceCount),
      of((draft) => draft.silenced),
      of((draft) => draft.escalatesAt),
      of((draft) => draft.judgedAt),
      at,
    ],
  );
  return rows;
};

export type Told = { actor: string | null; note: string | null };
const byItself: Told = { actor: null, note: null };

/** Writes down and tells what was just done to these rows. */
export const tellTransition = async (
  sql: Sql,
  rows: readonly AlertRow[],
  transition: AlertTransition,
  at: Date,
  { actor, note }: Told = byItself,
): Promise<void> => {
  if (rows.length === 0) return;
  await sql.query(
    `INSERT INTO telemetry.alert_transitions
       (tenant_id, alert_id, severity, silenced, at, transition, actor, note)
     SELECT *, $5, $6, $7, $8
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[])`,
    [
      rows.map((row) => row.tenant_id),
      rows.map((row) => row.id),
      rows.map((row) => row.severity),
      rows.map((row) => row.silenced),
      at,
      transition,
      actor,
      note,
    ],
  );
  await recordEvents(
    sql,
    rows.map((row) =>
      alertEvent(row.tenant_id, transition, {
        alertId: row.id,
        rule: row.rule_id,
        ruleName: row.rule_name,
        type: row.type,
        severity: row.severity,
        status: row.status,
        title: row.title,
        detail: row.detail,
        site: row.site,
        deviceId: row.device_id,
        deviceName: row.device_name,
        rolloutId: row.rollout_id,
        deviceCount: row.device_count,
        at: at.toISOString(),
        silenced: row.silenced,
        link: alertLink(row.id),
      }),
    ),
  );
};

/** Those that are open are resolved, and told of; the others stay as they are. */
export const resolveAlerts = async (
  sql: Sql,
  ids: readonly string[],
  at: Date,
  told: Told = byItself,
): Promise<AlertRow[]> => {
  if (ids.length === 0) return [];
  const { rows } = await sql.query<AlertRow>(
    `UPDATE telemetry.alerts SET status = 'resolved', resolved_at = $2, resolved_by = $3,
            escalates_at = NULL
      WHERE id = ANY ($1) AND status <> 'resolved' RETURNING ${alertColumns}`,
    [ids, at, told.actor],
  );
  await tellTransition(sql, rows, 'resolved', at, told);
  return rows;
};
