/**
 * Rollouts as the planner and people read them: each with counts of all its rows and with the rows
 * asked for. Device names, presence and reports come from the owners' views in the same query.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Slot } from '@signalbeam/sync/core/manifest';
import {
  countRows,
  emptyProgress,
  type Progress,
  type RolloutRow,
  type RolloutStatus,
  type RowStatus,
  type SlotReport,
} from '../core/rollout.ts';

export type RolloutRecord = {
  id: string;
  bundleId: string;
  bundleName: string;
  version: string;
  status: RolloutStatus;
  createdAt: string;
  createdBy: string;
  completedAt: string | null;
};

export type RolloutWithRows = { rollout: RolloutRecord; rows: RolloutRow[]; others: Progress };

type RecordRow = {
  id: string;
  bundle_id: string;
  bundle_name: string;
  version: string;
  status: RolloutStatus;
  created_at: Date;
  created_by: string;
  completed_at: Date | null;
};

const recordOf = (row: RecordRow): RolloutRecord => ({
  id: row.id,
  bundleId: row.bundle_id,
  bundleName: row.bundle_name,
  version: row.version,
  status: row.status,
  createdAt: row.created_at.toISOString(),
  createdBy: row.created_by,
  completedAt: row.completed_at?.toISOString() ?? null,
});

const records = `SELECT rollout.id, rollout.bundle_id, bundle.name AS bundle_name, rollout.version,
    rollout.status, rollout.created_at, rollout.created_by, rollout.completed_at
  FROM bundle_orchestrator.rollouts rollout
  JOIN bundle_orchestrator.bundles bundle
    ON bundle.tenant_id = rollout.tenant_id AND bundle.id = rollout.bundle_id
 WHERE rollout.tenant_id = $1`;

/** Newest first, after `before` when given. */
export const listRollouts = async (
  sql: Sql,
  tenantId: string,
  page: { limit: number; before: { at: string; id: string } | null },
): Promise<RolloutRecord[]> => {
  const { rows } = await sql.query<RecordRow>(
    `${records} AND ($3::timestamptz IS NULL OR (rollout.created_at, rollout.id) < ($3, $4::uuid))
      ORDER BY rollout.created_at DESC, rollout.id DESC LIMIT $2`,
    [tenantId, page.limit, page.before?.at ?? null, page.before?.id ?? null],
  );
  return rows.map(recordOf);
};

export const findRollout = async (
  sql: Sql,
  tenantId: string,
  id: string,
): Promise<RolloutRecord | null> => {
  const { rows } = await sql.query<RecordRow>(`${records} AND rollout.id = $2`, [tenantId, id]);
  return rows[0] === undefined ? null : recordOf(rows[0]);
};

type DeviceRow = {
  rollout_id: string;
  device_id: string;
  device_name: string;
  status: RowStatus;
  requested_generation: number;
  previous_slot: Slot | null;
  present: boolean;
  presence: 'online' | 'offline' | 'never';
  last_seen_at: Date | null;
  report: SlotReport | null;
  reason: string | null;
  log_tail: string[];
  started_at: Date | null;
  completed_at: Date | null;
  retry_count: number;
};

const deviceRows = `SELECT member.rollout_id, member.device_id, member.status, member.requested_generation,
    member.previous_slot, member.reason, member.log_tail, member.started_at, member.completed_at, member.retry_count,
    coalesce(device.name, member.device_name) AS device_name,
    coalesce(device.registration_status = 'approved', false) AS present,
    coalesce(presence.presence, 'never') AS presence, presence.last_seen_at,
    (SELECT reported FROM bundle_orchestrator.device_reports report,
            jsonb_array_elements(report.slots) AS reported
      WHERE report.tenant_id = member.tenant_id AND report.device_id = member.device_id
        AND reported ->> 'bundleId' = member.bundle_id::text LIMIT 1) AS report
  FROM bundle_orchestrator.rollout_devices member
  LEFT JOIN device_manager.public_devices device
    ON device.tenant_id = member.tenant_id AND device.device_id = member.device_id
  LEFT JOIN telemetry.public_presence presence
    ON presence.tenant_id = member.tenant_id AND presence.device_id = member.device_id
 WHERE member.tenant_id = $1 AND member.rollout_id = ANY ($2)`;

const rolloutRowOf = (row: DeviceRow): RolloutRow => ({
  deviceId: row.device_id,
  name: row.device_name,
  status: row.status,
  requestedGeneration: row.requested_generation,
  device: row.present ? 'present' : 'gone',
  presence: row.presence,
  lastSeenAtMs: row.last_seen_at?.getTime() ?? null,
  previousSlot: row.previous_slot,
  report: row.report,
});

/** How many rows each rollout has, by state; unfinished rows of unheard devices apart. */
const countAll = async (
  sql: Sql,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, Progress>> => {
  const { rows } = await sql.query<{
    rollout_id: string;
    status: RowStatus;
    online: boolean;
    count: number;
  }>(
    `SELECT member.rollout_id, member.status, coalesce(presence.presence = 'online', false) AS online,
            count(*) AS count
       FROM bundle_orchestrator.rollout_devices member
       LEFT JOIN telemetry.public_presence presence
         ON presence.tenant_id = member.tenant_id AND presence.device_id = member.device_id
      WHERE member.tenant_id = $1 AND member.rollout_id = ANY ($2)
      GROUP BY 1, 2, 3`,
    [tenantId, ids],
  );
  const counts = new Map<string, Progress>();
  for (const row of rows) {
    const one = countRows([{ status: row.status, presence: row.online ? 'online' : 'offline' }]);
    counts.set(row.rollout_id, add(counts.get(row.rollout_id) ?? emptyProgress, one, row.count));
  }
  return counts;
};

const add = (left: Progress, right: Progress, times: number): Progress => ({
  total: left.total + right.total * times,
  pending: left.pending + right.pending * times,
  inProgress: left.inProgress + right.inProgress * times,
  succeeded: left.succeeded + right.succeeded * times,
  failed: left.failed + right.failed * times,
  cancelled: left.cancelled + right.cancelled * times,
  unreached: left.unreached + right.unreached * times,
});

/**
 * Adds rows and counts to rollouts. `rows`: of which devices; `'waiting'` takes the first few that
 * are not finished, unreached ones first, which is what a sentence about them needs.
 */
export const withRows = async (
  sql: Sql,
  tenantId: string,
  rollouts: readonly RolloutRecord[],
  rows: { devices: readonly string[] } | 'open' | 'waiting',
): Promise<RolloutWithRows[]> => {
  if (rollouts.length === 0) return [];
  const ids = rollouts.map((rollout) => rollout.id);
  const wanted = await sql.query<DeviceRow>(
    rows === 'waiting'
      ? `SELECT * FROM (
           SELECT *, row_number() OVER (PARTITION BY rollout_id
             ORDER BY presence = 'online', device_name, device_id) AS place
           FROM (${deviceRows} AND member.status IN ('pending', 'in-progress')) every) placed
          WHERE place <= 4 ORDER BY device_name, device_id`
      : `${deviceRows} AND ${rows === 'open' ? `member.status IN ('pending', 'in-progress')` : 'member.device_id = ANY ($3)'}
          ORDER BY device_name, member.device_id`,
    typeof rows === 'string' ? [tenantId, ids] : [tenantId, ids, rows.devices],
  );
  const counts = await countAll(sql, tenantId, ids);
  return rollouts.map((rollout) => {
    const own = wanted.rows.filter((row) => row.rollout_id === rollout.id).map(rolloutRowOf);
    const all = counts.get(rollout.id) ?? emptyProgress;
    return { rollout, rows: own, others: add(all, countRows(own), -1) };
  });
};

export type RolloutDevice = RolloutRow & {
  reason: string | null;
  logTail: string[];
  startedAt: string | null;
  completedAt: string | null;
  retryCount: number;
};

export const listRolloutDevices = async (
  sql: Sql,
  tenantId: string,
  rolloutId: string,
): Promise<RolloutDevice[]> => {
  const { rows } = await sql.query<DeviceRow>(
    `${deviceRows} ORDER BY device_name, member.device_id`,
    [tenantId, [rolloutId]],
  );
  return rows.map((row) => ({
    ...rolloutRowOf(row),
    reason: row.reason,
    logTail: row.log_tail,
    startedAt: row.started_at?.toISOString() ?? null,
    completedAt: row.completed_at?.toISOString() ?? null,
    retryCount: row.retry_count,
  }));
};
