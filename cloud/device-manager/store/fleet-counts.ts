/**
 * How many devices there are, per site and status and per tag, from counts that triggers keep in the
 * transactions of the changes: what was folded plus what was not yet. Right at any moment, and as
 * fast for a hundred thousand devices as for ten. Needs a tenant's transaction, but for folding.
 */
import type { Pool, Sql } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';

const tables = {
  device: 'tenant_id, site, status',
  tag: 'tenant_id, key, value',
} as const;

/** Folded and unfolded rows of the tenant as one, `where` put to both. */
export const countedRows = (of: keyof typeof tables, where: string): string => {
  const rows = (table: string, amount: string): string =>
    `SELECT ${tables[of]}, ${amount} AS devices FROM device_manager.${table}
      WHERE tenant_id = platform.current_tenant() AND ${where}`;
  // Who is held to some sites sees none of the tags' counts, which know no sites; for them the tags
  // that they see are counted. For everybody else that branch is never run.
  const seen =
    of === 'tag'
      ? ` UNION ALL SELECT tenant_id, key, value, 1 FROM device_manager.device_tags
           WHERE current_user = 'sb_site' AND tenant_id = platform.current_tenant() AND ${where}`
      : '';
  return `${rows(`${of}_counts`, 'devices')} UNION ALL ${rows(`${of}_count_changes`, 'change')}${seen}`;
};

export const countAll = async (
  sql: Sql,
  of: { site?: string | undefined; status?: string | undefined },
): Promise<number> => {
  const { rows } = await sql.query<{ devices: string }>(
    `SELECT coalesce(sum(devices), 0)::bigint AS devices FROM (${countedRows(
      'device',
      '($1::text IS NULL OR site = $1) AND ($2::text IS NULL OR status = $2)',
    )}) counted`,
    [of.site ?? null, of.status ?? null],
  );
  return Number(rows[0]?.devices ?? 0);
};

/**
 * Devices with one of these values of a key, or with one as a bare tag. Null: it can't be told from
 * counts, because some have bare tags of such values, and a device may have both.
 */
export const countTagged = async (
  sql: Sql,
  of: { key: string; values: readonly string[] },
): Promise<number | null> => {
  const { rows } = await sql.query<{ devices: number; bare: number }>(
    `SELECT coalesce(sum(devices) FILTER (WHERE key <> ''), 0)::bigint AS devices,
            coalesce(sum(devices) FILTER (WHERE key = ''), 0)::bigint AS bare
       FROM (${countedRows('tag', `key IN ($1, '') AND value = ANY($2::text[])`)}) counted`,
    [of.key, of.values],
  );
  const [row] = rows;
  return row === undefined || row.bare > 0 ? null : row.devices;
};

/** Any constant will do, as long as nobody else locks it: "sbfc". */
const lockKey = 0x73626663;

const foldInto = async (sql: Sql, of: keyof typeof tables): Promise<void> => {
  const columns = tables[of];
  await sql.query(
    `WITH taken AS (DELETE FROM device_manager.${of}_count_changes RETURNING *)
     INSERT INTO device_manager.${of}_counts AS present (${columns}, devices)
     SELECT ${columns}, sum(change) FROM taken GROUP BY ${columns} HAVING sum(change) <> 0
     ON CONFLICT (${columns}) DO UPDATE SET devices = present.devices + excluded.devices`,
  );
  await sql.query(`DELETE FROM device_manager.${of}_counts WHERE devices = 0`);
};

/** For all tenants; every replica may, one at a time does. */
export const foldCounts = (system: Pool): Promise<void> =>
  transaction(system, async (sql) => {
    const { rows } = await sql.query<{ held: boolean }>(
      'SELECT pg_try_advisory_xact_lock($1) AS held',
      [lockKey],
    );
    if (rows[0]?.held !== true) return;
    await foldInto(sql, 'device');
    await foldInto(sql, 'tag');
  });
