/** The failures of a rollout by their cause, the most frequent first, each with one device's last lines. */
import type { Sql } from '@signalbeam/platform/postgres/pool';

export type FailureGroup = {
  cause: string;
  devices: number;
  /** The newest of them: its own words and last log lines stand for the others. */
  newest: { deviceId: string; name: string; reason: string; logTail: string[] };
};

/** More than these are not causes but noise; the counts of a wave have them all. */
export const causesMax = 50;

export const failuresOf = async (
  sql: Sql,
  tenantId: string,
  rolloutId: string,
): Promise<FailureGroup[]> => {
  const { rows } = await sql.query<{
    cause: string;
    devices: number;
    device_id: string;
    device_name: string;
    reason: string | null;
    log_tail: string[];
  }>(
    `SELECT counted.cause, counted.devices, newest.*
       FROM (SELECT coalesce(cause, '') AS cause, count(*) AS devices
               FROM bundle_orchestrator.rollout_devices
              WHERE tenant_id = $1 AND rollout_id = $2 AND status = 'failed'
              GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${causesMax}) counted,
            LATERAL (SELECT device_id, device_name, reason, log_tail
                       FROM bundle_orchestrator.rollout_devices
                      WHERE tenant_id = $1 AND rollout_id = $2 AND status = 'failed'
                        AND coalesce(cause, '') = counted.cause
                      ORDER BY completed_at DESC, device_id LIMIT 1) newest
      ORDER BY counted.devices DESC, counted.cause`,
    [tenantId, rolloutId],
  );
  return rows.map(({ cause, devices, ...row }) => ({
    cause,
    devices,
    newest: {
      deviceId: row.device_id,
      name: row.device_name,
      reason: row.reason ?? '',
      logTail: row.log_tail,
    },
  }));
};
