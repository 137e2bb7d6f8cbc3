/**
 * What the pace of a rollout is decided by: where its devices are, which of them are at work, who was
 * not told yet. Sites and tags are the devices' own of now, so one that moves counts where it is.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { When } from '@signalbeam/platform/schedule/windows';
import type { AtWork, Candidate, PaceOutlook, Told, Untold } from '../core/pace.ts';

export type PacedAt = {
  tenantId: string;
  rolloutId: string;
  bundleId: string;
  /** Null: nobody is a member of a group. */
  redundancyTag: string | null;
  nowMs: number;
};

const placed = `bundle_orchestrator.rollout_devices member
  LEFT JOIN device_manager.public_devices device
    ON device.tenant_id = member.tenant_id AND device.device_id = member.device_id
  LEFT JOIN device_manager.public_device_tags tag
    ON tag.tenant_id = member.tenant_id AND tag.device_id = member.device_id AND tag.key = $3`;

const place = `coalesce(device.site, '') AS site, tag.value AS member`;
/** Not told for now, though its device is still asked for the version: ../rollouts/override.ts. */
const toldAnew = `coalesce(
  member.status = 'planned' AND member.given_back_generation = member.requested_generation, false)`;
const awaited = `member.status IN ('pending', 'in-progress', 'rolling-back')`;

/** Held until the transaction ends: two rollouts do not tell two devices of one group at once. */
export const holdGroups = async (sql: Sql, tenantId: string): Promise<void> => {
  await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('redundancy ' || $1, 0))`, [
    tenantId,
  ]);
};

export const atWorkOf = async (sql: Sql, at: PacedAt): Promise<AtWork[]> => {
  const { rows } = await sql.query<AtWork>(
    `SELECT ${place}, true AS "isOwn", member.status = 'pending' AS "isPending",
            false AS "isToldAnew", count(*) AS count
       FROM ${placed} WHERE member.tenant_id = $1 AND member.rollout_id = $2 AND ${awaited}
      GROUP BY 1, 2, 4
     UNION ALL
     SELECT ${place}, false, false, false, count(*)
       FROM ${placed} WHERE member.tenant_id = $1 AND member.rollout_id <> $2 AND ${awaited}
        AND $3::text IS NOT NULL AND tag.value IS NOT NULL
      GROUP BY 1, 2
     UNION ALL
     SELECT ${place}, false, false, member.rollout_id = $2 AND ${toldAnew}, count(*)
       FROM ${placed} WHERE member.tenant_id = $1 AND member.given_back_generation IS NOT NULL
        AND $3::text IS NOT NULL AND tag.value IS NOT NULL
      GROUP BY 1, 2, 5`,
    [at.tenantId, at.rolloutId, at.redundancyTag],
  );
  return rows;
};

/** In opened waves, not to try again only later, and nothing else of the bundle is at work on the device. */
const tellable = `member.tenant_id = $1 AND member.rollout_id = $2 AND member.status = 'planned'
  AND (member.due_at IS NULL OR member.due_at <= $5)
  AND EXISTS (SELECT 1 FROM bundle_orchestrator.rollout_waves wave
               WHERE wave.tenant_id = member.tenant_id AND wave.rollout_id = member.rollout_id
                 AND wave.wave = member.wave AND wave.state <> 'waiting')
  AND NOT EXISTS (SELECT 1 FROM bundle_orchestrator.rollout_devices other
                   WHERE other.tenant_id = $1 AND other.device_id = member.device_id
                     AND other.bundle_id = $4
                     AND other.status IN ('pending', 'in-progress', 'rolling-back'))`;
/** Who confirmed has still to be asked to go back. */
const confirmed = `member.tenant_id = $1 AND member.rollout_id = $2 AND member.status = 'succeeded'
  AND $4::uuid IS NOT NULL AND $5::timestamptz IS NOT NULL`;

export type Direction = 'forward' | 'back';
const wanting = (direction: Direction): string => (direction === 'forward' ? tellable : confirmed);

export const untoldOf = async (sql: Sql, at: PacedAt, direction: Direction): Promise<Untold[]> => {
  const { rows } = await sql.query<Untold>(
    `SELECT ${place}, ${toldAnew} AS "isToldAnew", count(*) AS count
       FROM ${placed} WHERE ${wanting(direction)} GROUP BY 1, 2, 3`,
    [at.tenantId, at.rolloutId, at.redundancyTag, at.bundleId, new Date(at.nowMs)],
  );
  return rows;
};

/** Of these places, the reached first: one that is not heard of takes a place and does nothing with it. */
export const candidatesOf = async (
  sql: Sql,
  at: PacedAt,
  direction: Direction,
  places: readonly Untold[],
  limit: number,
): Promise<Candidate[]> => {
  const { rows } = await sql.query<Candidate>(
    `SELECT member.device_id AS "deviceId", ${place}, ${toldAnew} AS "isToldAnew" FROM ${placed}
       LEFT JOIN telemetry.public_presence presence
         ON presence.tenant_id = member.tenant_id AND presence.device_id = member.device_id
      WHERE ${wanting(direction)} AND coalesce(device.site, '') = ANY ($6)
        AND (tag.value IS NULL OR tag.value = ANY ($7))
      ORDER BY member.wave, NOT ${toldAnew}, presence.presence IS DISTINCT FROM 'online', member.device_name,
               member.device_id
      LIMIT $8`,
    [
      at.tenantId,
      at.rolloutId,
      at.redundancyTag,
      at.bundleId,
      new Date(at.nowMs),
      [...new Set(places.map(({ site }) => site))],
      [...new Set(places.flatMap(({ member }) => member ?? []))],
      limit,
    ],
  );
  return rows;
};

/** Told and not begun, at these sites. */
export const pendingAt = async (
  sql: Sql,
  at: { tenantId: string; rolloutId: string },
  sites: readonly string[],
  limit: number,
): Promise<{ deviceId: string; requestedGeneration: number }[]> => {
  const { rows } = await sql.query<{ deviceId: string; requestedGeneration: number }>(
    `SELECT member.device_id AS "deviceId", member.requested_generation AS "requestedGeneration"
       FROM bundle_orchestrator.rollout_devices member
       LEFT JOIN device_manager.public_devices device
         ON device.tenant_id = member.tenant_id AND device.device_id = member.device_id
      WHERE member.tenant_id = $1 AND member.rollout_id = $2 AND member.status = 'pending'
        AND coalesce(device.site, '') = ANY ($3) ORDER BY member.device_id LIMIT $4`,
    [at.tenantId, at.rolloutId, sites, limit],
  );
  return rows;
};

export const noteToldLately = async (
  sql: Sql,
  at: { tenantId: string; rolloutId: string },
  told: readonly Told[],
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollouts SET told_lately = $3 WHERE tenant_id = $1 AND id = $2`,
    [at.tenantId, at.rolloutId, JSON.stringify(told)],
  );
};

/** The windows that stand at these sites, or at all that have some. */
export const siteWindowsOf = async (
  sql: Sql,
  tenantId: string,
  sites: readonly string[] | null,
): Promise<Map<string, When[]>> => {
  const { rows } = await sql.query<{ site: string; windows: When[] }>(
    `SELECT site, windows FROM device_manager.public_site_windows
      WHERE tenant_id = $1 AND ($2::text[] IS NULL OR site = ANY ($2)) ORDER BY site`,
    [tenantId, sites],
  );
  return new Map(rows.map(({ site, windows }) => [site, windows]));
};

const dateOf = (atMs: number | null): Date | null =>
  // What lies beyond every date never comes.
  atMs === null || atMs > 8.64e15 ? null : new Date(atMs);

export const setOutlook = async (
  sql: Sql,
  at: { tenantId: string; rolloutId: string },
  { waits, dueAtMs }: PaceOutlook,
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollouts SET pace_waits = $3, tell_due_at = $4
      WHERE tenant_id = $1 AND id = $2
        AND (pace_waits <> $3::jsonb OR tell_due_at IS DISTINCT FROM $4)`,
    [at.tenantId, at.rolloutId, JSON.stringify(waits), dateOf(dueAtMs)],
  );
};

/** Somebody may have to be told: the loop looks at it even if whoever made it so ends here. */
export const setTellDue = async (
  sql: Sql,
  at: { tenantId: string; rolloutId: string; nowMs: number },
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollouts SET tell_due_at = $3
      WHERE tenant_id = $1 AND id = $2 AND (tell_due_at IS NULL OR tell_due_at > $3)`,
    [at.tenantId, at.rolloutId, new Date(at.nowMs)],
  );
};
