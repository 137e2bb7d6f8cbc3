/**
 * Percentiles over devices: for each step the value of every device in it, which is exact whatever it was summed up
 * from, and of these values the percentiles. Cost: an index scan for each device, and one row for each
 * of its buckets (../core/percentile-resolution.ts bounds them). Through the views of one tenant.
 */
import { parseQuery } from '@signalbeam/platform/core/tag-query-parse';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { type Add, type Names, sqlOfQuery } from '@signalbeam/platform/postgres/tag-query-sql';
import {
  isStepRow,
  planned,
  rowsOfDevices,
  type SeriesWish,
  stepsOfDevice,
  stepValues,
} from './series-steps.ts';

export type DeviceScope = { kind: 'site'; site: string } | { kind: 'group'; groupId: string };

const ofDevice: Names = {
  id: 'd.device_id',
  status: 'd.registration_status',
  tenant: 'd.tenant_id',
  tags: 'device_manager.public_device_tags',
};

type Group = { is_dynamic: boolean; query: string | null };

/** Null: there is no such group. One whose query can't be read any more has nobody in it. */
const conditionOf = async (
  sql: Sql,
  scope: DeviceScope,
  add: Add,
  nowMs: number,
): Promise<string | null> => {
  if (scope.kind === 'site') return `d.site = ${add(scope.site)}`;
  const { rows } = await sql.query<Group>(
    'SELECT is_dynamic, query FROM device_manager.public_groups WHERE group_id = $1',
    [scope.groupId],
  );
  const [group] = rows;
  if (group === undefined) return null;
  if (group.is_dynamic) {
    const parsed = parseQuery(group.query ?? '');
    return parsed.kind === 'query' ? sqlOfQuery(ofDevice, parsed.query, add, nowMs) : 'false';
  }
  return `EXISTS (SELECT 1 FROM device_manager.public_group_members member
    WHERE member.tenant_id = d.tenant_id AND member.device_id = d.device_id
      AND member.group_id = ${add(scope.groupId)}::uuid)`;
};

/** Approved devices that whoever asks may see, at most `limit`; null: there is no such group. */
export const devicesWithin = async (
  sql: Sql,
  tenantId: string,
  scope: DeviceScope,
  { nowMs, limit }: { nowMs: number; limit: number },
): Promise<string[] | null> => {
  const values: unknown[] = [tenantId, limit];
  const condition = await conditionOf(sql, scope, (value) => `$${values.push(value)}`, nowMs);
  if (condition === null) return null;
  // One row: thousands take many times as long to read.
  const { rows } = await sql.query<{ ids: string[] }>(
    `SELECT coalesce(json_agg(device_id), '[]') AS ids FROM (
       SELECT d.device_id FROM device_manager.public_devices d
        WHERE d.tenant_id = $1 AND d.registration_status = 'approved' AND ${condition} LIMIT $2) AS found`,
    values,
  );
  return rows[0]?.ids ?? [];
};

export type PercentilePoint = {
  at: Date;
  /** How many devices have a value in this step. */
  devices: number;
  min: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
};

/** By time; steps in which no device has a value are left out. `wish` names one metric. */
export const readPercentiles = async (sql: Sql, wish: SeriesWish): Promise<PercentilePoint[]> => {
  const steps = isStepRow(wish)
    ? rowsOfDevices(wish)
    : `SELECT steps.* FROM unnest($1::uuid[]) AS device (id) CROSS JOIN LATERAL (${stepsOfDevice(wish)}) AS steps`;
  const { rows } = await sql.query<{ step: Date; devices: number; found: number[] }>({
    text: `SELECT step, count(v0)::integer AS devices,
            array_to_json(percentile_cont(ARRAY[0, 0.5, 0.95, 0.99, 1])
              WITHIN GROUP (ORDER BY v0)) AS found
       FROM (${steps}) AS read
      WHERE v0 IS NOT NULL
      GROUP BY step ORDER BY step`,
    values: stepValues(wish),
    ...planned('spread', wish),
  });
  return rows.map(({ step, devices, found: [min = 0, p50 = 0, p95 = 0, p99 = 0, max = 0] }) => ({
    ...{ at: step, devices, min, p50, p95, p99, max },
  }));
};
