/** Members of static groups as rows: who put a device into which group, and when. */
import type { Sql } from '@signalbeam/platform/postgres/pool';

export type Membership = { addedAt: Date; addedBy: string };

/** Of these groups, how many devices each has; those without a member are absent. */
export const countMembers = async (
  sql: Sql,
  groupIds: readonly string[],
): Promise<Map<string, number>> => {
  const { rows } = await sql.query<{ group_id: string; count: number }>(
    `SELECT group_id, count(*) FROM device_manager.group_members
      WHERE group_id = ANY($1::uuid[]) GROUP BY group_id`,
    [groupIds],
  );
  return new Map(rows.map((row) => [row.group_id, row.count]));
};

/** The ids that were not in it before. */
export const addMembers = async (
  sql: Sql,
  given: { tenantId: string; groupId: string; deviceIds: readonly string[] } & Membership,
): Promise<Set<string>> => {
  const { rows } = await sql.query<{ device_id: string }>(
    `INSERT INTO device_manager.group_members (tenant_id, group_id, device_id, added_at, added_by)
     SELECT $1, $2, device_id, $4, $5 FROM unnest($3::uuid[]) AS new (device_id)
     ON CONFLICT DO NOTHING RETURNING device_id`,
    [given.tenantId, given.groupId, given.deviceIds, given.addedAt, given.addedBy],
  );
  return new Set(rows.map((row) => row.device_id));
};

/** The ids that were in it. */
export const removeMembers = async (
  sql: Sql,
  given: { groupId: string; deviceIds: readonly string[] },
): Promise<Set<string>> => {
  const { rows } = await sql.query<{ device_id: string }>(
    `DELETE FROM device_manager.group_members
      WHERE group_id = $1 AND device_id = ANY($2::uuid[]) RETURNING device_id`,
    [given.groupId, given.deviceIds],
  );
  return new Set(rows.map((row) => row.device_id));
};

export const membershipsOf = async (
  sql: Sql,
  given: { groupId: string; deviceIds: readonly string[] },
): Promise<Map<string, Membership>> => {
  const { rows } = await sql.query<{ device_id: string; added_at: Date; added_by: string }>(
    `SELECT device_id, added_at, added_by FROM device_manager.group_members
      WHERE group_id = $1 AND device_id = ANY($2::uuid[])`,
    [given.groupId, given.deviceIds],
  );
  return new Map(
    rows.map((row) => [row.device_id, { addedAt: row.added_at, addedBy: row.added_by }]),
  );
};

export const staticGroupsOf = async (
  sql: Sql,
  deviceId: string,
): Promise<{ id: string; name: string; addedAt: Date; addedBy: string }[]> => {
  const { rows } = await sql.query<{
    id: string;
    name: string;
    added_at: Date;
    added_by: string;
  }>(
    `SELECT g.id, g.name, m.added_at, m.added_by
       FROM device_manager.group_members m JOIN device_manager.groups g ON g.id = m.group_id
      WHERE m.tenant_id = platform.current_tenant() AND m.device_id = $1 ORDER BY g.name, g.id`,
    [deviceId],
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    addedAt: row.added_at,
    addedBy: row.added_by,
  }));
};
