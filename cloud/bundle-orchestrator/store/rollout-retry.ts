/**
 * A retry of those that failed in Postgres. Asking for it moves no row, whatever their number: each wave
 * keeps how many of its failed devices are to try again, which count as planned from then on, and batches
 * move their rows. Who fails after it was asked for is not among them. The rollout is locked.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';

type Where = { tenantId: string; rolloutId: string };

/** All that failed so far; none of it is held against their waves again. Returns how many. */
export const askRetry = async (sql: Sql, where: Where, nowMs: number): Promise<number> => {
  const { rows } = await sql.query<{ failed: number }>(
    `UPDATE bundle_orchestrator.rollout_waves SET to_retry = failed, accepted_failed = failed
      WHERE tenant_id = $1 AND rollout_id = $2 AND failed > 0 RETURNING failed`,
    [where.tenantId, where.rolloutId],
  );
  await sql.query(
    `UPDATE bundle_orchestrator.rollouts SET retry_asked_at = $3 WHERE tenant_id = $1 AND id = $2`,
    [where.tenantId, where.rolloutId, new Date(nowMs)],
  );
  return rows.reduce((sum, { failed }) => sum + failed, 0);
};

/** It goes back, is cancelled, or all that can did try again: who is left failed. */
export const endRetry = async (sql: Sql, where: Where): Promise<void> => {
  const { rowCount } = await sql.query(
    `UPDATE bundle_orchestrator.rollouts SET retry_asked_at = NULL
      WHERE tenant_id = $1 AND id = $2 AND retry_asked_at IS NOT NULL`,
    [where.tenantId, where.rolloutId],
  );
  if (rowCount === 0) return;
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_waves SET to_retry = 0
      WHERE tenant_id = $1 AND rollout_id = $2 AND to_retry > 0`,
    [where.tenantId, where.rolloutId],
  );
};

/**
 * The next of them: who left the fleet stays as it is. In no order, so that what is looked up for each is
 * looked up for a batch, not for all that failed.
 */
export const nextToRetry = async (
  sql: Sql,
  where: Where,
  askedAt: Date,
  limit: number,
): Promise<{ deviceId: string; wave: number }[]> => {
  const { rows } = await sql.query<{ deviceId: string; wave: number }>(
    `SELECT failed.device_id AS "deviceId", failed.wave
       FROM bundle_orchestrator.rollout_devices failed
      WHERE failed.tenant_id = $1 AND failed.rollout_id = $2 AND failed.status = 'failed'
        AND (failed.completed_at IS NULL OR failed.completed_at <= $3)
        AND EXISTS (
          SELECT 1 FROM device_manager.public_devices device
           WHERE device.tenant_id = $1 AND device.device_id = failed.device_id
             AND device.registration_status = 'approved' OFFSET 0)
      LIMIT $4`,
    [where.tenantId, where.rolloutId, askedAt, limit],
  );
  return rows;
};

/** Before their rows are: a wave's accepted failures are kept within those that it has. */
export const countRetried = async (
  sql: Sql,
  where: Where,
  retried: readonly { wave: number }[],
): Promise<void> => {
  const counts = new Map<number, number>();
  for (const { wave } of retried) counts.set(wave, (counts.get(wave) ?? 0) + 1);
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_waves present
        SET to_retry = greatest(0, present.to_retry - retried.devices),
            accepted_failed = greatest(0, present.accepted_failed - retried.devices)
       FROM unnest($3::int[], $4::bigint[]) AS retried (wave, devices)
      WHERE present.tenant_id = $1 AND present.rollout_id = $2 AND present.wave = retried.wave`,
    [where.tenantId, where.rolloutId, [...counts.keys()], [...counts.values()]],
  );
};

/** Their rows are to be told again. */
export const replanFailed = async (
  sql: Sql,
  where: Where,
  deviceIds: readonly string[],
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_devices
        SET status = 'planned', reason = NULL, cause = NULL, log_tail = '{}', completed_at = NULL,
            started_at = NULL, retry_count = retry_count + 1
      WHERE tenant_id = $1 AND rollout_id = $2 AND device_id = ANY ($3) AND status = 'failed'`,
    [where.tenantId, where.rolloutId, deviceIds],
  );
};

/** Another rollout of the bundle that is at work on one of its failed devices, if there is any. */
export const atWorkOnFailed = async (
  sql: Sql,
  where: Where & { bundleId: string },
): Promise<string | null> => {
  const { rows } = await sql.query<{ id: string }>(
    `SELECT other.id FROM bundle_orchestrator.rollouts other
      WHERE other.tenant_id = $1 AND other.id <> $2 AND other.bundle_id = $3
        AND EXISTS (
          SELECT 1 FROM bundle_orchestrator.rollout_waves wave
           WHERE wave.tenant_id = $1 AND wave.rollout_id = other.id
             AND wave.pending + wave.in_progress + wave.rolling_back > 0)
        AND EXISTS (
          SELECT 1 FROM bundle_orchestrator.rollout_devices theirs
            JOIN bundle_orchestrator.rollout_devices failed
              ON failed.tenant_id = $1 AND failed.rollout_id = $2 AND failed.status = 'failed'
             AND failed.device_id = theirs.device_id
           WHERE theirs.tenant_id = $1 AND theirs.rollout_id = other.id
             AND theirs.status IN ('pending', 'in-progress', 'rolling-back'))
      LIMIT 1`,
    [where.tenantId, where.rolloutId, where.bundleId],
  );
  return rows[0]?.id ?? null;
};
