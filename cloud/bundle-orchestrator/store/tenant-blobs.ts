/** Blobs of one tenant's images, and which of them others have, too: for the background role, which sees all. */
import type { Sql } from '@signalbeam/platform/postgres/pool';

export const tenantBlobs = async (sql: Sql, tenantId: string, limit: number): Promise<string[]> => {
  const { rows } = await sql.query<{ digest: string }>(
    `SELECT DISTINCT digest FROM bundle_orchestrator.artifact_blobs
      WHERE tenant_id = $1 ORDER BY digest LIMIT $2`,
    [tenantId, limit],
  );
  return rows.map(({ digest }) => digest);
};

/** Those of these digests that are in an image of another tenant. */
export const othersBlobs = async (
  sql: Sql,
  tenantId: string,
  digests: readonly string[],
): Promise<string[]> => {
  const { rows } = await sql.query<{ digest: string }>(
    `SELECT DISTINCT digest FROM bundle_orchestrator.artifact_blobs
      WHERE digest = ANY ($2) AND tenant_id <> $1`,
    [tenantId, digests],
  );
  return rows.map(({ digest }) => digest);
};

/** What goes with the tenant: in no image of another. */
export const ownBlobs = async (
  sql: Sql,
  tenantId: string,
): Promise<{ blobs: number; bytes: number }> => {
  const { rows } = await sql.query<{ blobs: number; bytes: number | null }>(
    `SELECT count(*) AS blobs, sum(size_bytes)::bigint AS bytes FROM (
       SELECT DISTINCT own.digest, own.size_bytes FROM bundle_orchestrator.artifact_blobs own
        WHERE own.tenant_id = $1
          AND NOT EXISTS (SELECT 1 FROM bundle_orchestrator.artifact_blobs other
                           WHERE other.digest = own.digest AND other.tenant_id <> $1)) alone`,
    [tenantId],
  );
  return { blobs: rows[0]?.blobs ?? 0, bytes: rows[0]?.bytes ?? 0 };
};
