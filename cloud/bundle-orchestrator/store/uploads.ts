/** Uploads in parts that are not finished, in Postgres. The parts themselves are staged blobs. */
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';

export type Upload = {
  id: string;
  /** The name to keep the images under; null takes it from the archive. */
  name: string | null;
  digest: string;
  sizeBytes: number;
  /** What each part must hash to, in their order. */
  parts: string[];
  /** The parts that its sender had the bytes of, as they came. */
  received: number[];
  expiresAt: string;
};
export type UploadWish = Omit<Upload, 'id' | 'received' | 'expiresAt'>;

type Row = {
  id: string;
  name: string | null;
  digest: string;
  size_bytes: number;
  parts: string[];
  received: number[];
  expires_at: Date;
};

const columns = 'id, name, digest, size_bytes, parts, received, expires_at';
const uploadOf = (row: Row): Upload => ({
  ...{ id: row.id, name: row.name, digest: row.digest, sizeBytes: row.size_bytes },
  ...{ parts: row.parts, received: row.received, expiresAt: row.expires_at.toISOString() },
});

/** Of the tenant's: how many, and how much they will be. Until this transaction ends nobody begins another. */
export const openUploads = async (
  sql: Sql,
  tenantId: string,
  besides: string,
): Promise<{ count: number; sizeBytes: number }> => {
  await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('uploads ' || $1, 0))`, [
    tenantId,
  ]);
  const { rows } = await sql.query<{ count: number; size_bytes: number }>(
    `SELECT count(*)::integer AS count, coalesce(sum(size_bytes), 0)::bigint AS size_bytes
       FROM bundle_orchestrator.artifact_uploads
      WHERE tenant_id = platform.current_tenant() AND digest <> $1`,
    [besides],
  );
  return { count: rows[0]?.count ?? 0, sizeBytes: rows[0]?.size_bytes ?? 0 };
};

/** The same archive again is the same upload, for as long again; cut otherwise, nothing of it is here. */
export const beginUpload = async (
  sql: Sql,
  tenantId: string,
  wish: UploadWish,
  at: { by: string; now: Date; expiresAt: Date },
): Promise<Upload> => {
  const found = await sql.query<Row>(
    `INSERT INTO bundle_orchestrator.artifact_uploads AS present
       (tenant_id, name, digest, size_bytes, parts, created_at, created_by, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT ON CONSTRAINT artifact_uploads_once DO UPDATE
       SET name = excluded.name, size_bytes = excluded.size_bytes, parts = excluded.parts,
           expires_at = excluded.expires_at,
           received = CASE WHEN present.parts = excluded.parts THEN present.received ELSE '{}' END
     RETURNING ${columns}`,
    [
      ...[tenantId, wish.name, wish.digest, wish.sizeBytes, wish.parts],
      ...[at.now, at.by, at.expiresAt],
    ],
  );
  return uploadOf(onlyRow(found));
};

export const findUpload = async (sql: Sql, id: string): Promise<Upload | null> => {
  const { rows } = await sql.query<Row>(
    `SELECT ${columns} FROM bundle_orchestrator.artifact_uploads
      WHERE tenant_id = platform.current_tenant() AND id = $1`,
    [id],
  );
  return rows[0] === undefined ? null : uploadOf(rows[0]);
};

/**
 * As the background role, since nobody asks the audit log about a part: it has the upload's begin and its
 * end. Does nothing where the upload is gone or was cut otherwise meanwhile.
 */
export const noteReceived = async (
  sql: Sql,
  upload: { tenantId: string; id: string },
  part: { index: number; digest: string },
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.artifact_uploads SET received = received || $3::integer
      WHERE tenant_id = $1 AND id = $2 AND parts[$3::integer + 1] = $4
        AND NOT ($3::integer = ANY (received))`,
    [upload.tenantId, upload.id, part.index, part.digest],
  );
};

/** False when it is gone already. */
export const deleteUpload = async (sql: Sql, tenantId: string, id: string): Promise<boolean> => {
  const { rowCount } = await sql.query(
    'DELETE FROM bundle_orchestrator.artifact_uploads WHERE tenant_id = $1 AND id = $2',
    [tenantId, id],
  );
  return rowCount === 1;
};

/** As the background role: of every tenant. */
export const expiredUploads = async (
  sql: Sql,
  now: Date,
  limit: number,
): Promise<{ tenantId: string; id: string }[]> => {
  const { rows } = await sql.query<{ tenant_id: string; id: string }>(
    `SELECT tenant_id, id FROM bundle_orchestrator.artifact_uploads
      WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2`,
    [now, limit],
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, id: row.id }));
};

/** Those of these digests that no upload waits for, of whichever tenant. */
export const unawaitedParts = async (sql: Sql, digests: readonly string[]): Promise<string[]> => {
  const { rows } = await sql.query<{ digest: string }>(
    `SELECT digest FROM unnest($1::text[]) AS asked (digest)
      WHERE NOT EXISTS (SELECT 1 FROM bundle_orchestrator.artifact_uploads upload
                         WHERE upload.parts @> ARRAY[asked.digest])`,
    [digests],
  );
  return rows.map(({ digest }) => digest);
};
