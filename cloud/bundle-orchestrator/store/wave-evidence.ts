/**
 * What telemetry-processor knows of a wave's devices, through its public views: health scores and open
 * alerts. Kept with the wave, so that people read what was decided by, and so that who sees some of the
 * sites reads the same.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { alertSeverities } from '@signalbeam/sync/core/rollout-strategies';
import type { Evidence } from '../core/wave-evidence.ts';
import type { StoredWave } from './rollout-waves.ts';

type RolloutAt = { tenantId: string; rolloutId: string };

/** Named in a sentence. */
const namedMax = 3;
/** The clocks of two services may be so far apart. */
const clocksApartSeconds = 5;
/** A judgement that time alone should have changed so long ago says that nobody judges. */
const overdueMinutes = 5;

type HealthRow = { wave: number; well: number; unwell: number; lacking: Evidence['lacking'] };

/** A score counts if it was judged since the device's newest report, which says that it confirmed. */
const healthOf = async (
  sql: Sql,
  { tenantId, rolloutId }: RolloutAt,
  waves: readonly StoredWave[],
  nowMs: number,
): Promise<HealthRow[]> => {
  const asked = waves.filter(({ gate }) => gate.healthScoreMin !== null);
  if (asked.length === 0) return [];
  const { rows } = await sql.query<HealthRow>(
    `WITH seen AS (
       SELECT asked.wave, member.device_id, asked.score_min,
              CASE WHEN health.judged_at >= report.received_at - interval '${clocksApartSeconds} seconds'
                    AND (health.due_at IS NULL
                         OR health.due_at > $5::timestamptz - interval '${overdueMinutes} minutes')
                   THEN health.score END AS score
         FROM unnest($3::int[], $4::int[]) AS asked (wave, score_min)
         JOIN bundle_orchestrator.rollout_devices member
           ON member.tenant_id = $1 AND member.rollout_id = $2 AND member.wave = asked.wave
          AND member.status = 'succeeded'
         LEFT JOIN bundle_orchestrator.device_reports report
           ON report.tenant_id = $1 AND report.device_id = member.device_id
         LEFT JOIN telemetry.public_device_health health
           ON health.tenant_id = $1 AND health.device_id = member.device_id)
     SELECT wave, count(*) FILTER (WHERE score >= score_min) AS well,
            count(*) FILTER (WHERE score < score_min) AS unwell,
            to_jsonb((array_agg(jsonb_build_object('deviceId', device_id, 'score', score)
                                ORDER BY score, device_id)
                        FILTER (WHERE score IS NULL OR score < score_min))[1:${namedMax}]) AS lacking
       FROM seen GROUP BY wave`,
    [
      tenantId,
      rolloutId,
      asked.map(({ wave }) => wave),
      asked.map(({ gate }) => gate.healthScoreMin),
      new Date(nowMs),
    ],
  );
  return rows;
};

type AlertRow = { wave: number; open: number; ids: string[] | null; ended_at: Date | null };

/** Also one of a site as a whole, if a device of the wave is there. Silenced ones are open like others. */
const alertsOf = async (
  sql: Sql,
  { tenantId, rolloutId }: RolloutAt,
  waves: readonly StoredWave[],
): Promise<AlertRow[]> => {
  const asked = waves.filter(
    ({ gate, openedAtMs }) => gate.alertFreeFrom !== null && openedAtMs !== null,
  );
  if (asked.length === 0) return [];
  const { rows } = await sql.query<AlertRow>(
    `SELECT asked.wave, count(*) FILTER (WHERE alert.status <> 'resolved') AS open,
            (array_agg(alert.alert_id ORDER BY alert.raised_at)
               FILTER (WHERE alert.status <> 'resolved'))[1:${namedMax}] AS ids,
            max(alert.resolved_at) AS ended_at
       FROM unnest($3::int[], $4::timestamptz[], $5::int[]) AS asked (wave, since, severity)
       JOIN telemetry.public_alerts alert
         ON alert.tenant_id = $1 AND alert.raised_at >= asked.since AND alert.rollout_id IS NULL
        AND array_position($6::text[], alert.severity) >= asked.severity
      WHERE CASE WHEN alert.device_id IS NOT NULL THEN EXISTS (
              SELECT 1 FROM bundle_orchestrator.rollout_devices member
               WHERE member.tenant_id = $1 AND member.rollout_id = $2
                 AND member.device_id = alert.device_id AND member.wave = asked.wave
                 AND member.status IN ('pending', 'in-progress', 'succeeded', 'failed'))
            ELSE EXISTS (
              SELECT 1 FROM device_manager.public_devices device
                JOIN bundle_orchestrator.rollout_devices member
                  ON member.tenant_id = $1 AND member.rollout_id = $2
                 AND member.device_id = device.device_id AND member.wave = asked.wave
                 AND member.status IN ('pending', 'in-progress', 'succeeded', 'failed')
               WHERE device.tenant_id = $1 AND device.site = alert.site) END
      GROUP BY asked.wave`,
    [
      tenantId,
      rolloutId,
      asked.map(({ wave }) => wave),
      asked.map(({ openedAtMs }) => new Date(openedAtMs ?? 0)),
      asked.map(({ gate }) => alertSeverities.indexOf(gate.alertFreeFrom ?? 'info') + 1),
      alertSeverities,
    ],
  );
  return rows;
};

/** Looks at these waves, whose gates ask for it, and keeps what was seen. */
export const lookAtEvidence = async (
  sql: Sql,
  at: RolloutAt & { nowMs: number },
  waves: readonly StoredWave[],
): Promise<Map<number, Evidence>> => {
  const health = await healthOf(sql, at, waves, at.nowMs);
  const alerts = await alertsOf(sql, at, waves);
  const seen = waves.map(({ wave }): [number, Evidence] => {
    const scores = health.find((one) => one.wave === wave);
    const raised = alerts.find((one) => one.wave === wave);
    return [
      wave,
      {
        well: scores?.well ?? 0,
        unwell: scores?.unwell ?? 0,
        lacking: scores?.lacking ?? [],
        alerts: raised?.open ?? 0,
        alertIds: raised?.ids ?? [],
        alertsEndedAtMs: raised?.ended_at?.getTime() ?? null,
      },
    ];
  });
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_waves kept SET evidence = seen.evidence
       FROM unnest($3::int[], $4::jsonb[]) AS seen (wave, evidence)
      WHERE kept.tenant_id = $1 AND kept.rollout_id = $2 AND kept.wave = seen.wave
        AND kept.evidence IS DISTINCT FROM seen.evidence`,
    [
      at.tenantId,
      at.rolloutId,
      seen.map(([wave]) => wave),
      seen.map(([, evidence]) => JSON.stringify(evidence)),
    ],
  );
  return new Map(seen);
};

/** What people call these devices and alerts; who may not see one does not hear of it. */
export const namesOf = async (
  sql: Sql,
  tenantId: string,
  evidence: readonly Evidence[],
): Promise<{ devices: Map<string, string>; alerts: Map<string, string> }> => {
  const deviceIds = evidence.flatMap(({ lacking }) => lacking.map(({ deviceId }) => deviceId));
  const alertIds = evidence.flatMap((one) => one.alertIds);
  if (deviceIds.length + alertIds.length === 0) return { devices: new Map(), alerts: new Map() };
  const { rows } = await sql.query<{ what: 'device' | 'alert'; id: string; name: string }>(
    `SELECT 'device' AS what, device_id AS id, name FROM device_manager.public_devices
      WHERE tenant_id = $1 AND device_id = ANY ($2)
     UNION ALL
     SELECT 'alert', alert_id, title FROM telemetry.public_alerts
      WHERE tenant_id = $1 AND alert_id = ANY ($3)`,
    [tenantId, deviceIds, alertIds],
  );
  const named = (wanted: string) =>
    new Map(rows.filter(({ what }) => what === wanted).map(({ id, name }) => [id, name]));
  return { devices: named('device'), alerts: named('alert') };
};
