/**
 * Partitions made ahead and data past its time removed. Any replica may do it at any time; the
 * functions in Postgres hold their own lock.
 */
import type { Pool, Sql } from '@signalbeam/platform/postgres/pool';
import type { Retention } from '../core/retention.ts';
import { readAllRetention, removeOfTenant } from './retention.ts';

/** Days, which a chart of a year reads; they are small. */
const daysDays = 1_100;
/** Rows removed by one statement, so that none holds locks or bloats the log for long. */
const deleteRowsMax = 10_000;

const dayOf = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 10);

/** Needed before the first row of a day; returns how many partitions were made. */
export const ensurePartitions = async (sql: Sql, nowMs: number): Promise<number> => {
  const { rows } = await sql.query<{ made: number }>(
    'SELECT telemetry.ensure_metrics_partitions($1) AS made',
    [dayOf(nowMs)],
  );
  return rows[0]?.made ?? 0;
};

const deleteOlder = async (
  sql: Sql,
  table: string,
  column: string,
  before: Date,
): Promise<void> => {
  for (;;) {
    const { rowCount } = await sql.query(
      `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM ${table} WHERE ${column} < $1 LIMIT ${deleteRowsMax}))`,
      [before],
    );
    if ((rowCount ?? 0) < deleteRowsMax) return;
  }
};

const resolvedAlertsDays = 365;
/** Nobody keeps for longer what it was told of by them. */
const lateHoursDays = 1;
const endedSilencesDays = 90;

/** Resolved alerts with their history, and silences that ended. Over a pool with `sb_system`. */
export const removeOldAlerts = async (sql: Sql, nowMs: number): Promise<void> => {
  const before = (days: number): Date => new Date(nowMs - days * 86_400_000);
  await deleteOlder(sql, 'alerts', 'resolved_at', before(resolvedAlertsDays));
  await deleteOlder(sql, 'alert_silences', 'ends_at', before(endedSilencesDays));
};

/** Watermarks and gaps stay: they are what "exactly once" is judged by. */
export const removeOld = async (sql: Sql, nowMs: number, retention: Retention): Promise<void> => {
  const before = (days: number): Date => new Date(nowMs - days * 86_400_000);
  await sql.query('SELECT telemetry.drop_old_metrics($1, $2)', [
    dayOf(nowMs),
    retention.metricsDays,
  ]);
  await sql.query('SELECT telemetry.drop_old_rollups($1, $2)', [
    before(retention.hoursDays),
    before(daysDays),
  ]);
  await sql.query('SELECT telemetry.drop_old_minutes($1)', [before(retention.metricsDays)]);
  await deleteOlder(sql, 'telemetry.late_hours', 'added_at', before(lateHoursDays));
  await deleteOlder(sql, 'telemetry.metrics_thinned', 'received_at', before(retention.metricsDays));
  await deleteOlder(sql, 'telemetry.events', 'received_at', before(retention.eventsDays));
  await deleteOlder(sql, 'telemetry.reported_history', 'received_at', before(retention.eventsDays));
  for (const schema of ['telemetry', 'platform']) {
    await deleteOlder(sql, `${schema}.dead_letters`, 'at', before(retention.deadLettersDays));
  }
};

/** What nobody keeps any more, then what those keep no more who keep less than others. */
export const removeAllOld = async (sql: Pool, nowMs: number): Promise<void> => {
  const { keeping, longest } = await readAllRetention(sql);
  await removeOld(sql, nowMs, longest);
  for (const each of keeping) await removeOfTenant(sql, each, longest, nowMs);
};
