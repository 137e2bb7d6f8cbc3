/**
 * Empties one table of one tenant's rows, in transactions that are short whatever the table holds, so that
 * nobody waits for one and a crash loses one at most. Doing it again finds what is left. As the role
 * `sb_eraser`, which sees the rows of this tenant alone. Tables' names come from the catalogue.
 */
import { devicesTable, type TenantTable } from '../core/erase-order.ts';
import { afterTimeout, nextCount, type Pace } from '../core/erase-pace.ts';
import { isCutOff, type Pool } from '../postgres/pool.ts';
import { eraseTenant } from '../postgres/tenant.ts';
import { holdAgainstMoving, isMoved } from './moving.ts';

/** Of a table that an index finds them in: looked up together, so that what was deleted before is passed by seldom. */
const foundAtOnce = 200_000;
const rowsPace: Pace = { least: 200, most: 20_000 };
const devicesPace: Pace = { least: 1, most: 2_000 };
const blocksPace: Pace = { least: 16, most: 8_000 };
const devicesCountedAtOnce = 500;
/** A transaction that is longer is undone, unless it could not be smaller. */
const limitMs = 2_000;

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

/** Of a tenant that has most of a table Postgres would read all of it, for each part anew. */
const prepare = `SELECT set_config('enable_seqscan', 'off', true),
  set_config('statement_timeout', coalesce($1, current_setting('statement_timeout')), true)`;

type Part = { text: string; values: unknown[] };

type Done = { deleted: number; tookMs: number };

/** Null: it was longer than it may be, and is undone. Whoever moves rows is waited for before. */
const attempt = async (
  { pool, tenantId }: Erasing,
  table: TenantTable,
  part: Part & { isLimited: boolean },
): Promise<Done | null> => {
  try {
    return await eraseTenant(pool, tenantId, async (sql) => {
      if (isMoved(table.name)) await holdAgainstMoving(sql);
      await sql.query(prepare, part.isLimited ? [String(limitMs)] : [null]);
      const began = performance.now();
      const { rowCount } = await sql.query(part.text, part.values);
      return { deleted: rowCount ?? 0, tookMs: performance.now() - began };
    });
  } catch (error) {
    if (part.isLimited && isCutOff(error)) return null;
    throw error;
  }
};

/** In transactions that are short; `partOf` says what deletes so many from there on. */
const inParts = async (
  erasing: Erasing,
  table: TenantTable,
  { total, pace, counted }: { total: number; pace: Pace; counted: Counted },
  partOf: (at: number, count: number) => Part,
): Promise<void> => {
  for (let at = 0, count = pace.least; at < total; ) {
    const some = Math.min(count, total - at);
    const isLimited = some > pace.least;
    const done = await attempt(erasing, table, { ...partOf(at, some), isLimited });
    if (done === null) {
      count = afterTimeout(some, pace);
      continue;
    }
    await counted(done.deleted);
    at += some;
    count = nextCount(some, done.tookMs, pace);
  }
};

/** Where rows lie, in that order, so that each page is written once. */
const placesOf = ({ pool, tenantId }: Erasing, name: string): Promise<string[]> =>
  eraseTenant(pool, tenantId, async (sql) => {
    const { rows } = await sql.query<{ ctid: string }>(
      `SELECT ctid FROM (SELECT ctid FROM ${name} WHERE tenant_id = $1 LIMIT ${foundAtOnce}) found ORDER BY ctid`,
      [tenantId],
    );
    return rows.map(({ ctid }) => ctid);
  });

const byTenant = async (erasing: Erasing, table: TenantTable, counted: Counted) => {
  const { name } = table;
  for (let isMore = true; isMore; ) {
    const places = await placesOf(erasing, name);
    // One that was changed meanwhile lies elsewhere: the next pass finds it.
    const how = { total: places.length, pace: rowsPace, counted };
    await inParts(erasing, table, how, (at, count) => ({
      text: `DELETE FROM ${name} WHERE ctid = ANY ($1::tid[]) AND tenant_id = $2`,
      values: [places.slice(at, at + count), erasing.tenantId],
    }));
    isMore = places.length === foundAtOnce;
  }
};

const byDevice = (erasing: Erasing, table: TenantTable, counted: Counted) => {
  const { name, hasTenant } = table;
  const isDevices = name === devicesTable;
  // In the order of the index, but for the devices themselves: they refer to each other.
  const ids = isDevices ? erasing.deviceIds : erasing.deviceIds.toSorted();
  const text = `DELETE FROM ${name} WHERE ${isDevices ? 'id' : 'device_id'} = ANY ($1::uuid[])`;
  const how = { total: ids.length, pace: devicesPace, counted };
  return inParts(erasing, table, how, (at, count) => {
    const some = ids.slice(at, at + count);
    return hasTenant
      ? { text: `${text} AND tenant_id = $2`, values: [some, erasing.tenantId] }
      : { text, values: [some] };
  });
};

const byBlocks = async (erasing: Erasing, table: TenantTable, counted: Counted) => {
  const { name, hasTenant } = table;
  const { rows } = await erasing.pool.query<{ blocks: number }>(
    `SELECT pg_relation_size('${name}') / current_setting('block_size')::bigint AS blocks`,
  );
  const own = hasTenant
    ? 'tenant_id = $1'
    : `device_id IN (SELECT id FROM ${devicesTable} WHERE tenant_id = $1)`;
  const total = rows[0]?.blocks ?? 0;
  await inParts(erasing, table, { total, pace: blocksPace, counted }, (at, count) => ({
    text: `DELETE FROM ${name} WHERE ctid >= $2::tid AND ctid < $3::tid AND ${own}`,
    values: [erasing.tenantId, `(${at},0)`, `(${at + count},0)`],
  }));
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
  for (let at = 0; at < deviceIds.length; at += devicesCountedAtOnce) {
    const some = deviceIds.slice(at, at + devicesCountedAtOnce);
    total += await count(`${column} = ANY ($1::uuid[])`, some);
  }
  return total;
};
