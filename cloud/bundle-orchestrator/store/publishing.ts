/**
 * Which desired states the hub's bucket lacks, and how far each got. Runs as the background role:
 * it serves all tenants.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';

export type Unpublished = {
  tenantId: string;
  deviceId: string;
  tenantKey: string;
  site: string;
  generation: number;
  envelope: Buffer;
  /** The bucket's revision of what was published last; 0 when nothing was. */
  revision: number;
};

/** Only approved devices have a record on the hub. */
export const takeUnpublished = async (sql: Sql, limit: number): Promise<Unpublished[]> => {
  const { rows } = await sql.query<{
    tenant_id: string;
    device_id: string;
    tenant_key: string;
    site: string;
    generation: number;
    envelope: Buffer;
    published_revision: number;
  }>(
    `SELECT desired.tenant_id, desired.device_id, device.tenant_key, device.site,
            desired.generation, desired.envelope, desired.published_revision
       FROM bundle_orchestrator.desired_states desired
       JOIN device_manager.public_devices device
         ON device.tenant_id = desired.tenant_id AND device.device_id = desired.device_id
      WHERE desired.published_generation < desired.generation
        AND device.registration_status = 'approved'
      ORDER BY desired.issued_at LIMIT $1`,
    [limit],
  );
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    deviceId: row.device_id,
    tenantKey: row.tenant_key,
    site: row.site,
    generation: row.generation,
    envelope: row.envelope,
    revision: row.published_revision,
  }));
};

export type Published = {
  tenantId: string;
  deviceId: string;
  generation: number;
  revision: number;
};

export const markPublished = async (sql: Sql, published: readonly Published[]): Promise<void> => {
  if (published.length === 0) return;
  await sql.query(
    `UPDATE bundle_orchestrator.desired_states present
        SET published_generation = done.generation, published_revision = done.revision
       FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[])
            AS done (tenant_id, device_id, generation, revision)
      WHERE present.tenant_id = done.tenant_id AND present.device_id = done.device_id
        AND present.published_generation < done.generation`,
    [
      published.map((one) => one.tenantId),
      published.map((one) => one.deviceId),
      published.map((one) => one.generation),
      published.map((one) => one.revision),
    ],
  );
};

/** Has all, or one device's, published again. */
export const forgetPublished = async (
  sql: Sql,
  which: { beyondRevision: number } | { tenantId: string; deviceId: string } | 'all',
): Promise<number> => {
  const set = `UPDATE bundle_orchestrator.desired_states
                  SET published_generation = 0, published_revision = 0`;
  if (which === 'all') {
    return (await sql.query(`${set} WHERE published_generation > 0`)).rowCount ?? 0;
  }
  const { rowCount } =
    'deviceId' in which
      ? await sql.query(`${set} WHERE tenant_id = $1 AND device_id = $2`, [
          which.tenantId,
          which.deviceId,
        ])
      : await sql.query(`${set} WHERE published_revision > $1`, [which.beyondRevision]);
  return rowCount ?? 0;
};

/** Remembers the bucket's date of birth; true when it is another bucket than the last one. */
export const noteBucket = async (sql: Sql, created: string): Promise<boolean> => {
  const { rowCount } = await sql.query(
    `INSERT INTO bundle_orchestrator.desired_bucket AS known (created) VALUES ($1)
     ON CONFLICT ("only") DO UPDATE SET created = excluded.created
     WHERE known.created <> excluded.created`,
    [created],
  );
  return rowCount === 1;
};

/** The keys that the bucket should hold, as far as they were published. */
export const publishedKeys = async (
  sql: Sql,
): Promise<{ tenantId: string; deviceId: string; tenantKey: string; site: string }[]> => {
  const { rows } = await sql.query<{
    tenant_id: string;
    device_id: string;
    tenant_key: string;
    site: string;
  }>(
    `SELECT desired.tenant_id, desired.device_id, device.tenant_key, device.site
       FROM bundle_orchestrator.desired_states desired
       JOIN device_manager.public_devices device
         ON device.tenant_id = desired.tenant_id AND device.device_id = desired.device_id
      WHERE device.registration_status = 'approved' AND desired.published_generation > 0`,
  );
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    deviceId: row.device_id,
    tenantKey: row.tenant_key,
    site: row.site,
  }));
};
