/**
 * Which signed records the hub's bucket lacks. A row says which bucket it was put into and at which
 * revision; another bucket, or one that ends before that revision, lacks it.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';

export type Bucket = { created: string; lastRevision: number };

export type UnpublishedRecord = {
  tenantId: string;
  tenantKey: string;
  site: string;
  name: string;
  version: number;
  envelope: Buffer;
  /** Of what this bucket has under the name; 0 when nothing. */
  revision: number;
};

type Row = {
  tenant_id: string;
  tenant_key: string;
  site: string;
  name: string;
  version: number;
  envelope: Buffer;
  revision: number;
};

const lacking = `(record.published_version < record.version
   OR record.published_bucket <> $1 OR record.published_revision > $2)`;

/** Locks them; another replica takes others. Snapshots come when all they name is there. */
export const takeUnpublished = async (
  sql: Sql,
  bucket: Bucket,
  limit: number,
): Promise<UnpublishedRecord[]> => {
  const { rows } = await sql.query<Row>(
    `SELECT record.tenant_id, tenant.tenant_key, record.site, record.name, record.version,
            record.envelope,
            CASE WHEN record.published_bucket = $1 AND record.published_revision <= $2
                 THEN record.published_revision ELSE 0 END AS revision
       FROM device_manager.signed_records record
       JOIN device_manager.tenants tenant ON tenant.id = record.tenant_id
      WHERE ${lacking}
        AND (record.name <> 'snapshot' OR NOT EXISTS (
          SELECT 1 FROM device_manager.signed_records named
           WHERE named.tenant_id = record.tenant_id AND named.site IN ('', record.site)
             AND named.name <> 'snapshot'
             AND ${lacking.replaceAll('record.', 'named.')}))
      ORDER BY record.tenant_id, record.site, record.name LIMIT $3
        FOR UPDATE OF record SKIP LOCKED`,
    [bucket.created, bucket.lastRevision, limit],
  );
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    tenantKey: row.tenant_key,
    site: row.site,
    name: row.name,
    version: row.version,
    envelope: row.envelope,
    revision: row.revision,
  }));
};

export const markPublished = async (
  sql: Sql,
  record: UnpublishedRecord,
  bucket: Bucket,
  revision: number,
): Promise<void> => {
  await sql.query(
    `UPDATE device_manager.signed_records
        SET published_version = $4, published_bucket = $5, published_revision = $6
      WHERE tenant_id = $1 AND site = $2 AND name = $3`,
    [record.tenantId, record.site, record.name, record.version, bucket.created, revision],
  );
};
