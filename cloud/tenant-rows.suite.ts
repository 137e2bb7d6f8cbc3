/**
 * The rows of one tenant in all tables, found by other means than a deletion finds them: for tests that
 * ask whether somebody else's are as they were.
 */
import { schemas } from '@signalbeam/platform/erase/tables';
import type { Pool } from '@signalbeam/platform/postgres/pool';

/** Tables with a column that says whose a row is. */
export const ownedTablesOf = async (
  owner: Pool,
): Promise<{ name: string; columns: string[] }[]> => {
  const { rows } = await owner.query<{ name: string; columns: string[] }>(
    `SELECT table_schema || '.' || table_name AS name, array_agg(column_name::text) AS columns
       FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
       JOIN pg_class c ON c.oid = (table_schema || '.' || table_name)::regclass
      WHERE table_schema = ANY ($1) AND table_type = 'BASE TABLE' AND NOT c.relispartition
        AND column_name IN ('tenant_id', 'device_id')
      GROUP BY 1 ORDER BY 1`,
    [schemas],
  );
  return rows.filter(({ name }) => name !== 'platform.tenant_deletions');
};

/** Of each table that has some: the rows, as one hash. */
export const tenantRows = async (
  owner: Pool,
  { tenantId, deviceIds }: { tenantId: string; deviceIds: readonly string[] },
) => {
  const hashes: Record<string, string> = {};
  for (const { name, columns } of await ownedTablesOf(owner)) {
    const own = columns.includes('tenant_id') ? 'tenant_id = $1' : 'device_id = ANY ($2)';
    const { rows } = await owner.query<{ count: number; hash: string }>(
      `SELECT count(*) AS count, md5(string_agg(t::text, '' ORDER BY t::text)) AS hash
         FROM ${name} t WHERE ($1::uuid IS NOT NULL OR $2::uuid[] IS NOT NULL) AND ${own}`,
      [tenantId, deviceIds],
    );
    if (rows[0] !== undefined && rows[0].count > 0) hashes[name] = rows[0].hash;
  }
  return hashes;
};

export const tenantDevices = async (owner: Pool, tenantId: string): Promise<string[]> => {
  const { rows } = await owner.query<{ id: string }>(
    'SELECT id FROM device_manager.devices WHERE tenant_id = $1',
    [tenantId],
  );
  return rows.map(({ id }) => id);
};
