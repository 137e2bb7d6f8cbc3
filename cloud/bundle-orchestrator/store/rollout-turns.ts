/**
 * Whose turn it is in a rollout. Until Postgres has looked at the rows of a large one, within a minute, it
 * takes them for a few: so each look goes wave by wave in the order of one index and is no join that
 * could be turned round (`OFFSET 0` keeps it so), and reads what it gives, however many there are. Not if
 * it looks just while they are made, and sees their pages without them: then each look of that minute may read all.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { RowStatus } from '../core/rollout.ts';

/** Rows of waves that were opened, not told yet or again by now, and on whose device nothing else of it is at work. */
export const rowsToTell = async (
  sql: Sql,
  rollout: { tenantId: string; rolloutId: string; bundleId: string; nowMs: number },
  limit: number,
): Promise<string[]> => {
  const { rows } = await sql.query<{ device_id: string }>(
    `SELECT untold.device_id FROM bundle_orchestrator.rollout_waves wave
      CROSS JOIN LATERAL (
        SELECT member.device_id
          FROM bundle_orchestrator.rollout_devices member
         WHERE member.tenant_id = $1 AND member.rollout_id = $2 AND member.status = 'planned'
           AND member.wave = wave.wave AND (member.due_at IS NULL OR member.due_at <= $5)
           AND NOT EXISTS (
             SELECT 1 FROM bundle_orchestrator.rollout_devices other
              WHERE other.tenant_id = $1 AND other.device_id = member.device_id
                AND other.bundle_id = $3
                AND other.status IN ('pending', 'in-progress', 'rolling-back') OFFSET 0)
         ORDER BY member.device_id LIMIT $4) untold
      WHERE wave.tenant_id = $1 AND wave.rollout_id = $2 AND wave.state <> 'waiting'
        AND wave.planned > 0
      ORDER BY wave.wave, untold.device_id LIMIT $4`,
    [rollout.tenantId, rollout.rolloutId, rollout.bundleId, limit, new Date(rollout.nowMs)],
  );
  return rows.map((row) => row.device_id);
};

/**
 * The rollouts that would have told one of these devices, had this one not been at work there: those of
 * the same bundle, and those of any that have one of a redundancy group at work at a time.
 */
export const rolloutsHeldUp = async (
  sql: Sql,
  by: { tenantId: string; rolloutId: string },
  deviceIds: readonly string[],
): Promise<string[]> => {
  const { rows } = await sql.query<{ id: string }>(
    `SELECT other.id FROM bundle_orchestrator.rollouts own
       JOIN bundle_orchestrator.rollouts other
         ON other.tenant_id = own.tenant_id AND other.status = 'in-progress' AND other.id <> own.id
        AND (other.bundle_id = own.bundle_id OR other.pace ->> 'redundancyTag' IS NOT NULL)
      WHERE own.tenant_id = $1 AND own.id = $2
        AND EXISTS (
          SELECT 1 FROM bundle_orchestrator.rollout_devices member
            JOIN bundle_orchestrator.rollout_waves wave
              ON wave.tenant_id = member.tenant_id AND wave.rollout_id = member.rollout_id
             AND wave.wave = member.wave AND wave.state <> 'waiting'
           WHERE member.tenant_id = $1 AND member.rollout_id = other.id
             AND member.device_id = ANY ($3) AND member.status = 'planned')
      ORDER BY other.id`,
    [by.tenantId, by.rolloutId, deviceIds],
  );
  return rows.map(({ id }) => id);
};

/** States that the index of open rows holds. */
export type OpenStatus = Extract<RowStatus, 'planned' | 'pending' | 'in-progress' | 'rolling-back'>;

/** The next of those in these states, at most `limit`. */
export const openRowsOf = async (
  sql: Sql,
  { tenantId, rolloutId }: { tenantId: string; rolloutId: string },
  statuses: readonly OpenStatus[],
  limit: number,
): Promise<string[]> => {
  const { rows } = await sql.query<{ device_id: string }>(
    `SELECT found.device_id FROM bundle_orchestrator.rollout_waves wave
      CROSS JOIN unnest($3::text[]) AS turn (status)
      CROSS JOIN LATERAL (
        SELECT member.device_id FROM bundle_orchestrator.rollout_devices member
         WHERE member.tenant_id = $1 AND member.rollout_id = $2 AND member.status = turn.status
           AND member.wave = wave.wave
           AND member.status IN ('planned', 'pending', 'in-progress', 'rolling-back')
         ORDER BY member.device_id LIMIT $4) found
      WHERE wave.tenant_id = $1 AND wave.rollout_id = $2
      ORDER BY wave.wave, found.device_id LIMIT $4`,
    [tenantId, rolloutId, statuses, limit],
  );
  return rows.map((row) => row.device_id);
};
