/**
 * Empties one table of one tenant's rows, in transactions that are short whatever the table holds, so that
 * nobody waits for one and a crash loses one at most. Doing it again finds what is left. As the role
 * `sb_eraser`, which sees the rows of this tenant alone. Tables' names come from the catalogue.
 */
import { devicesTable, type TenantTable } from '../core/erase-order.ts';
import type { Pool, Sql } from '../postgres/pool.ts';
import { eraseTenant } from '../postgres/tenant.ts';
import { holdAgainstMoving, isMoved } from './moving.ts';

/** What one transaction is to delete; by devices it is met by how many of them are taken at once. */
const rowsAtOnce = 5_000;
const devicesAtOnceMax = 500;
const blocksAtOnce = 1_000;

export type Erasing = { pool: Pool; tenantId: string; deviceIds: readonly string[] };
type Counted = (rows: number) => Promise<void>;

/** The newest first: one that replaced another refers to it. */
export const devicesOf = (pool: Pool, tenantId: string): Promise<string[]> =>
  eraseTenant(pool, tenantId, async (sql) => {
    const { rows } = await sql.query<{ id: string }>(
      `SELECT id FROM ${devicesTable} WHERE tenant_id = $1 ORDER BY created_at DESC, id`,
      [tenantId],
    );
    return rows.map(({ id }) => id);
  });

const run = (
  { pool, tenantId }: Erasing,
  { name }: TenantTable,
  text: string,
  values: unknown[],
): Promise<number> =>
  eraseTenant(pool, tenantId, async (sql: Sql) => {
    if (isMoved(name)) await holdAgainstMoving(sql);
    return (await sql.query(text, values)).rowCount ?? 0;
  });

const byTenant = async (erasing: Erasing, table: TenantTable, counted: Counted) => {
  const { name } = table;
  for (let deleted = rowsAtOnce; deleted === rowsAtOnce; ) {
    deleted = await run(
      erasing,
      table,
      `DELETE FROM ${name} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM ${name} WHERE tenant_id = $1 LIMIT ${rowsAtOnce}))`,
      [erasing.tenantId],
    );
    await counted(deleted);
  }
};

const byDevice = async (erasing: Erasing, table: TenantTable, counted: Counted) => {
  const { name, hasTenant } = table;
  const { tenantId, deviceIds } = erasing;
  const column = name === devicesTable ? 'id' : 'device_id';
  const text = `DELETE FROM ${name} WHERE ${column} = ANY ($1::uuid[])`;
  // One device may have a month of samples, or nothing: so how many go together is found out.
  for (let at = 0, size = 1; at < deviceIds.length; ) {
    const some = deviceIds.slice(at, at + size);
    const deleted = hasTenant
      ? await run(erasing, table, `${text} AND tenant_id = $2`, [some, tenantId])
      : await run(erasing, table, text, [some]);
    await counted(deleted);
    at += some.length;
    if (deleted > rowsAtOnce) size = Math.max(1, size >> 1);
    else if (deleted * 2 < rowsAtOnce) size = Math.min(devicesAtOnceMax, size * 2);
  }
};

const byBlocks = async (erasing: Erasing, table: TenantTable, counted: Counted) => {
  const { name, hasTenant } = table;
  const { rows } = await erasing.pool.query<{ blocks: number }>(
    `SELECT pg_relation_size('${name}') / current_setting('block_size')::bigint AS blocks`,
  );
  const own = hasTenant
    ? 'tenant_id = $1'
    : `device_id IN (SELECT id FROM ${devicesTable} WHERE tenant_id = $1)`;
  for (let block = 0; block < (rows[0]?.blocks ?? 0); block += blocksAtOnce) {
    const deleted = await run(
      erasing,
      table,
      `DELETE FROM ${name} WHERE ctid >= $2::tid AND ctid < $3::tid AND ${own}`,
      [erasing.tenantId, `(${block},0)`, `(${block + blocksAtOnce},0)`],
    );
    await counted(deleted);
  }
};

/** Answers how many rows it deleted; `counted` hears of each transaction that deleted some. */
export const eraseTable = async (
  erasing: Erasing,
  table: TenantTable,
  counted: Counted = async () => {},
): Promise<number> => {
  let total = 0;
  const count = async (rows: number): Promise<void> => {
    total += rows;
    if (rows > 0) await counted(rows);
  };
  if (table.way === 'tenant') await byTenant(erasing, table, count);
  else if (table.way === 'device') await byDevice(erasing, table, count);
  else await byBlocks(erasing, table, count);
  return total;
};

/** How many rows there are: read without changing any, some devices at a time. */
export const countRows = async (erasing: Erasing, table: TenantTable): Promise<number> => {
  const { tenantId, deviceIds } = erasing;
  const { name, hasTenant, way } = table;
  const column = name === devicesTable ? 'id' : 'device_id';
  const count = async (condition: string, value: unknown): Promise<number> =>
    eraseTenant(erasing.pool, tenantId, async (sql) => {
      const text = `SELECT count(*) AS count FROM ${name} WHERE ${condition}`;
      return (await sql.query<{ count: number }>(text, [value])).rows[0]?.count ?? 0;
    });
  if (hasTenant && way !== 'device') return count('tenant_id = $1', tenantId);
  let total = 0;
  for (let at = 0; at < deviceIds.length; at += devicesAtOnceMax) {
    const some = deviceIds.slice(at, at + devicesAtOnceMax);
    total += await count(`${column} = ANY ($1::uuid[])`, some);
  }
  return total;
};
