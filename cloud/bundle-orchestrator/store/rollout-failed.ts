/**
 * Devices on which a rollout failed, and whose state still asks for what failed there: those that stay failed,
 * and those that were to try again. They get back what they had; what that means for them is known from what
 * they said last.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';

/** `takesOver`: what it gets back is not what runs there. `member`: of which group, where it is of one. */
export type FailedWithIt = { deviceId: string; takesOver: boolean; member: string | null };

/** The tag of redundancy groups, and those of which somebody is at work: who would take over there waits. */
export type HeldGroups = { tag: string | null; busy: readonly string[] };

type Where = { tenantId: string; rolloutId: string };

/** Of one row: its tenant is $1, its rollout $2, the tag $4. */
const asksForIt = `EXISTS (
  SELECT 1 FROM bundle_orchestrator.desired_states desired
   WHERE desired.tenant_id = $1 AND desired.device_id = failed.device_id
     AND desired.slots @> jsonb_build_array(jsonb_build_object('rolloutId', $2::uuid::text)) OFFSET 0)`;
const isThere = `EXISTS (
  SELECT 1 FROM device_manager.public_devices device
   WHERE device.tenant_id = $1 AND device.device_id = failed.device_id OFFSET 0)`;
const runsPrevious = `EXISTS (
  SELECT 1 FROM bundle_orchestrator.device_reports report, jsonb_array_elements(report.slots) slot
   WHERE report.tenant_id = $1 AND report.device_id = failed.device_id
     AND slot ->> 'bundleId' = failed.bundle_id::text
     AND slot ->> 'runningVersion' IS NOT DISTINCT FROM failed.previous_slot ->> 'version')`;
const memberOf = `(
  SELECT tag.value FROM device_manager.public_device_tags tag
   WHERE tag.tenant_id = $1 AND tag.device_id = failed.device_id AND tag.key = $4)`;
const mayNow = '(NOT seen.takes_over OR seen.member IS NULL OR seen.member <> ALL ($5))';

/**
 * Those that failed; who left the fleet is asked for nothing. In no order: what is looked up for each is
 * looked up for a batch, not for all that failed.
 */
export const failedWithIt = async (
  sql: Sql,
  { tenantId, rolloutId }: Where,
  held: HeldGroups,
  limit: number,
): Promise<FailedWithIt[]> => {
  const { rows } = await sql.query<FailedWithIt>(
    `SELECT failed.device_id AS "deviceId", seen.takes_over AS "takesOver", seen.member
       FROM bundle_orchestrator.rollout_devices failed
      CROSS JOIN LATERAL (
        SELECT NOT ${runsPrevious} AS takes_over, ${memberOf} AS member OFFSET 0) seen
      WHERE failed.tenant_id = $1 AND failed.rollout_id = $2 AND failed.status = 'failed'
        AND ${asksForIt} AND ${isThere} AND ${mayNow}
      LIMIT $3`,
    [tenantId, rolloutId, limit, held.tag, held.busy],
  );
  return rows;
};

/**
 * Those that are not to be told again after all, whatever their state asks for by now. One that was to be told
 * anew has its place in its group already. In the order of the index of open rows: that of their ids holds all devices of the rollout.
 */
export const retriedWithIt = async (
  sql: Sql,
  { tenantId, rolloutId }: Where,
  held: HeldGroups,
  limit: number,
): Promise<FailedWithIt[]> => {
  const { rows } = await sql.query<FailedWithIt>(
    `SELECT failed.device_id AS "deviceId", seen.takes_over AS "takesOver", seen.member
       FROM bundle_orchestrator.rollout_devices failed
      CROSS JOIN LATERAL (
        SELECT ${asksForIt} AND ${isThere} AND NOT ${runsPrevious}
               AND failed.given_back_generation IS DISTINCT FROM failed.requested_generation
                 AS takes_over,
               ${memberOf} AS member OFFSET 0) seen
      WHERE failed.tenant_id = $1 AND failed.rollout_id = $2 AND failed.status = 'planned'
        AND failed.requested_generation > 0 AND ${mayNow}
      ORDER BY failed.wave, failed.device_id LIMIT $3`,
    [tenantId, rolloutId, limit, held.tag, held.busy],
  );
  return rows;
};

/** Their groups' places are theirs until they say that they are done. */
export const markGivenBack = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string },
  given: ReadonlyMap<string, number>,
): Promise<void> => {
  if (given.size === 0) return;
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_devices present SET given_back_generation = given.generation
       FROM unnest($3::uuid[], $4::bigint[]) AS given (device_id, generation)
      WHERE present.tenant_id = $1 AND present.rollout_id = $2
        AND present.device_id = given.device_id`,
    [where.tenantId, where.rolloutId, [...given.keys()], [...given.values()]],
  );
};
