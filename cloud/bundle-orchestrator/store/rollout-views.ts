/**
 * Rollouts as the planner and people read them, and the device rows asked for. Device names, presence
 * and reports come from the owners' views in the same query. How many rows are in which state is
 * ./rollout-waves.ts.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Slot } from '@signalbeam/sync/core/manifest';
import { freePace, type Pace, type PaceWait } from '../core/pace.ts';
import type { RolloutRow, RolloutStatus, RowStatus, SlotReport } from '../core/rollout.ts';
import type { FailureAction } from '../core/wave.ts';

export type RolloutRecord = {
  id: string;
  bundleId: string;
  bundleName: string;
  version: string;
  status: RolloutStatus;
  /** Why it is paused or went back. */
  statusReason: string | null;
  startsAt: string | null;
  onFailure: FailureAction;
  pace: Pace;
  /** Why some of its opened waves are not told yet. */
  paceWaits: readonly PaceWait[];
  lateJoiners: boolean;
  createdAt: string;
  createdBy: string;
  /** The person for whom it was made. */
  requestedBy: string;
  approvalByAnother: boolean;
  /** Why it does not wait for the windows of sites. */
  windowsIgnored: string | null;
  windowsIgnoredBy: string | null;
  windowsIgnoredAt: string | null;
  /** Some site has windows that could be waited for. */
  sitesHaveWindows: boolean;
  completedAt: string | null;
};

type RecordRow = {
  id: string;
  bundle_id: string;
  bundle_name: string;
  version: string;
  status: RolloutStatus;
  status_reason: string | null;
  starts_at: Date | null;
  on_failure: FailureAction;
  pace: Pace;
  pace_waits: PaceWait[];
  late_joiners: boolean;
  created_at: Date;
  created_by: string;
  requested_by: string | null;
  approval_by_another: boolean;
  windows_ignored: string | null;
  windows_ignored_by: string | null;
  windows_ignored_at: Date | null;
  sites_have_windows: boolean;
  completed_at: Date | null;
};

const recordOf = (row: RecordRow): RolloutRecord => ({
  id: row.id,
  bundleId: row.bundle_id,
  bundleName: row.bundle_name,
  version: row.version,
  status: row.status,
  statusReason: row.status_reason,
  startsAt: row.starts_at?.toISOString() ?? null,
  onFailure: row.on_failure,
  pace: { ...freePace, ...row.pace },
  paceWaits: row.pace_waits,
  lateJoiners: row.late_joiners,
  createdAt: row.created_at.toISOString(),
  createdBy: row.created_by,
  requestedBy: row.requested_by ?? row.created_by,
  approvalByAnother: row.approval_by_another,
  windowsIgnored: row.windows_ignored,
  windowsIgnoredBy: row.windows_ignored_by,
  windowsIgnoredAt: row.windows_ignored_at?.toISOString() ?? null,
  sitesHaveWindows: row.sites_have_windows,
  completedAt: row.completed_at?.toISOString() ?? null,
});

const records = `SELECT rollout.id, rollout.bundle_id, bundle.name AS bundle_name, rollout.version,
    rollout.status, rollout.status_reason, rollout.starts_at, rollout.on_failure, rollout.created_at,
    rollout.created_by, rollout.completed_at, rollout.pace, rollout.pace_waits, rollout.late_joiners,
    rollout.requested_by, rollout.windows_ignored, rollout.windows_ignored_by, rollout.windows_ignored_at,
    EXISTS (SELECT 1 FROM device_manager.public_site_windows standing
             WHERE standing.tenant_id = $1) AS sites_have_windows,
    coalesce(settings.approval_by_another, false) AS approval_by_another
  FROM bundle_orchestrator.rollouts rollout
  JOIN bundle_orchestrator.bundles bundle
    ON bundle.tenant_id = rollout.tenant_id AND bundle.id = rollout.bundle_id
  LEFT JOIN bundle_orchestrator.rollout_settings settings ON settings.tenant_id = rollout.tenant_id
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
  reported_generation: number | null;
  wave: number;
  late: boolean;
  reason: string | null;
  log_tail: string[];
  started_at: Date | null;
  completed_at: Date | null;
  retry_count: number;
  due_at: Date | null;
};

const deviceRowsOf = (
  members: string,
): string => `SELECT member.rollout_id, member.device_id, member.status, member.requested_generation,
    member.wave, member.late, member.previous_slot, member.reason, member.log_tail, member.started_at, member.completed_at, member.retry_count, member.due_at,
    coalesce(device.name, member.device_name) AS device_name,
    coalesce(device.registration_status = 'approved', false) AS present,
    coalesce(presence.presence, 'never') AS presence, presence.last_seen_at,
    report.generation AS reported_generation,
    (SELECT reported FROM jsonb_array_elements(report.slots) AS reported
      WHERE reported ->> 'bundleId' = member.bundle_id::text LIMIT 1) AS report
  FROM ${members} member
  LEFT JOIN device_manager.public_devices device
    ON device.tenant_id = member.tenant_id AND device.device_id = member.device_id
  LEFT JOIN telemetry.public_presence presence
    ON presence.tenant_id = member.tenant_id AND presence.device_id = member.device_id
  LEFT JOIN bundle_orchestrator.device_reports report
    ON report.tenant_id = member.tenant_id AND report.device_id = member.device_id`;

const deviceRows = `${deviceRowsOf('bundle_orchestrator.rollout_devices')}
 WHERE member.tenant_id = $1 AND member.rollout_id = ANY ($2)`;

const rolloutRowOf = (row: DeviceRow): RolloutRow => ({
  deviceId: row.device_id,
  name: row.device_name,
  status: row.status,
  requestedGeneration: row.requested_generation,
  retryCount: row.retry_count,
  dueAtMs: row.due_at?.getTime() ?? null,
  device: row.present ? 'present' : 'gone',
  presence: row.presence,
  lastSeenAtMs: row.last_seen_at?.getTime() ?? null,
  previousSlot: row.previous_slot,
  reportedGeneration: row.reported_generation ?? 0,
  report: row.report,
});

/**
 * The rows of one rollout that wait for their device: those of some devices, or all that there is
 * something about that was not seen, which is a report of what was asked, or a device that is gone.
 */
export const awaitedRows = async (
  sql: Sql,
  rollout: { tenantId: string; rolloutId: string },
  devices: readonly string[] | 'told-of',
  page: { after: string | null; limit: number },
): Promise<RolloutRow[]> => {
  const { rows } = await sql.query<DeviceRow>(
    `${deviceRows} AND member.status IN ('pending', 'in-progress', 'rolling-back')
       AND CASE WHEN $3::uuid[] IS NULL
                THEN device.device_id IS NULL OR device.registration_status <> 'approved'
                  OR report.generation >= member.requested_generation
                ELSE member.device_id = ANY ($3) END
       AND ($4::uuid IS NULL OR member.device_id > $4)
     ORDER BY member.device_id LIMIT $5`,
    [
      rollout.tenantId,
      [rollout.rolloutId],
      devices === 'told-of' ? null : devices,
      page.after,
      page.limit,
    ],
  );
  return rows.map(rolloutRowOf);
};

const namedRows = 4;

export type OpenRow = RolloutRow & { wave: number };

/** A thousand at most, read by their index state after state and wave after wave, before others join in. */
const openRowsAsked = `(SELECT member.*, wave.state = 'passed' AS is_passed FROM
    (VALUES ('in-progress', 1), ('pending', 2), ('rolling-back', 3), ('planned', 4))
      AS turn (status, place),
    bundle_orchestrator.rollout_waves wave,
    LATERAL (SELECT * FROM bundle_orchestrator.rollout_devices found
              WHERE found.tenant_id = $1 AND found.rollout_id = asked.rollout_id
                AND found.status = turn.status AND found.wave = wave.wave
                AND found.status IN ('planned', 'pending', 'in-progress', 'rolling-back')
              ORDER BY found.device_id LIMIT 1000) member
   WHERE wave.tenant_id = $1 AND wave.rollout_id = asked.rollout_id AND wave.state <> 'waiting'
   ORDER BY wave.state = 'passed', turn.place, wave.wave, member.device_id LIMIT 1000)`;

/**
 * The first few rows of each rollout that are not final: what a sentence about them needs. Those of the wave
 * at work come before stragglers of others, those that wait for their device before those that were not told,
 * the unreached first of all; of a large rollout it looks at the first thousand only.
 */
export const firstOpenRows = async (
  sql: Sql,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, OpenRow[]>> => {
  const { rows } = await sql.query<DeviceRow>(
    `SELECT shown.* FROM unnest($2::uuid[]) AS asked (rollout_id), LATERAL (
       SELECT * FROM (${deviceRowsOf(openRowsAsked).replace('SELECT', 'SELECT member.is_passed,')}) looked_at
       ORDER BY is_passed, status = 'planned', presence = 'online', device_name, device_id LIMIT ${namedRows}) shown`,
    [tenantId, ids],
  );
  const found = new Map<string, OpenRow[]>();
  for (const row of rows) {
    const open = { ...rolloutRowOf(row), wave: row.wave };
    found.set(row.rollout_id, [...(found.get(row.rollout_id) ?? []), open]);
  }
  return found;
};

export type RolloutDevice = RolloutRow & {
  /** Its name when the rollout was made: what the list is in order of. */
  placedAs: string;
  wave: number;
  late: boolean;
  reason: string | null;
  logTail: string[];
  startedAt: string | null;
  completedAt: string | null;
};

export type DevicesPage = {
  limit: number;
  after: { name: string; deviceId: string } | null;
  status: RowStatus | null;
  cause: string | null;
};

/** By the names that they had when it was made, after `after` when given. */
export const listRolloutDevices = async (
  sql: Sql,
  tenantId: string,
  rolloutId: string,
  { limit, after, status, cause }: DevicesPage,
): Promise<RolloutDevice[]> => {
  const { rows } = await sql.query<DeviceRow & { placed_as: string }>(
    `${deviceRows.replace('SELECT', 'SELECT member.device_name AS placed_as,')}
        AND ($3::text IS NULL OR (member.device_name, member.device_id) > ($3, $4::uuid))
        AND ($5::text IS NULL OR member.status = $5)
        AND ($6::text IS NULL OR coalesce(member.cause, '') = $6)
      ORDER BY member.device_name, member.device_id LIMIT $7`,
    [tenantId, [rolloutId], after?.name ?? null, after?.deviceId ?? null, status, cause, limit],
  );
  return rows.map((row) => ({
    ...rolloutRowOf(row),
    placedAs: row.placed_as,
    wave: row.wave,
    late: row.late,
    reason: row.reason,
    logTail: row.log_tail,
    startedAt: row.started_at?.toISOString() ?? null,
    completedAt: row.completed_at?.toISOString() ?? null,
  }));
};
