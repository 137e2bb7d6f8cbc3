/** Rollouts that take who becomes one of their target later, and the rows of those who did. */
import type { Sql } from '@signalbeam/platform/postgres/pool';

/** Those that have not got this device. */
export const rolloutsToJoin = async (
  sql: Sql,
  tenantId: string,
  deviceId: string,
): Promise<string[]> => {
  const { rows } = await sql.query<{ id: string }>(
    `SELECT rollout.id FROM bundle_orchestrator.rollouts rollout
      WHERE rollout.tenant_id = $1 AND rollout.late_joiners
        AND rollout.status IN ('scheduled', 'in-progress', 'paused')
        AND NOT EXISTS (SELECT 1 FROM bundle_orchestrator.rollout_devices member
                         WHERE member.tenant_id = $1 AND member.rollout_id = rollout.id
                           AND member.device_id = $2)
      ORDER BY rollout.created_at`,
    [tenantId, deviceId],
  );
  return rows.map(({ id }) => id);
};

export const withoutMembers = async (
  sql: Sql,
  rollout: { tenantId: string; rolloutId: string },
  deviceIds: readonly string[],
): Promise<Set<string>> => {
  const { rows } = await sql.query<{ device_id: string }>(
    `SELECT asked.device_id FROM unnest($3::uuid[]) AS asked (device_id)
      WHERE NOT EXISTS (SELECT 1 FROM bundle_orchestrator.rollout_devices member
                         WHERE member.tenant_id = $1 AND member.rollout_id = $2
                           AND member.device_id = asked.device_id)`,
    [rollout.tenantId, rollout.rolloutId, deviceIds],
  );
  return new Set(rows.map((row) => row.device_id));
};

export type Joiner = { deviceId: string; name: string; wave: number; late: boolean };

export const insertJoiners = async (
  sql: Sql,
  rollout: { tenantId: string; rolloutId: string; bundleId: string },
  joiners: readonly Joiner[],
): Promise<void> => {
  await sql.query(
    `INSERT INTO bundle_orchestrator.rollout_devices
       (tenant_id, rollout_id, bundle_id, device_id, device_name, wave, late, status,
        requested_generation)
     SELECT $1, $2, $3, *, 'planned', 0
       FROM unnest($4::uuid[], $5::text[], $6::int[], $7::boolean[])`,
    [
      rollout.tenantId,
      rollout.rolloutId,
      rollout.bundleId,
      joiners.map(({ deviceId }) => deviceId),
      joiners.map(({ name }) => name),
      joiners.map(({ wave }) => wave),
      joiners.map(({ late }) => late),
    ],
  );
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_waves counted SET late = counted.late + joined.count
       FROM (SELECT wave, count(*) AS count FROM unnest($3::int[]) AS late (wave) GROUP BY wave) joined
      WHERE counted.tenant_id = $1 AND counted.rollout_id = $2 AND counted.wave = joined.wave`,
    [
      rollout.tenantId,
      rollout.rolloutId,
      joiners.filter(({ late }) => late).map(({ wave }) => wave),
    ],
  );
};
