/**
 * Rollouts of one bundle that meet on the same devices: which are under way there when one is made, and
 * which of two that met is the newer. The rows are read once, when a rollout is made or looked ahead at;
 * how many they were is kept with it.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { UnderWay } from '../core/overtaking.ts';
import type { RolloutStatus } from '../core/rollout.ts';

/** When a rollout becomes a wish: one that was set for later is one from then on. */
const wishedAt = (rollout: string): string =>
  `greatest(${rollout}.created_at, ${rollout}.starts_at)`;

/** Of more, the newest are told of. */
const meetingsMax = 20;

/** Those that have something left to do on these devices. `own`: the one that is made, or null ahead of it. */
export const underWayOn = async (
  sql: Sql,
  tenantId: string,
  wish: { bundleId: string; startsAt: string | null; ownId: string | null },
  deviceIds: readonly string[],
): Promise<UnderWay[]> => {
  const { rows: others } = await sql.query<Omit<UnderWay, 'atWork' | 'untold'>>(
    `SELECT other.id AS "rolloutId", other.version, other.status,
            ${wishedAt('other')} > greatest(now(), $3::timestamptz) AS "isNewer"
       FROM bundle_orchestrator.rollouts other
      WHERE other.tenant_id = $1 AND other.bundle_id = $2 AND other.id IS DISTINCT FROM $4
        AND other.status IN ('scheduled', 'in-progress', 'paused', 'rolling-back')
      ORDER BY other.created_at DESC, other.id LIMIT ${meetingsMax}`,
    [tenantId, wish.bundleId, wish.startsAt, wish.ownId],
  );
  if (others.length === 0) return [];
  // Each asked by itself: until Postgres has looked at the rows of a new one it would compare all with all.
  const { rows } = await sql.query<{ id: string; atWork: number; untold: number }>(
    `SELECT asked.id, met.at_work AS "atWork", met.untold FROM unnest($2::uuid[]) AS asked (id)
      CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE theirs.status <> 'planned') AS at_work,
               count(*) FILTER (WHERE theirs.status = 'planned') AS untold
          FROM bundle_orchestrator.rollout_devices theirs
         WHERE theirs.tenant_id = $1 AND theirs.rollout_id = asked.id
           AND theirs.status IN ('planned', 'pending', 'in-progress', 'rolling-back')
           AND theirs.device_id = ANY ($3::uuid[])) met
      WHERE met.at_work + met.untold > 0`,
    [tenantId, others.map(({ rolloutId }) => rolloutId), `{${deviceIds.join(',')}}`],
  );
  const counts = new Map(rows.map(({ id, ...count }) => [id, count]));
  return others.flatMap((other) => {
    const count = counts.get(other.rolloutId);
    return count === undefined ? [] : [{ ...other, ...count }];
  });
};

export const keepMeetings = async (
  sql: Sql,
  rollout: { tenantId: string; rolloutId: string },
  met: readonly UnderWay[],
): Promise<void> => {
  if (met.length === 0) return;
  const kept = met.map(({ rolloutId, atWork, untold }) => ({
    ...{ rolloutId, devices: atWork + untold },
  }));
  await sql.query(
    'UPDATE bundle_orchestrator.rollouts SET meets = $3 WHERE tenant_id = $1 AND id = $2',
    [rollout.tenantId, rollout.rolloutId, JSON.stringify(kept)],
  );
};

/** Another rollout of the bundle, and how many devices were in both when the later of them was made. */
export type Meeting = {
  rolloutId: string;
  version: string;
  status: RolloutStatus;
  devices: number;
};

type MeetingRow = Meeting & { ownId: string; isNewer: boolean };

/** By rollout: the older ones that it overtakes, and the newer ones that overtake it, the newest first. */
export const meetingsOf = async (
  sql: Sql,
  tenantId: string,
  rolloutIds: readonly string[],
): Promise<Map<string, { overtakes: Meeting[]; overtakenBy: Meeting[] }>> => {
  const { rows } = await sql.query<MeetingRow>(
    `SELECT own.id AS "ownId", other.id AS "rolloutId", other.version, other.status,
            (met ->> 'devices')::int AS devices,
            (${wishedAt('other')}, other.id) > (${wishedAt('own')}, own.id) AS "isNewer"
       FROM bundle_orchestrator.rollouts own
       JOIN bundle_orchestrator.rollouts other
         ON other.tenant_id = own.tenant_id AND other.bundle_id = own.bundle_id
      CROSS JOIN LATERAL jsonb_array_elements(other.meets) met
      WHERE own.tenant_id = $1 AND own.id = ANY ($2) AND other.meets <> '[]'
        AND met ->> 'rolloutId' = own.id::text
      UNION ALL
     SELECT own.id, other.id, other.version, other.status, (met ->> 'devices')::int,
            (${wishedAt('other')}, other.id) > (${wishedAt('own')}, own.id)
       FROM bundle_orchestrator.rollouts own
      CROSS JOIN LATERAL jsonb_array_elements(own.meets) met
       JOIN bundle_orchestrator.rollouts other
         ON other.tenant_id = own.tenant_id AND other.id = (met ->> 'rolloutId')::uuid
      WHERE own.tenant_id = $1 AND own.id = ANY ($2)`,
    [tenantId, rolloutIds],
  );
  const found = new Map<string, { overtakes: Meeting[]; overtakenBy: Meeting[] }>();
  for (const { ownId, isNewer, ...meeting } of rows) {
    const own = found.get(ownId) ?? { overtakes: [], overtakenBy: [] };
    (isNewer ? own.overtakenBy : own.overtakes).push(meeting);
    found.set(ownId, own);
  }
  return found;
};

/** Of these rollouts those that are newer than this one, with their versions. */
export const newerAmong = async (
  sql: Sql,
  own: { tenantId: string; rolloutId: string },
  rolloutIds: readonly string[],
): Promise<Map<string, string>> => {
  if (rolloutIds.length === 0) return new Map();
  const { rows } = await sql.query<{ id: string; version: string }>(
    `SELECT newer.id, newer.version FROM bundle_orchestrator.rollouts own
       JOIN bundle_orchestrator.rollouts newer
         ON newer.tenant_id = own.tenant_id AND newer.id = ANY ($3)
        AND (${wishedAt('newer')}, newer.id) > (${wishedAt('own')}, own.id)
      WHERE own.tenant_id = $1 AND own.id = $2`,
    [own.tenantId, own.rolloutId, rolloutIds],
  );
  return new Map(rows.map(({ id, version }) => [id, version]));
};
