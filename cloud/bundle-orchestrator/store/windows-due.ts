/** Which desired states are to be looked at because windows that they name are over. */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { MaintenanceWindow } from '../core/pace.ts';
import type { StateHeard } from '../core/windows-over.ts';

/** Some devices of one tenant, of none `besides`; null when there are none. */
export const someWithWindowsOver = async (
  sql: Sql,
  limit: number,
  besides: readonly string[],
  nowMs: number,
): Promise<{ tenantId: string; deviceIds: string[] } | null> => {
  const { rows } = await sql.query<{ tenant_id: string; device_id: string }>(
    `WITH due AS MATERIALIZED (
       SELECT tenant_id, device_id FROM bundle_orchestrator.desired_states
        WHERE windows_due_at <= $3 AND NOT tenant_id = ANY ($2) ORDER BY windows_due_at LIMIT $1)
     SELECT tenant_id, device_id FROM due
      WHERE tenant_id = (SELECT tenant_id FROM due LIMIT 1) ORDER BY device_id`,
    [limit, besides, new Date(nowMs)],
  );
  const [first] = rows;
  if (first === undefined) return null;
  return { tenantId: first.tenant_id, deviceIds: rows.map((row) => row.device_id) };
};

/** What these devices have to do, and what they say of it. */
export const heardOf = async (
  sql: Sql,
  tenantId: string,
  deviceIds: readonly string[],
): Promise<(StateHeard & { deviceId: string })[]> => {
  const { rows } = await sql.query<StateHeard & { deviceId: string }>(
    `SELECT desired.device_id AS "deviceId", desired.generation, desired.slots,
            desired.windows_due_at = '-infinity' AS "isAnew",
            extract(epoch FROM desired.issued_at)::float8 * 1000 AS "issuedAtMs",
            coalesce(report.generation, 0) AS "reportedGeneration",
            coalesce(report.slots, '[]') AS reports
       FROM bundle_orchestrator.desired_states desired
       LEFT JOIN bundle_orchestrator.device_reports report
         ON report.tenant_id = desired.tenant_id AND report.device_id = desired.device_id
      WHERE desired.tenant_id = $1 AND desired.device_id = ANY ($2) AND desired.windows_due_at IS NOT NULL`,
    [tenantId, deviceIds],
  );
  return rows;
};

/** Of a state that was replaced meanwhile the new one says when. */
export const setWindowsDue = async (
  sql: Sql,
  tenantId: string,
  looks: readonly { deviceId: string; generation: number; dueAtMs: number | null }[],
): Promise<void> => {
  if (looks.length === 0) return;
  await sql.query(
    `UPDATE bundle_orchestrator.desired_states desired SET windows_due_at = look.due_at
       FROM unnest($2::uuid[], $3::bigint[], $4::timestamptz[]) AS look (device_id, generation, due_at)
      WHERE desired.tenant_id = $1 AND desired.device_id = look.device_id
        AND desired.generation = look.generation`,
    [
      tenantId,
      looks.map(({ deviceId }) => deviceId),
      looks.map(({ generation }) => generation),
      looks.map(({ dueAtMs }) => (dueAtMs === null ? null : new Date(dueAtMs))),
    ],
  );
};

/** Devices at work in this rollout: what their windows are is decided anew, those to come included. */
export const nameAnew = async (
  sql: Sql,
  { tenantId, rolloutId }: { tenantId: string; rolloutId: string },
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.desired_states desired SET windows_due_at = '-infinity'
       FROM bundle_orchestrator.rollout_devices member
      WHERE member.tenant_id = $1 AND member.rollout_id = $2 AND member.status = 'in-progress'
        AND desired.tenant_id = $1 AND desired.device_id = member.device_id
        AND desired.windows_due_at IS NOT NULL`,
    [tenantId, rolloutId],
  );
};

export type WindowRules = { windows: MaintenanceWindow[]; waitsForSites: boolean };

/** Those of rollouts, also of such as are over. */
export const windowRulesOf = async (
  sql: Sql,
  tenantId: string,
  rolloutIds: readonly string[],
): Promise<Map<string, WindowRules>> => {
  if (rolloutIds.length === 0) return new Map();
  const { rows } = await sql.query<WindowRules & { id: string }>(
    `SELECT id, pace -> 'windows' AS windows, windows_ignored IS NULL AS "waitsForSites"
       FROM bundle_orchestrator.rollouts WHERE tenant_id = $1 AND id = ANY ($2)`,
    [tenantId, rolloutIds],
  );
  return new Map(rows.map(({ id, ...rules }) => [id, rules]));
};
