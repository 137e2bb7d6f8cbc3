/**
 * When something is due of a rollout's devices: the time of one that was told is over, or one that failed
 * tries again. Each look reads one index, however many devices there are. The rollout is locked.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Clock, Overdue } from '../core/tries.ts';

type Where = { tenantId: string; rolloutId: string };

const firstOf = (status: string, more = ''): string => `(
  SELECT due_at FROM bundle_orchestrator.rollout_devices
   WHERE tenant_id = $1 AND rollout_id = $2 AND status = '${status}' AND due_at IS NOT NULL${more}
   ORDER BY due_at LIMIT 1)`;

/** The next moment; one of those that try again and could already is no reason to look. */
export const nextDue = async (sql: Sql, where: Where, nowMs: number): Promise<number | null> => {
  const { rows } = await sql.query<{ at: Date | null }>(
    `SELECT least(${firstOf('pending')}, ${firstOf('in-progress')},
                  ${firstOf('planned', ' AND due_at > $3')}) AS at`,
    [where.tenantId, where.rolloutId, new Date(nowMs)],
  );
  return rows[0]?.at?.getTime() ?? null;
};

/** Who tries again later, and when the first of them does. */
export const retriedLater = async (
  sql: Sql,
  where: Where,
  nowMs: number,
): Promise<{ devices: number; firstAtMs: number | null }> => {
  const { rows } = await sql.query<{ devices: number; first: Date | null }>(
    `SELECT count(*) AS devices, min(due_at) AS first FROM bundle_orchestrator.rollout_devices
      WHERE tenant_id = $1 AND rollout_id = $2 AND status = 'planned' AND due_at > $3`,
    [where.tenantId, where.rolloutId, new Date(nowMs)],
  );
  return { devices: rows[0]?.devices ?? 0, firstAtMs: rows[0]?.first?.getTime() ?? null };
};

export const overdueOf = async (
  sql: Sql,
  where: Where,
  nowMs: number,
  limit: number,
): Promise<Overdue[]> => {
  const { rows } = await sql.query<Omit<Overdue, 'onlineSinceMs'> & { since: Date | null }>(
    `SELECT member.device_id AS "deviceId", member.status, member.retry_count AS "retryCount",
            (SELECT presence.changed_at FROM telemetry.public_presence presence
              WHERE presence.tenant_id = $1 AND presence.device_id = member.device_id
                AND presence.presence = 'online') AS since
       FROM bundle_orchestrator.rollout_devices member
      WHERE member.tenant_id = $1 AND member.rollout_id = $2
        AND member.status IN ('pending', 'in-progress') AND member.due_at <= $3
      ORDER BY member.due_at, member.device_id LIMIT $4`,
    [where.tenantId, where.rolloutId, new Date(nowMs), limit],
  );
  return rows.map(({ since, ...row }) => ({ ...row, onlineSinceMs: since?.getTime() ?? null }));
};

/** Of those that are at work. */
export const setClocks = async (
  sql: Sql,
  where: Where,
  clocks: readonly Clock[],
): Promise<void> => {
  if (clocks.length === 0) return;
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_devices present SET due_at = clock.due_at
       FROM unnest($3::uuid[], $4::timestamptz[]) AS clock (device_id, due_at)
      WHERE present.tenant_id = $1 AND present.rollout_id = $2 AND present.device_id = ANY ($3)
        AND present.device_id = clock.device_id AND present.status IN ('pending', 'in-progress')`,
    [
      where.tenantId,
      where.rolloutId,
      clocks.map(({ deviceId }) => deviceId),
      clocks.map(({ dueAtMs }) => (dueAtMs === null ? null : new Date(dueAtMs))),
    ],
  );
};
