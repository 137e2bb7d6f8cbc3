/**
 * Which devices are in groups that are a query: judged in memory by the language's own words, of the
 * few devices that are asked about. Over a pool with `sb_system`, which sees every tenant: a device
 * is held against groups of its own tenant alone.
 */
import { type DeviceFacts, matchQuery } from '@signalbeam/platform/core/tag-query-match';
import { parseQuery } from '@signalbeam/platform/core/tag-query-parse';
import type { Sql } from '@signalbeam/platform/postgres/pool';

type FactsRow = {
  device_id: string;
  tenant_id: string;
  status: DeviceFacts['registrationStatus'];
  presence: 'online' | 'offline' | null;
  last_seen_at: Date | null;
  score: number | null;
  name: string;
  site: string;
  tags: [key: string, value: string][];
  bundles: [name: string, version: string][];
};

const factsOf = (row: FactsRow): DeviceFacts => ({
  registrationStatus: row.status,
  presence: row.presence ?? 'never',
  name: row.name,
  site: row.site,
  tags: row.tags.map(([key, value]) => ({ key, value })),
  bundles: row.bundles.map(([name, version]) => ({ name, version })),
  lastSeenAtMs: row.last_seen_at?.getTime() ?? null,
  healthScore: row.score,
});

const readRows = async (sql: Sql, deviceIds: readonly string[]): Promise<FactsRow[]> => {
  const { rows } = await sql.query<FactsRow>(
    `SELECT d.device_id, d.tenant_id, d.registration_status AS status, p.presence, p.last_seen_at, h.score,
            lower(d.name) AS name, d.site,
            (SELECT coalesce(jsonb_agg(jsonb_build_array(key, value)), '[]')
               FROM device_manager.public_device_tags t WHERE t.device_id = d.device_id) AS tags,
            (SELECT coalesce(jsonb_agg(jsonb_build_array(bundle_name, version)), '[]')
               FROM bundle_orchestrator.public_device_bundles b
              WHERE b.device_id = d.device_id AND b.tenant_id = d.tenant_id) AS bundles
       FROM device_manager.public_devices d
       LEFT JOIN telemetry.presence p ON p.device_id = d.device_id
       LEFT JOIN telemetry.device_health h ON h.device_id = d.device_id
      WHERE d.device_id = ANY ($1::uuid[])`,
    [[...new Set(deviceIds)]],
  );
  return rows;
};

/** Of one device of this tenant; null when it is gone. */
export const factsOfDevice = async (
  sql: Sql,
  tenantId: string,
  deviceId: string,
): Promise<DeviceFacts | null> => {
  const row = (await readRows(sql, [deviceId])).find((each) => each.tenant_id === tenantId);
  return row === undefined ? null : factsOf(row);
};

/** By device, those of these groups whose query it answers. */
export const dynamicGroupsOf = async (
  sql: Sql,
  deviceIds: readonly string[],
  groupIds: readonly string[],
  nowMs: number,
): Promise<Map<string, string[]>> => {
  if (deviceIds.length === 0 || groupIds.length === 0) return new Map();
  const { rows: groups } = await sql.query<{ tenant_id: string; group_id: string; query: string }>(
    `SELECT tenant_id, group_id, query FROM device_manager.public_groups
      WHERE group_id = ANY ($1::uuid[]) AND is_dynamic`,
    [[...new Set(groupIds)]],
  );
  if (groups.length === 0) return new Map();
  const parsed = groups.map((group) => ({ ...group, parsed: parseQuery(group.query) }));
  const devices = await readRows(sql, deviceIds);
  return new Map(
    devices.map((row) => {
      const facts = factsOf(row);
      const among = parsed.filter(
        ({ tenant_id, parsed: one }) =>
          tenant_id === row.tenant_id &&
          one.kind === 'query' &&
          matchQuery(one.query, facts, nowMs),
      );
      return [row.device_id, among.map(({ group_id }) => group_id)];
    }),
  );
};
