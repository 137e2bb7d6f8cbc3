/**
 * Rows that loops take from one place and put into another, in one statement. To a statement that deletes them
 * meanwhile they are in neither: it waits for what is taken, and does not see what is put. So whoever
 * moves rows holds a lock with all others who do, and whoever erases them holds it alone; what such rows are made of
 * is erased before them, so that nothing makes them again.
 */
import type { Reference } from '../core/erase-order.ts';
import type { Sql } from '../postgres/pool.ts';

const lock = "hashtextextended('rows are moved', 0)";

const marks = 'telemetry.rollup_marks';
/** Made of marks by `rollUp`; the hours of a day are laid together once more by `gatherHours`. */
const made = [
  ...['minutes', 'hourly', 'daily'].map((each) => `telemetry.metrics_${each}`),
  'telemetry.late_hours',
];

export const isMoved = (table: string): boolean => table === marks || made.includes(table);

/** As if the first referred to the second: it is emptied first. */
export const madeFrom: readonly Reference[] = made.map((to) => ({ from: marks, to }));

/** Until the transaction ends; before its first look at such rows. */
export const holdWhileMoving = async (sql: Sql): Promise<void> => {
  await sql.query(`SELECT pg_advisory_xact_lock_shared(${lock})`);
};

export const holdAgainstMoving = async (sql: Sql): Promise<void> => {
  await sql.query(`SELECT pg_advisory_xact_lock(${lock})`);
};
