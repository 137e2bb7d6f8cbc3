/**
 * Retention as it is stored, and the removal of what a tenant keeps for less long than the longest
 * does (partitions go when nobody keeps them: ./maintenance.ts). A tenant's rows go by whole days and
 * a few devices at a time, once a day; how far it came is noted, so a run that ends early goes on.
 */
import { allowDecompression } from '@signalbeam/platform/postgres/decompression';
import { onlyRow, type Pool, type Sql } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import {
  type ChosenRetention,
  longestOf,
  type Retention,
  type RetentionTier,
  retentionOf,
} from '../core/retention.ts';
import { areSamplesHypertable } from './sample-storage.ts';

const dayMs = 86_400_000;
/** A device that samples every second has 86,400 rows a day. */
const devicesTogether = 10;

const chosenColumns = `r.metrics_days AS "metricsDays", r.hours_days AS "hoursDays",
  r.events_days AS "eventsDays", r.dead_letters_days AS "deadLettersDays"`;

export type TenantRetention = { tier: RetentionTier; chosen: ChosenRetention };
type TenantRow = { tier: RetentionTier; minutesSince: Date } & ChosenRetention;

/** Of the tenant that `sql` is for. */
export const readRetention = async (
  sql: Sql,
  tenantId: string,
): Promise<TenantRetention & { minutesSince: Date }> => {
  const { tier, minutesSince, ...chosen } = onlyRow(
    await sql.query<TenantRow>({
      name: 'telemetry-retention',
      text: `SELECT t.tier, ${chosenColumns},
                    (SELECT minutes_since FROM telemetry.rollup_starts) AS "minutesSince"
               FROM device_manager.public_tenants t
               LEFT JOIN telemetry.retention r ON r.tenant_id = t.tenant_id
              WHERE t.tenant_id = $1`,
      values: [tenantId],
    }),
  );
  return { tier, chosen, minutesSince };
};

/** Whoever else chooses waits, also while nobody has chosen yet. */
export const lockRetention = async (sql: Sql, tenantId: string): Promise<TenantRetention> => {
  await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('retention:' || $1, 0))`, [
    tenantId,
  ]);
  return readRetention(sql, tenantId);
};

export const writeRetention = (sql: Sql, tenantId: string, chosen: ChosenRetention) =>
  sql.query(
    `INSERT INTO telemetry.retention
       (tenant_id, metrics_days, hours_days, events_days, dead_letters_days)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (tenant_id) DO UPDATE SET
       metrics_days = excluded.metrics_days, hours_days = excluded.hours_days,
       events_days = excluded.events_days, dead_letters_days = excluded.dead_letters_days`,
    [
      tenantId,
      chosen.metricsDays ?? null,
      chosen.hoursDays ?? null,
      chosen.eventsDays ?? null,
      chosen.deadLettersDays ?? null,
    ],
  );

type Keeping = { tenantId: string; retention: Retention; removedUntil: Date | null };

export const readAllRetention = async (
  sql: Sql,
): Promise<{ keeping: Keeping[]; longest: Retention }> => {
  const { rows } = await sql.query<
    { tenantId: string; tier: RetentionTier; removedUntil: Date | null } & ChosenRetention
  >(
    `SELECT t.tenant_id AS "tenantId", t.tier, p.removed_until AS "removedUntil", ${chosenColumns}
       FROM device_manager.public_tenants t
       LEFT JOIN telemetry.retention r ON r.tenant_id = t.tenant_id
       LEFT JOIN telemetry.retention_progress p ON p.tenant_id = t.tenant_id`,
  );
  const keeping = rows.map(({ tenantId, tier, removedUntil, ...chosen }) => ({
    ...{ tenantId, removedUntil, retention: retentionOf(tier, chosen) },
  }));
  return { keeping, longest: longestOf(keeping.map(({ retention }) => retention)) };
};

type Days = { from: Date; before: (days: number) => Date };

/** A day at a time, which is a partition by the samples' own time, or a chunk by when they came. */
const removeSamples = async (
  pool: Pool,
  deviceIds: readonly string[],
  days: { from: Date; before: Date },
  isHypertable: boolean,
): Promise<void> => {
  const { from, before } = days;
  const column = isHypertable ? 'received_at' : 'at';
  for (let day = from.getTime(); day < before.getTime(); day += dayMs) {
    await transaction(pool, async (client) => {
      await allowDecompression(client);
      await client.query(
        `DELETE FROM telemetry.metrics WHERE device_id = ANY($1::uuid[])
            AND ${column} >= $2 AND ${column} < $3 AND received_at < $4`,
        [deviceIds, new Date(day), new Date(day + dayMs), before],
      );
    });
  }
};

/** By index: each of these tables begins its own with the device. */
const removeOfDevices = async (
  sql: Pool,
  deviceIds: readonly string[],
  days: Days,
  retention: Retention,
  isHypertable: boolean,
): Promise<void> => {
  const metricsBefore = days.before(retention.metricsDays);
  const samples = { from: days.from, before: metricsBefore };
  await removeSamples(sql, deviceIds, samples, isHypertable);
  const remove = (table: string, column: string, before: Date) =>
    sql.query(
      `DELETE FROM telemetry.${table} WHERE device_id = ANY($1::uuid[]) AND ${column} < $2`,
      [deviceIds, before],
    );
  await remove('metrics_thinned', 'received_at', metricsBefore);
  await remove('metrics_minutes', 'bucket', metricsBefore);
  await remove('metrics_hourly', 'bucket', days.before(retention.hoursDays));
  await remove('events', 'received_at', days.before(retention.eventsDays));
  await remove('reported_history', 'received_at', days.before(retention.eventsDays));
};

/** Over a pool with the role `sb_ingest`. `now` counts by whole days, so it is done once in each. */
export const removeOfTenant = async (
  sql: Pool,
  { tenantId, retention, removedUntil }: Keeping,
  longest: Retention,
  nowMs: number,
): Promise<void> => {
  const today = nowMs - (nowMs % dayMs);
  const before = (days: number): Date => new Date(today - days * dayMs);
  const isShorter = (Object.keys(retention) as (keyof Retention)[]).some(
    (name) => retention[name] < longest[name],
  );
  const until = before(retention.metricsDays);
  if (!isShorter || (removedUntil !== null && removedUntil >= until)) return;
  const oldest = before(longest.metricsDays);
  const from = removedUntil !== null && removedUntil > oldest ? removedUntil : oldest;
  const { rows } = await sql.query<{ device_id: string }>(
    'SELECT DISTINCT device_id FROM telemetry.watermarks WHERE tenant_id = $1',
    [tenantId],
  );
  const ids = rows.map(({ device_id }) => device_id);
  const isHypertable = await areSamplesHypertable(sql);
  for (let index = 0; index < ids.length; index += devicesTogether) {
    const some = ids.slice(index, index + devicesTogether);
    await removeOfDevices(sql, some, { from, before }, retention, isHypertable);
  }
  await sql.query('DELETE FROM telemetry.dead_letters WHERE tenant_id = $1 AND at < $2', [
    tenantId,
    before(retention.deadLettersDays),
  ]);
  await sql.query(
    `INSERT INTO telemetry.retention_progress (tenant_id, removed_until) VALUES ($1, $2)
     ON CONFLICT (tenant_id) DO UPDATE SET removed_until = excluded.removed_until`,
    [tenantId, until],
  );
};
