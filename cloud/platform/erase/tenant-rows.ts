/**
 * Empties all tables of one tenant, and last its own row. Loops that were at work for it may still write
 * for a moment, or know no better than that the tenant is there: so all is gone through until nothing is found, once
 * more after its own row has gone. What each table is: ./tables.ts.
 */
import pg from 'pg';
import type { TenantTable } from '../core/erase-order.ts';
import type { Pool } from '../postgres/pool.ts';
import { eraseTenant } from '../postgres/tenant.ts';
import { noteRows } from './journal.ts';
import { countRows, devicesOf, type Erasing, eraseTable } from './rows.ts';
import { tenantTables } from './tables.ts';

/** Nobody can write for longer: the tenant's people, programs and devices have been refused for a minute. */
const passesMax = 20;
const triesMax = 20;
/** A row that refers to one that is to go: somebody was faster. */
const referred = '23503';

export type RowsPools = { eraser: Pool; system: Pool };
type OnTable = (table: string) => Promise<void>;

/** The table whose row refers to one that was to go. */
const referringTable = (error: unknown): string | null =>
  error instanceof pg.DatabaseError && error.code === referred
    ? `${error.schema}.${error.table}`
    : null;

/** `onTable` hears which table is empty now, for tests that stop in between; `onRows` of each transaction that deleted some. */
export type Listeners = {
  onTable?: OnTable | undefined;
  onRows?: ((table: string, rows: number) => void) | undefined;
};

export const eraseRows = async (
  { eraser, system }: RowsPools,
  tenantId: string,
  { onTable, onRows }: Listeners = {},
): Promise<void> => {
  const { beforeDevices, devicesOn } = await tenantTables(system);
  const deviceIds = await devicesOf(eraser, tenantId);
  const erasing: Erasing = { pool: eraser, tenantId, deviceIds };
  const tables = [...beforeDevices, ...devicesOn];
  const erase = async (some: readonly TenantTable[]): Promise<number> => {
    let total = 0;
    for (const table of some) {
      total += await eraseTable(erasing, table, async (rows) => {
        await noteRows(system, tenantId, rows);
        onRows?.(table.name, rows);
      });
      await onTable?.(table.name);
    }
    return total;
  };
  const untilDone = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        const kept = tables.filter(({ name }) => name === referringTable(error));
        if (kept.length === 0 || tries === triesMax) throw error;
        await erase(kept);
      }
    }
  };
  /** At once after what kept it: a loop that writes a row of each tenant every few seconds is slower than that. */
  const eraseOwnRow = (): Promise<null> =>
    untilDone(async () => {
      await eraseTenant(eraser, tenantId, (sql) =>
        sql.query('DELETE FROM device_manager.tenants WHERE id = $1', [tenantId]),
      );
      return null;
    });
  // Looked through once more before the devices go: what is found by them is found no more then.
  await erase(beforeDevices);
  for (let passes = 0; passes < passesMax; passes += 1) {
    const rows = await untilDone(() => erase(tables));
    await eraseOwnRow();
    if (rows === 0) return;
  }
  throw new Error('rows of the tenant keep coming');
};

/** Of each table that has some, how many rows there are. */
export const countTenantRows = async (
  { eraser, system }: RowsPools,
  tenantId: string,
): Promise<{ table: string; rows: number }[]> => {
  const { beforeDevices, devicesOn } = await tenantTables(system);
  const erasing = { pool: eraser, tenantId, deviceIds: await devicesOf(eraser, tenantId) };
  const counts = [];
  for (const table of [...beforeDevices, ...devicesOn]) {
    counts.push({ table: table.name, rows: await countRows(erasing, table) });
  }
  return counts
    .filter(({ rows }) => rows > 0)
    .sort((one, other) => (one.table < other.table ? -1 : 1));
};
