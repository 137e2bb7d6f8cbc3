/**
 * Rollouts and their device rows in Postgres: creating them and moving them. Reading them for
 * people is ./rollout-views.ts.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Slot } from '@signalbeam/sync/core/manifest';
import type { RolloutStatus, RowStatus } from '../core/rollout.ts';

export type NewRow = {
  deviceId: string;
  name: string;
  previousSlot: Slot | null;
  requestedGeneration: number;
};

export const insertRollout = async (
  sql: Sql,
  rollout: { tenantId: string; id: string; bundleId: string; version: string; createdBy: string },
  rows: readonly NewRow[],
): Promise<void> => {
  const { tenantId, id, bundleId } = rollout;
  await sql.query(
    `INSERT INTO bundle_orchestrator.rollouts
       (tenant_id, id, bundle_id, version, created_by, created_at)
     VALUES ($1, $2, $3, $4, $5, date_trunc('milliseconds', now()))`,
    [tenantId, id, bundleId, rollout.version, rollout.createdBy],
  );
  await sql.query(
    `INSERT INTO bundle_orchestrator.rollout_devices
       (tenant_id, rollout_id, bundle_id, device_id, device_name, previous_slot,
        requested_generation)
     SELECT $1, $2, $3, * FROM unnest($4::uuid[], $5::text[], $6::jsonb[], $7::bigint[])`,
    [
      tenantId,
      id,
      bundleId,
      rows.map((row) => row.deviceId),
      rows.map((row) => row.name),
      rows.map((row) => (row.previousSlot === null ? null : JSON.stringify(row.previousSlot))),
      rows.map((row) => row.requestedGeneration),
    ],
  );
};

/** Unfinished rows of any rollout for this bundle on these devices. */
export const activeRolloutsOn = async (
  sql: Sql,
  deviceIds: readonly string[],
  bundleId: string,
): Promise<{ rolloutId: string; deviceId: string }[]> => {
  const { rows } = await sql.query<{ rollout_id: string; device_id: string }>(
    `SELECT rollout_id, device_id FROM bundle_orchestrator.rollout_devices
      WHERE bundle_id = $1 AND device_id = ANY ($2) AND status IN ('pending', 'in-progress')
      ORDER BY device_id`,
    [bundleId, deviceIds],
  );
  return rows.map((row) => ({ rolloutId: row.rollout_id, deviceId: row.device_id }));
};

/** The rollouts that wait for this device, whatever the bundle. */
export const rolloutsWaitingFor = async (
  sql: Sql,
  tenantId: string,
  deviceId: string,
): Promise<string[]> => {
  const { rows } = await sql.query<{ rollout_id: string }>(
    `SELECT DISTINCT rollout_id FROM bundle_orchestrator.rollout_devices
      WHERE tenant_id = $1 AND device_id = $2 AND status IN ('pending', 'in-progress')
      ORDER BY rollout_id`,
    [tenantId, deviceId],
  );
  return rows.map((row) => row.rollout_id);
};

export type LockedRollout = {
  id: string;
  bundleId: string;
  version: string;
  status: RolloutStatus;
};

/** Holds a rollout for this transaction: all that move its rows come here first. */
export const lockRollout = async (
  sql: Sql,
  tenantId: string,
  id: string,
): Promise<LockedRollout | null> => {
  const { rows } = await sql.query<{ bundle_id: string; version: string; status: RolloutStatus }>(
    `SELECT bundle_id, version, status FROM bundle_orchestrator.rollouts
      WHERE tenant_id = $1 AND id = $2 FOR UPDATE`,
    [tenantId, id],
  );
  const row = rows[0];
  return row === undefined
    ? null
    : { id, bundleId: row.bundle_id, version: row.version, status: row.status };
};

export type RowState = {
  deviceId: string;
  name: string;
  status: RowStatus;
  previousSlot: Slot | null;
};

export const rowsOf = async (
  sql: Sql,
  tenantId: string,
  rolloutId: string,
  statuses: readonly RowStatus[],
): Promise<RowState[]> => {
  const { rows } = await sql.query<{
    device_id: string;
    device_name: string;
    status: RowStatus;
    previous_slot: Slot | null;
  }>(
    `SELECT device_id, device_name, status, previous_slot
       FROM bundle_orchestrator.rollout_devices
      WHERE tenant_id = $1 AND rollout_id = $2 AND status = ANY ($3) ORDER BY device_id`,
    [tenantId, rolloutId, statuses],
  );
  return rows.map((row) => ({
    deviceId: row.device_id,
    name: row.device_name,
    status: row.status,
    previousSlot: row.previous_slot,
  }));
};

export type RowMove = {
  deviceId: string;
  to: RowStatus;
  reason: string | null;
  logTail: readonly string[];
};

/** Moves unfinished rows; a row that is final meanwhile stays as it is. */
export const moveRows = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string; atMs: number },
  moves: readonly RowMove[],
): Promise<void> => {
  if (moves.length === 0) return;
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_devices present
        SET status = move.status, reason = move.reason,
            log_tail = ARRAY(SELECT jsonb_array_elements_text(move.log_tail)),
            started_at = coalesce(present.started_at, $3),
            completed_at = CASE WHEN move.status IN ('succeeded', 'failed', 'cancelled') THEN $3 END
       FROM unnest($4::uuid[], $5::text[], $6::text[], $7::jsonb[])
            AS move (device_id, status, reason, log_tail)
      WHERE present.tenant_id = $1 AND present.rollout_id = $2
        AND present.device_id = move.device_id AND present.status IN ('pending', 'in-progress')`,
    [
      where.tenantId,
      where.rolloutId,
      new Date(where.atMs),
      moves.map((move) => move.deviceId),
      moves.map((move) => move.to),
      moves.map((move) => move.reason),
      moves.map((move) => JSON.stringify(move.logTail)),
    ],
  );
};

/** Failed rows begin again under a newer generation. */
export const restartRows = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string },
  rows: readonly { deviceId: string; requestedGeneration: number }[],
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_devices present
        SET status = 'pending', reason = NULL, log_tail = '{}', completed_at = NULL,
            started_at = NULL, retry_count = present.retry_count + 1,
            requested_generation = again.requested_generation
       FROM unnest($3::uuid[], $4::bigint[]) AS again (device_id, requested_generation)
      WHERE present.tenant_id = $1 AND present.rollout_id = $2
        AND present.device_id = again.device_id AND present.status = 'failed'`,
    [
      where.tenantId,
      where.rolloutId,
      rows.map((row) => row.deviceId),
      rows.map((row) => row.requestedGeneration),
    ],
  );
};

export const setRolloutStatus = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string; atMs: number },
  status: RolloutStatus,
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollouts
        SET status = $3, completed_at = CASE WHEN $3 = 'in-progress' THEN NULL ELSE $4::timestamptz END
      WHERE tenant_id = $1 AND id = $2`,
    [where.tenantId, where.rolloutId, status, new Date(where.atMs)],
  );
};

/** Rollouts that are not over, for the sweep; all tenants' when the role may see them. */
export const activeRollouts = async (
  sql: Sql,
  limit: number,
): Promise<{ tenantId: string; rolloutId: string }[]> => {
  const { rows } = await sql.query<{ tenant_id: string; id: string }>(
    `SELECT tenant_id, id FROM bundle_orchestrator.rollouts
      WHERE status = 'in-progress' ORDER BY created_at LIMIT $1`,
    [limit],
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, rolloutId: row.id }));
};

/** Of all tenants, by status. */
export const countRollouts = async (system: Sql): Promise<Record<string, number>> => {
  const { rows } = await system.query<{ status: string; count: number }>(
    'SELECT status, count(*) FROM bundle_orchestrator.rollouts GROUP BY status',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
};
