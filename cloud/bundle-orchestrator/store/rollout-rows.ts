/**
 * The device rows of rollouts in Postgres, and moving them; which are next is ./rollout-turns.ts. A row
 * moves only from what it was thought to be; whoever moves rows holds their rollout (./rollouts.ts).
 *
 * What is unnested is named twice, by `= ANY` too, and joins nothing that could be turned round: until
 * Postgres has looked at the rows of a large rollout it takes them for a few, and would compare each of
 * them with each that is to move.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Slot } from '@signalbeam/sync/core/manifest';
import { causeOf } from '../core/failure-cause.ts';
import type { RowStatus } from '../core/rollout.ts';
import { busyStates, type RowMove } from '../core/row-moves.ts';

export type ToldRow = {
  deviceId: string;
  previousSlot: Slot | null;
  requestedGeneration: number;
  /** Until when it is to have finished; left out: as long as it takes. */
  dueAtMs?: number | null;
};

export const markTold = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string },
  rows: readonly ToldRow[],
): Promise<void> => {
  if (rows.length === 0) return;
  await sql.query(
    `WITH told AS MATERIALIZED (
       SELECT asked.*, failed.device_id IS NOT NULL AS was_failed,
              failed.previous_slot AS failed_slot
         FROM unnest($3::uuid[], $4::jsonb[], $5::bigint[], $6::timestamptz[])
              AS asked (device_id, previous_slot, requested_generation, due_at)
         LEFT JOIN LATERAL (
           SELECT former.device_id, former.previous_slot
             FROM bundle_orchestrator.rollout_devices former
            WHERE former.tenant_id = $1 AND former.device_id = asked.device_id
              AND former.rollout_id = (asked.previous_slot ->> 'rolloutId')::uuid
              AND former.status IN ('failed', 'planned') OFFSET 0) failed ON true)
     UPDATE bundle_orchestrator.rollout_devices present
        SET status = 'pending',
            -- Told once more, it still goes back to what it had before the first time; and where
            -- another one failed, also if it is to try again, to what that one found, which runs.
            previous_slot = CASE WHEN told.previous_slot ->> 'rolloutId' = $2::text
                                 THEN present.previous_slot
                                 WHEN told.was_failed THEN told.failed_slot
                                 ELSE told.previous_slot END,
            requested_generation = told.requested_generation, given_back_generation = NULL,
            reason = NULL, log_tail = '{}', started_at = NULL, completed_at = NULL,
            due_at = told.due_at
       FROM told
      WHERE present.tenant_id = $1 AND present.rollout_id = $2 AND present.device_id = ANY ($3)
        AND present.device_id = told.device_id AND present.status = 'planned'`,
    [
      where.tenantId,
      where.rolloutId,
      rows.map((row) => row.deviceId),
      rows.map((row) => (row.previousSlot === null ? null : JSON.stringify(row.previousSlot))),
      rows.map((row) => row.requestedGeneration),
      rows.map(({ dueAtMs = null }) => (dueAtMs === null ? null : new Date(dueAtMs))),
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
      WHERE bundle_id = $1 AND device_id = ANY ($2)
        AND status IN ('pending', 'in-progress', 'rolling-back') ORDER BY device_id`,
    [bundleId, deviceIds],
  );
  return rows.map((row) => ({ rolloutId: row.rollout_id, deviceId: row.device_id }));
};

export type DeviceAt = { tenantId: string; deviceId: string };
export type Awaiting = { tenantId: string; rolloutId: string; devices: string[] };

/** The rollouts that wait for some of these, whatever the bundle, and of whom one was given back. */
export const rolloutsWaitingFor = async (
  sql: Sql,
  devices: readonly DeviceAt[],
): Promise<{ rollouts: Awaiting[]; goBack: DeviceAt[] }> => {
  const { rows } = await sql.query<DeviceAt & { rolloutId: string; isAwaited: boolean }>({
    name: 'bundles-rollouts-waiting',
    text: `SELECT asked.tenant_id AS "tenantId", asked.device_id AS "deviceId",
            found.rollout_id AS "rolloutId", found.is_awaited AS "isAwaited"
       FROM unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, device_id)
      CROSS JOIN LATERAL (
        SELECT rollout_id, true AS is_awaited FROM bundle_orchestrator.rollout_devices
         WHERE tenant_id = asked.tenant_id AND device_id = asked.device_id
           AND status IN ('pending', 'in-progress', 'rolling-back')
        UNION ALL
        SELECT rollout_id, false FROM bundle_orchestrator.rollout_devices
         WHERE tenant_id = asked.tenant_id AND device_id = asked.device_id
           AND given_back_generation IS NOT NULL OFFSET 0) found
      ORDER BY found.rollout_id, asked.device_id`,
    values: [devices.map(({ tenantId }) => tenantId), devices.map(({ deviceId }) => deviceId)],
  });
  const rollouts = new Map<string, Awaiting>();
  for (const { tenantId, deviceId, rolloutId, isAwaited } of rows) {
    if (!isAwaited) continue;
    const known = rollouts.get(rolloutId) ?? { tenantId, rolloutId, devices: [] };
    known.devices.push(deviceId);
    rollouts.set(rolloutId, known);
  }
  const goBack = rows.filter(({ isAwaited }) => !isAwaited);
  return { rollouts: [...rollouts.values()], goBack };
};

/**
 * They have said that they are done with what they were given back, by `isGivenBack`; or were said to be
 * gone, which an old event says of one that is back as well.
 */
export const forgetGivenBack = async (
  sql: Sql,
  devices: readonly DeviceAt[],
  areGone: boolean,
): Promise<void> => {
  if (devices.length === 0) return;
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_devices present SET given_back_generation = NULL
       FROM unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, device_id)
      WHERE present.tenant_id = asked.tenant_id AND present.device_id = asked.device_id
        AND present.device_id = ANY ($2) AND present.given_back_generation IS NOT NULL
        AND ($3 AND NOT EXISTS (
          SELECT 1 FROM device_manager.public_devices device
           WHERE device.tenant_id = present.tenant_id AND device.device_id = present.device_id
             AND device.registration_status = 'approved') OR EXISTS (
          SELECT 1 FROM bundle_orchestrator.device_reports report
           WHERE report.tenant_id = present.tenant_id AND report.device_id = present.device_id
             AND report.generation >= present.given_back_generation
             AND NOT EXISTS (
               SELECT 1 FROM jsonb_array_elements(report.slots) slot
                WHERE slot ->> 'bundleId' = present.bundle_id::text
                  AND slot ->> 'status' = ANY ($4))))`,
    [
      devices.map(({ tenantId }) => tenantId),
      devices.map(({ deviceId }) => deviceId),
      areGone,
      busyStates,
    ],
  );
};

/**
 * Whoever goes back to what this rollout put there would bring back what was withdrawn: newer rows of
 * these devices go back to what was there before it.
 */
export const skipWithdrawn = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string },
  deviceIds: readonly string[],
): Promise<void> => {
  if (deviceIds.length === 0) return;
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_devices newer SET previous_slot = own.previous_slot
       FROM bundle_orchestrator.rollout_devices own
      WHERE own.tenant_id = $1 AND own.rollout_id = $2 AND own.device_id = ANY ($3)
        AND newer.tenant_id = $1 AND newer.device_id = own.device_id
        AND newer.bundle_id = own.bundle_id AND newer.rollout_id <> own.rollout_id
        AND newer.previous_slot IS NOT NULL
        AND newer.previous_slot ->> 'rolloutId' = $2::text`,
    [where.tenantId, where.rolloutId, deviceIds],
  );
};

/**
 * One rollout is at work on a device: whoever was asked by a newer one to go back to what this one put
 * there goes back by this one alone. The newer ones are looked at, because they may be over with it.
 */
export const overtakeGoingBack = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string; atMs: number },
  bundleId: string,
  deviceIds: readonly string[],
): Promise<void> => {
  if (deviceIds.length === 0) return;
  const others = `other.tenant_id = $1 AND other.rollout_id <> $2 AND other.bundle_id = $3
    AND other.device_id = ANY ($4) AND other.status = 'rolling-back'`;
  const known = [where.tenantId, where.rolloutId, bundleId, deviceIds, new Date(where.atMs)];
  // It holds them, too, before it moves their rows.
  const { rowCount } = await sql.query(
    `UPDATE bundle_orchestrator.rollouts SET waves_due_at = $5
      WHERE tenant_id = $1 AND id IN (
        SELECT other.rollout_id FROM bundle_orchestrator.rollout_devices other WHERE ${others})`,
    known,
  );
  if (rowCount === 0) return;
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_devices other
        SET status = 'cancelled', completed_at = $5,
            reason = 'What it was to go back to is rolled back itself; that rollout asks for it.'
      WHERE ${others}`,
    known,
  );
};

export type RowState = {
  deviceId: string;
  name: string;
  status: RowStatus;
  previousSlot: Slot | null;
};

/** At most `limit` of them, by id. */
export const rowsOf = async (
  sql: Sql,
  tenantId: string,
  rolloutId: string,
  statuses: readonly RowStatus[],
  limit: number,
): Promise<RowState[]> => {
  const { rows } = await sql.query<{
    device_id: string;
    device_name: string;
    status: RowStatus;
    previous_slot: Slot | null;
  }>(
    `SELECT device_id, device_name, status, previous_slot
       FROM bundle_orchestrator.rollout_devices
      WHERE tenant_id = $1 AND rollout_id = $2 AND status = ANY ($3)
      ORDER BY device_id LIMIT $4`,
    [tenantId, rolloutId, statuses, limit],
  );
  return rows.map((row) => ({
    deviceId: row.device_id,
    name: row.device_name,
    status: row.status,
    previousSlot: row.previous_slot,
  }));
};

/** What these devices had before it. Theirs are held: a rollback of what it names changes it. */
export const previousSlotsOf = async (
  sql: Sql,
  tenantId: string,
  rolloutId: string,
  deviceIds: readonly string[],
): Promise<Map<string, Slot | null>> => {
  const { rows } = await sql.query<{ device_id: string; previous_slot: Slot | null }>(
    `SELECT device_id, previous_slot FROM bundle_orchestrator.rollout_devices
      WHERE tenant_id = $1 AND rollout_id = $2 AND device_id = ANY ($3)`,
    [tenantId, rolloutId, deviceIds],
  );
  return new Map(rows.map((row) => [row.device_id, row.previous_slot]));
};

/** `givenBack`: under which generation it was asked to have what it had before. */
export type StoredMove = RowMove & { givenBack?: number | undefined };

/** Moves rows from what they were; one that became something else meanwhile stays as it is. */
export const moveRows = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string; atMs: number },
  moves: readonly StoredMove[],
  from: readonly RowStatus[] = ['pending', 'in-progress', 'rolling-back'],
): Promise<void> => {
  if (moves.length === 0) return;
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_devices present
        SET status = move.status, reason = move.reason, cause = move.cause,
            given_back_generation = coalesce(move.given_back, present.given_back_generation),
            log_tail = ARRAY(SELECT jsonb_array_elements_text(move.log_tail)),
            -- It goes on in the time that it has; one that failed is told again from then on.
            due_at = CASE WHEN move.status = 'in-progress' THEN present.due_at
                          ELSE move.due_at END,
            retry_count = present.retry_count + (move.due_at IS NOT NULL)::int,
            started_at = CASE WHEN move.status = 'planned' THEN NULL
                              ELSE coalesce(present.started_at, $3) END,
            completed_at = CASE WHEN move.status IN
              ('succeeded', 'failed', 'cancelled', 'rolled-back') THEN $3 END
       FROM unnest($4::uuid[], $5::text[], $6::text[], $7::jsonb[], $9::text[], $10::bigint[],
                   $11::timestamptz[])
            AS move (device_id, status, reason, log_tail, cause, given_back, due_at)
      WHERE present.tenant_id = $1 AND present.rollout_id = $2 AND present.device_id = ANY ($4)
        AND present.device_id = move.device_id AND present.status = ANY ($8)`,
    [
      where.tenantId,
      where.rolloutId,
      new Date(where.atMs),
      moves.map((move) => move.deviceId),
      moves.map((move) => move.to),
      moves.map((move) => move.reason),
      moves.map((move) => JSON.stringify(move.logTail)),
      from,
      moves.map(({ to, reason }) => (to === 'failed' ? causeOf(reason ?? '') : null)),
      moves.map(({ givenBack }) => givenBack ?? null),
      moves.map(({ retryAtMs }) => (retryAtMs === undefined ? null : new Date(retryAtMs))),
    ],
  );
};

/** The next of those that were never told, and shall not be. Returns who they are. */
export const cancelPlanned = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string; atMs: number },
  reason: string | null,
  limit: number,
): Promise<string[]> => {
  const { rows } = await sql.query<{ device_id: string }>(
    `UPDATE bundle_orchestrator.rollout_devices present
        SET status = 'cancelled', reason = $3, completed_at = $4, due_at = NULL
        -- By where they lie: where nothing is known of the rows yet, a join would read all for each, and
        -- Postgres 15 would take their ids to an index that does not know them. The rollout is locked.
      WHERE present.ctid = ANY (ARRAY(
          SELECT ctid FROM bundle_orchestrator.rollout_devices
           WHERE tenant_id = $1 AND rollout_id = $2 AND status = 'planned'
             AND requested_generation = 0 LIMIT $5)) RETURNING present.device_id`,
    [where.tenantId, where.rolloutId, reason, new Date(where.atMs), limit],
  );
  return rows.map((row) => row.device_id);
};

/** Whether some were never told, and may yet be. */
export const isAnyUntold = async (
  sql: Sql,
  { tenantId, rolloutId }: { tenantId: string; rolloutId: string },
): Promise<boolean> => {
  const { rows } = await sql.query(
    `SELECT 1 FROM bundle_orchestrator.rollout_devices
      WHERE tenant_id = $1 AND rollout_id = $2 AND status = 'planned'
        AND requested_generation = 0 LIMIT 1`,
    [tenantId, rolloutId],
  );
  return rows.length > 0;
};

/** Under which generation each is asked to go back. */
export const markGoingBack = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string },
  rows: readonly { deviceId: string; requestedGeneration: number }[],
): Promise<void> => {
  if (rows.length === 0) return;
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_devices present
        SET status = 'rolling-back', completed_at = NULL, due_at = NULL,
            requested_generation = back.requested_generation
       FROM unnest($3::uuid[], $4::bigint[]) AS back (device_id, requested_generation)
      WHERE present.tenant_id = $1 AND present.rollout_id = $2 AND present.device_id = ANY ($3)
        AND present.device_id = back.device_id`,
    [
      where.tenantId,
      where.rolloutId,
      rows.map((row) => row.deviceId),
      rows.map((row) => row.requestedGeneration),
    ],
  );
};
