/**
 * Which tables hold rows of tenants: read from the catalogue, so that a table that comes later is
 * emptied without anybody remembering it. A table belongs to tenants by a column `tenant_id` or
 * `device_id`; the tenant's own row and what outlives it are not among them.
 */
import { devicesTable, eraseOrder, type Reference, type TenantTable } from '../core/erase-order.ts';
import type { Sql } from '../postgres/pool.ts';
import { madeFrom } from './moving.ts';

export const schemas = ['platform', 'device_manager', 'bundle_orchestrator', 'telemetry'];

/** What is remembered of a tenant that is gone: ./journal.ts. */
const outlives = 'platform.tenant_deletions';

type Row = {
  name: string;
  has_tenant: boolean;
  by_tenant: boolean;
  by_device: boolean;
  is_partitioned: boolean;
};

const wayOf = (row: Row): TenantTable['way'] => {
  if (row.name === devicesTable) return 'device';
  if (row.by_tenant) return 'tenant';
  return row.by_device || row.is_partitioned ? 'device' : 'blocks';
};

export const tenantTables = async (
  sql: Sql,
): Promise<{ beforeDevices: TenantTable[]; devicesOn: TenantTable[] }> => {
  const { rows } = await sql.query<Row>(
    `WITH columns AS (
       SELECT c.oid, c.relkind, n.nspname || '.' || c.relname AS name, a.attname, a.attnum
         FROM pg_class c
         JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
        WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND (a.attname IN ('tenant_id', 'device_id')
               OR (a.attname = 'id' AND c.oid = 'device_manager.devices'::regclass)))
     SELECT name, relkind = 'p' AS is_partitioned, bool_or(attname = 'tenant_id') AS has_tenant,
            bool_or(attname = 'tenant_id' AND leads) AS by_tenant,
            bool_or(attname <> 'tenant_id' AND leads) AS by_device
       FROM columns, LATERAL (
         SELECT EXISTS (SELECT 1 FROM pg_index i
                         WHERE i.indrelid = columns.oid AND i.indisvalid AND i.indpred IS NULL
                           AND i.indkey[0] = columns.attnum) AS leads) AS looked
      WHERE name <> $2
      GROUP BY name, relkind`,
    [schemas, outlives],
  );
  const references = await sql.query<Reference>(
    `SELECT n.nspname || '.' || c.relname AS "from", rn.nspname || '.' || r.relname AS "to"
       FROM pg_constraint f
       JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_class r ON r.oid = f.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
      WHERE f.contype = 'f' AND f.conparentid = 0 AND n.nspname = ANY ($1)`,
    [schemas],
  );
  return eraseOrder(
    rows.map((row) => ({ name: row.name, way: wayOf(row), hasTenant: row.has_tenant })),
    [...references.rows, ...madeFrom],
  );
};
