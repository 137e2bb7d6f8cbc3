/** Rules of alerts as rows: what a tenant changed of the built-in ones, and its own. */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { AlertSeverity } from '../core/alert-events.ts';
import type { AlertRule, RuleType } from '../core/alert-rules.ts';

type RuleRow = {
  tenant_id: string;
  id: string;
  type: RuleType;
  name: string;
  enabled: boolean;
  severity: AlertSeverity;
  threshold: number | null;
  clear_threshold: number | null;
  for_seconds: number;
  clear_seconds: number;
  escalate_after_seconds: number | null;
  site: string | null;
  group_id: string | null;
  query: string | null;
};

const columns = `tenant_id, id, type, name, enabled, severity, threshold, clear_threshold,
  for_seconds, clear_seconds, escalate_after_seconds, site, group_id, query`;

const ruleOf = (row: RuleRow): AlertRule => ({
  id: row.id,
  type: row.type,
  name: row.name,
  enabled: row.enabled,
  severity: row.severity,
  threshold: row.threshold,
  clearThreshold: row.clear_threshold,
  forSeconds: row.for_seconds,
  clearSeconds: row.clear_seconds,
  escalateAfterSeconds: row.escalate_after_seconds,
  site: row.site,
  groupId: row.group_id,
  query: row.query,
});

/** Of the tenant that is set. */
export const ownRules = async (sql: Sql): Promise<AlertRule[]> => {
  const { rows } = await sql.query<RuleRow>(
    `SELECT ${columns} FROM telemetry.alert_rules
      WHERE tenant_id = platform.current_tenant() ORDER BY name, id`,
  );
  return rows.map(ruleOf);
};

/** Of one tenant, for background work, which sees them all. */
export const rulesOfTenant = async (sql: Sql, tenantId: string): Promise<AlertRule[]> => {
  const { rows } = await sql.query<RuleRow>(
    `SELECT ${columns} FROM telemetry.alert_rules WHERE tenant_id = $1 ORDER BY name, id`,
    [tenantId],
  );
  return rows.map(ruleOf);
};

/** Of every tenant, also of those that changed none: for the evaluation. */
export const rulesOfTenants = async (sql: Sql): Promise<Map<string, AlertRule[]>> => {
  const { rows } = await sql.query<RuleRow & { tenant: string }>(
    `SELECT t.tenant_id AS tenant, r.* FROM device_manager.public_tenants t
       LEFT JOIN (SELECT ${columns} FROM telemetry.alert_rules) r USING (tenant_id)
      ORDER BY t.tenant_id, r.name, r.id`,
  );
  const found = new Map<string, AlertRule[]>();
  for (const row of rows) {
    const own = found.get(row.tenant) ?? [];
    found.set(row.tenant, own);
    if (row.id !== null) own.push(ruleOf(row));
  }
  return found;
};

export const saveRule = async (
  sql: Sql,
  rule: AlertRule,
  by: { tenantId: string; actor: string; at: Date },
): Promise<void> => {
  await sql.query(
    `INSERT INTO telemetry.alert_rules (${columns}, changed_by, changed_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
     ON CONFLICT (tenant_id, id) DO UPDATE SET
       name = excluded.name, enabled = excluded.enabled, severity = excluded.severity,
       threshold = excluded.threshold, clear_threshold = excluded.clear_threshold,
       for_seconds = excluded.for_seconds, clear_seconds = excluded.clear_seconds,
       escalate_after_seconds = excluded.escalate_after_seconds, site = excluded.site,
       group_id = excluded.group_id, query = excluded.query,
       changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
    [
      by.tenantId,
      rule.id,
      rule.type,
      rule.name,
      rule.enabled,
      rule.severity,
      rule.threshold,
      rule.clearThreshold,
      rule.forSeconds,
      rule.clearSeconds,
      rule.escalateAfterSeconds,
      rule.site,
      rule.groupId,
      rule.query,
      by.actor,
      by.at,
    ],
  );
};

/** False: there was no such row. */
export const deleteRule = async (sql: Sql, id: string): Promise<boolean> => {
  const { rowCount } = await sql.query(
    'DELETE FROM telemetry.alert_rules WHERE tenant_id = platform.current_tenant() AND id = $1',
    [id],
  );
  return rowCount === 1;
};
