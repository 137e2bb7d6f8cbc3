/**
 * What becomes of bundles and versions after they were made: changed, deprecated, deleted; and who
 * uses them. Deleting hides a version and keeps its row, so that its number is never given again.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Deprecation } from './bundles.ts';

/** A bundle, or one version of it. */
export type Subject = { tenantId: string; bundleId: string; version: string | null };

/** Holds the bundle against everybody who changes it (`change`) or begins to use it (`use`). */
export const holdBundle = async (
  sql: Sql,
  bundleId: string,
  hold: 'change' | 'use',
): Promise<boolean> => {
  const { rows } = await sql.query(
    `SELECT 1 FROM bundle_orchestrator.bundles WHERE id = $1 AND deleted_at IS NULL
      FOR ${hold === 'change' ? 'NO KEY UPDATE' : 'SHARE'}`,
    [bundleId],
  );
  return rows.length > 0;
};

/** False when another bundle has the name. */
export const updateBundle = async (
  sql: Sql,
  bundle: { tenantId: string; id: string; name: string; description: string },
): Promise<boolean> => {
  const { rowCount } = await sql.query(
    `UPDATE bundle_orchestrator.bundles SET name = $3, description = $4
      WHERE tenant_id = $1 AND id = $2 AND NOT EXISTS (
        SELECT 1 FROM bundle_orchestrator.bundles other
         WHERE other.tenant_id = $1 AND other.name = $3 AND other.id <> $2)`,
    [bundle.tenantId, bundle.id, bundle.name, bundle.description],
  );
  return rowCount === 1;
};

/** Null takes it back. */
export const setDeprecation = async (
  sql: Sql,
  { tenantId, bundleId, version }: Subject,
  deprecation: Deprecation | null,
): Promise<void> => {
  const { reason = null, at = null, by = null } = deprecation ?? {};
  if (version === null) {
    await sql.query(
      `UPDATE bundle_orchestrator.bundles
          SET deprecated_at = $3, deprecated_by = $4, deprecation_reason = $5
        WHERE tenant_id = $1 AND id = $2`,
      [tenantId, bundleId, at, by, reason],
    );
    return;
  }
  await sql.query(
    `INSERT INTO bundle_orchestrator.version_lives
       (tenant_id, bundle_id, version, deprecated_at, deprecated_by, deprecation_reason)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (tenant_id, bundle_id, version) DO UPDATE
       SET deprecated_at = excluded.deprecated_at, deprecated_by = excluded.deprecated_by,
           deprecation_reason = excluded.deprecation_reason`,
    [tenantId, bundleId, version, at, by, reason],
  );
};

/** A bundle of which nothing was ever released goes, name and all; any other is hidden. */
export const removeBundle = async (
  sql: Sql,
  { tenantId, bundleId }: Subject,
  removed: { at: string; by: string },
): Promise<void> => {
  const { rowCount } = await sql.query(
    `DELETE FROM bundle_orchestrator.bundles WHERE tenant_id = $1 AND id = $2 AND NOT EXISTS (
       SELECT 1 FROM bundle_orchestrator.bundle_versions WHERE tenant_id = $1 AND bundle_id = $2)`,
    [tenantId, bundleId],
  );
  if (rowCount === 1) return;
  await sql.query(
    `UPDATE bundle_orchestrator.bundles SET deleted_at = $3, deleted_by = $4
      WHERE tenant_id = $1 AND id = $2`,
    [tenantId, bundleId, removed.at, removed.by],
  );
};

export const removeVersion = async (
  sql: Sql,
  { tenantId, bundleId, version }: Subject,
  removed: { at: string; by: string },
): Promise<void> => {
  await sql.query(
    `INSERT INTO bundle_orchestrator.version_lives
       (tenant_id, bundle_id, version, deleted_at, deleted_by) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (tenant_id, bundle_id, version) DO UPDATE
       SET deleted_at = excluded.deleted_at, deleted_by = excluded.deleted_by`,
    [tenantId, bundleId, version, removed.at, removed.by],
  );
};

/** Whether a version of this bundle was ever signed, deleted ones included. */
export const wasReleased = async (sql: Sql, bundleId: string): Promise<boolean> => {
  const { rows } = await sql.query(
    'SELECT 1 FROM bundle_orchestrator.bundle_versions WHERE bundle_id = $1 LIMIT 1',
    [bundleId],
  );
  return rows.length > 0;
};

export type Uses = {
  /** Devices that shall run it. */
  wanted: number;
  /** Devices that still report it, though something else is wanted of them by now. */
  running: number;
  /** Devices whose rollout would bring them back to it. */
  previous: number;
  /** Rollouts that are not over. */
  rollouts: number;
};

/** Of one version, or of all of a bundle. `name` finds its devices by an index. */
export const usesOf = async (
  sql: Sql,
  { tenantId, bundleId, version }: Subject,
  name: string,
): Promise<Uses> => {
  const { rows } = await sql.query<Uses>(
    `WITH holders AS (
       SELECT desired.device_id, slot ->> 'version' AS version, (slot ->> 'rolloutId')::uuid AS rollout_id
         FROM bundle_orchestrator.device_bundles listed
         JOIN bundle_orchestrator.desired_states desired
           ON desired.tenant_id = listed.tenant_id AND desired.device_id = listed.device_id
        CROSS JOIN LATERAL jsonb_array_elements(desired.slots) AS slot
        WHERE listed.tenant_id = $1 AND listed.bundle_name = $4 AND slot ->> 'bundleId' = $2::uuid::text)
     SELECT
       (SELECT count(*) FROM holders WHERE $3::text IS NULL OR version = $3) AS wanted,
       (SELECT count(*) FROM holders
          JOIN bundle_orchestrator.device_reports report
            ON report.tenant_id = $1 AND report.device_id = holders.device_id
         WHERE EXISTS (SELECT 1 FROM jsonb_array_elements(report.slots) AS reported
                        WHERE reported ->> 'bundleId' = $2::uuid::text
                          AND reported ->> 'runningVersion' = $3)
           AND holders.version <> $3) AS running,
       (SELECT count(*) FROM holders
          JOIN bundle_orchestrator.rollout_devices member
            ON member.tenant_id = $1 AND member.rollout_id = holders.rollout_id
           AND member.device_id = holders.device_id
         WHERE member.previous_slot ->> 'version' = $3 AND holders.version <> $3) AS previous,
       (SELECT count(*) FROM bundle_orchestrator.rollouts rollout
         WHERE rollout.tenant_id = $1 AND rollout.bundle_id = $2::uuid
           AND ($3::text IS NULL OR rollout.version = $3)
           AND rollout.status IN ('scheduled', 'in-progress', 'paused', 'rolling-back')) AS rollouts`,
    [tenantId, bundleId, version, name],
  );
  return rows[0] ?? { wanted: 0, running: 0, previous: 0, rollouts: 0 };
};

export type AssignedDevice = {
  deviceId: string;
  name: string;
  site: string;
  version: string;
  rolloutId: string | null;
  /** As the device reports this very wish; `pending` while it says nothing of it. */
  status: string;
};

/** By version (as text) and id, after `after` when given. */
export const listAssigned = async (
  sql: Sql,
  { tenantId, bundleId, version }: Subject,
  page: { name: string; limit: number; after: { version: string; deviceId: string } | null },
): Promise<AssignedDevice[]> => {
  const { rows } = await sql.query<AssignedDevice>(
    `SELECT listed.device_id AS "deviceId", device.name, device.site, slot ->> 'version' AS version,
            (slot ->> 'rolloutId')::uuid AS "rolloutId",
            coalesce(
              (SELECT reported ->> 'status'
                 FROM bundle_orchestrator.device_reports report,
                      jsonb_array_elements(report.slots) AS reported
                WHERE report.tenant_id = listed.tenant_id AND report.device_id = listed.device_id
                  AND reported ->> 'bundleId' = slot ->> 'bundleId'
                  AND reported ->> 'version' = slot ->> 'version'
                  AND reported ->> 'requestedGeneration' = slot ->> 'requestedGeneration'
                LIMIT 1),
              'pending') AS status
       FROM bundle_orchestrator.device_bundles listed
       JOIN device_manager.public_devices device
         ON device.tenant_id = listed.tenant_id AND device.device_id = listed.device_id
       JOIN bundle_orchestrator.desired_states desired
         ON desired.tenant_id = listed.tenant_id AND desired.device_id = listed.device_id
      CROSS JOIN LATERAL jsonb_array_elements(desired.slots) AS slot
      WHERE listed.tenant_id = $1 AND listed.bundle_name = $4
        AND slot ->> 'bundleId' = $2::uuid::text
        AND ($3::text IS NULL OR (listed.version = lower($3) AND slot ->> 'version' = $3))
        AND ($5::text IS NULL OR (listed.version, listed.device_id) > ($5, $6::uuid))
      ORDER BY listed.version, listed.device_id LIMIT $7`,
    [
      tenantId,
      bundleId,
      version,
      page.name,
      page.after?.version ?? null,
      page.after?.deviceId ?? null,
      page.limit,
    ],
  );
  return rows;
};
