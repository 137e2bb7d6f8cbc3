/**
 * Rollouts in Postgres: making them, holding them, moving them, and which are due. Their device rows
 * are ./rollout-rows.ts; reading them for people is ./rollout-views.ts.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { freePace, type Pace, type Told } from '../core/pace.ts';
import { isOver, type RolloutStatus } from '../core/rollout.ts';
import type { givenBackTo } from '../core/verbs.ts';
import type { FailureAction } from '../core/wave.ts';
import type { RolloutTarget } from './rollout-targets.ts';
import { insertWaves, type NewWave } from './rollout-waves.ts';

export type NewRollout = {
  tenantId: string;
  id: string;
  bundleId: string;
  version: string;
  createdBy: string;
  requestedBy: string;
  status: 'scheduled' | 'in-progress';
  startsAt: string | null;
  onFailure: FailureAction;
  target: RolloutTarget;
  pace: Pace;
  lateJoiners: boolean;
  /** Why it does not wait for the windows of sites. */
  windowsIgnored: string | null;
  /** Those that whoever made it is held to. */
  sites: readonly string[] | null;
};
export type NewRow = { deviceId: string; name: string };

/**
 * With its waves and its rows, of which none is told yet: three statements, whatever their number. In
 * order of the devices, which the indexes take in half the time; ids need none of the driver's escapes.
 */
export const insertRollout = async (
  sql: Sql,
  rollout: NewRollout,
  waves: readonly NewWave[],
  rowsOfWaves: readonly (readonly NewRow[])[],
): Promise<void> => {
  const { tenantId, id, bundleId } = rollout;
  await sql.query(
    `INSERT INTO bundle_orchestrator.rollouts
       (tenant_id, id, bundle_id, version, created_by, created_at, status, starts_at, on_failure,
        target, pace, late_joiners, sites, requested_by,
        windows_ignored, windows_ignored_by, windows_ignored_at)
     VALUES ($1, $2, $3, $4, $5, date_trunc('milliseconds', now()), $6, $7, $8, $9, $10, $11, $12, $13, $14,
             CASE WHEN $14::text IS NOT NULL THEN $5 END,
             CASE WHEN $14::text IS NOT NULL THEN date_trunc('milliseconds', now()) END)`,
    [
      tenantId,
      id,
      bundleId,
      rollout.version,
      rollout.createdBy,
      rollout.status,
      rollout.startsAt,
      rollout.onFailure,
      JSON.stringify(rollout.target),
      JSON.stringify(rollout.pace),
      rollout.lateJoiners,
      rollout.sites,
      rollout.requestedBy,
      rollout.windowsIgnored,
    ],
  );
  await insertWaves(sql, { tenantId, rolloutId: id }, waves);
  const rows = rowsOfWaves.flat();
  await sql.query(
    `INSERT INTO bundle_orchestrator.rollout_devices
       (tenant_id, rollout_id, bundle_id, device_id, device_name, wave, status, requested_generation)
     SELECT $1, $2, $3, *, 'planned', 0
       FROM unnest($4::uuid[], $5::text[], $6::int[]) AS row (device_id) ORDER BY device_id`,
    [
      tenantId,
      id,
      bundleId,
      `{${rows.map((row) => row.deviceId).join(',')}}`,
      rows.map((row) => row.name),
      `{${rowsOfWaves.flatMap(({ length }, wave) => new Array<number>(length).fill(wave)).join(',')}}`,
    ],
  );
};

/** Whose devices get back what they had: who has not finished or failed, who has not begun, or who failed. */
export type GivingBack = keyof typeof givenBackTo;

export type LockedRollout = {
  id: string;
  bundleId: string;
  version: string;
  status: RolloutStatus;
  statusReason: string | null;
  createdBy: string;
  requestedBy: string;
  approvalByAnother: boolean;
  startsAt: Date | null;
  onFailure: FailureAction;
  pace: Pace;
  toldLately: readonly Told[];
  lateJoiners: boolean;
  givingBack: GivingBack | null;
  target: RolloutTarget | null;
  sites: readonly string[] | null;
  lookedAt: Date;
  /** Those that failed until then are to try again, batch by batch; null: all of them did. */
  retryAskedAt: Date | null;
  /** Some site has windows of its own, and it waits for them. */
  waitsForSites: boolean;
};

/** For whom it was made, and what the tenant asks of approvals now. */
export const requested = `coalesce(requested_by, created_by) AS "requestedBy",
  coalesce((SELECT approval_by_another FROM bundle_orchestrator.rollout_settings settings
             WHERE settings.tenant_id = rollouts.tenant_id), false) AS "approvalByAnother"`;

/** Holds a rollout for this transaction: all that move its rows come here first. */
export const lockRollout = async (
  sql: Sql,
  tenantId: string,
  id: string,
): Promise<LockedRollout | null> => {
  const { rows } = await sql.query<LockedRollout>(
    `SELECT id, bundle_id AS "bundleId", version, status, status_reason AS "statusReason",
            created_by AS "createdBy", ${requested}, starts_at AS "startsAt", on_failure AS "onFailure", pace,
            told_lately AS "toldLately", late_joiners AS "lateJoiners", target, giving_back AS "givingBack", sites, looked_at AS "lookedAt", retry_asked_at AS "retryAskedAt",
            windows_ignored IS NULL AND EXISTS (
              SELECT 1 FROM device_manager.public_site_windows standing
               WHERE standing.tenant_id = $1) AS "waitsForSites"
       FROM bundle_orchestrator.rollouts
      WHERE tenant_id = $1 AND id = $2 FOR UPDATE`,
    [tenantId, id],
  );
  const [found] = rows;
  // Older ones lack what was not asked for then.
  return found === undefined ? null : { ...found, pace: { ...freePace, ...found.pace } };
};

export const setRolloutStatus = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string; atMs: number },
  status: RolloutStatus,
  reason: string | null = null,
): Promise<void> => {
  const completedAt = isOver(status) ? new Date(where.atMs) : null;
  await sql.query(
    `UPDATE bundle_orchestrator.rollouts SET status = $3, status_reason = $4, completed_at = $5
      WHERE tenant_id = $1 AND id = $2`,
    [where.tenantId, where.rolloutId, status, reason, completedAt],
  );
};

/** Of all tenants, by status. */
export const countRollouts = async (system: Sql): Promise<Record<string, number>> => {
  const { rows } = await system.query<{ status: string; count: number }>(
    'SELECT status, count(*) FROM bundle_orchestrator.rollouts GROUP BY status',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
};

/** Which of its devices are to get back what they had, batch by batch; null when that is over. */
export const setGivingBack = async (
  sql: Sql,
  rollout: { tenantId: string; rolloutId: string },
  givingBack: LockedRollout['givingBack'],
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollouts SET giving_back = $3
      WHERE tenant_id = $1 AND id = $2 AND giving_back IS DISTINCT FROM $3`,
    [rollout.tenantId, rollout.rolloutId, givingBack],
  );
};

/** Why it does not wait for the windows of sites and who said so; null: it does. */
export const setWindowsIgnored = async (
  sql: Sql,
  rollout: { tenantId: string; rolloutId: string; nowMs: number },
  decided: { reason: string; by: string } | null,
): Promise<void> => {
  const { tenantId, rolloutId, nowMs } = rollout;
  const at = decided === null ? null : new Date(nowMs);
  await sql.query(
    `UPDATE bundle_orchestrator.rollouts
        SET windows_ignored = $3, windows_ignored_by = $4, windows_ignored_at = $5
      WHERE tenant_id = $1 AND id = $2`,
    [tenantId, rolloutId, decided?.reason ?? null, decided?.by ?? null, at],
  );
};

export type DueRollout = {
  tenantId: string;
  rolloutId: string;
  /** Somebody is to be told, or to be taken back; else only its waves are due. */
  isToTell: boolean;
};

/** Rollouts that something is due for: a moment has come, or somebody is to be told. */
export const dueRollouts = async (
  sql: Sql,
  nowMs: number,
  limit: number,
): Promise<DueRollout[]> => {
  const { rows } = await sql.query<DueRollout>(
    `SELECT tenant_id AS "tenantId", id AS "rolloutId",
            coalesce(tell_due_at <= $1, false) AS "isToTell" FROM bundle_orchestrator.rollouts
      WHERE (status IN ('scheduled', 'in-progress', 'rolling-back') OR giving_back IS NOT NULL)
        AND least(waves_due_at, tell_due_at) <= $1
      ORDER BY least(waves_due_at, tell_due_at) LIMIT $2`,
    [new Date(nowMs), limit],
  );
  return rows;
};

/** When time alone moves its waves on, and when all its open rows were looked at. */
export const setWavesDue = async (
  sql: Sql,
  rollout: { tenantId: string; rolloutId: string },
  due: { dueAtMs: number | null; lookedAtMs: number },
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollouts SET waves_due_at = $3, looked_at = $4
      WHERE tenant_id = $1 AND id = $2
        AND (waves_due_at IS DISTINCT FROM $3 OR looked_at <> $4)`,
    [
      rollout.tenantId,
      rollout.rolloutId,
      due.dueAtMs === null ? null : new Date(due.dueAtMs),
      new Date(due.lookedAtMs),
    ],
  );
};

/** All of a tenant that tell somebody: what they wait for may be otherwise now. */
export const makeDue = async (sql: Sql, tenantId: string, nowMs: number): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollouts SET tell_due_at = $2
      WHERE tenant_id = $1 AND status = 'in-progress'
        AND (tell_due_at IS NULL OR tell_due_at > $2)`,
    [tenantId, new Date(nowMs)],
  );
};
