/**
 * Groups as rows. A static group has members; of a dynamic one only its query is stored, and who
 * answers it now is in it: right at once after any change, and never a job to run.
 */
import { isUniqueViolation, onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';

export type Group = {
  id: string;
  name: string;
  description: string;
  /** Null: static. */
  query: string | null;
  createdBy: string;
  createdAt: Date;
};

type GroupRow = {
  id: string;
  name: string;
  description: string;
  query: string | null;
  created_by: string;
  created_at: Date;
};

const columns = 'id, name, description, query, created_by, created_at';

const groupOf = (row: GroupRow): Group => ({
  id: row.id,
  name: row.name,
  description: row.description,
  query: row.query,
  createdBy: row.created_by,
  createdAt: row.created_at,
});

/** Null when the name is taken. */
export const insertGroup = async (
  sql: Sql,
  group: Pick<Group, 'name' | 'description' | 'query' | 'createdBy' | 'createdAt'> & {
    tenantId: string;
  },
): Promise<Group | null> => {
  const { rows } = await sql.query<GroupRow>(
    `INSERT INTO device_manager.groups (tenant_id, name, description, query, created_by, created_at)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, lower(name)) DO NOTHING
     RETURNING ${columns}`,
    [group.tenantId, group.name, group.description, group.query, group.createdBy, group.createdAt],
  );
  return rows[0] === undefined ? null : groupOf(rows[0]);
};

export const countGroups = async (sql: Sql): Promise<number> =>
  onlyRow(
    await sql.query<{ count: number }>(
      'SELECT count(*) FROM device_manager.groups WHERE tenant_id = platform.current_tenant()',
    ),
  ).count;

export const findGroup = async (sql: Sql, id: string): Promise<Group | null> => {
  const { rows } = await sql.query<GroupRow>(
    `SELECT ${columns} FROM device_manager.groups WHERE id = $1`,
    [id],
  );
  return rows[0] === undefined ? null : groupOf(rows[0]);
};

/** `FOR KEY SHARE` while members are added: it can't be deleted then; to change it, the whole row. */
export const lockGroup = async (
  sql: Sql,
  id: string,
  strength: 'UPDATE' | 'KEY SHARE',
): Promise<Group | null> => {
  const { rows } = await sql.query<GroupRow>(
    `SELECT ${columns} FROM device_manager.groups WHERE id = $1 FOR ${strength}`,
    [id],
  );
  return rows[0] === undefined ? null : groupOf(rows[0]);
};

/** By name; the page after the group that `after` names. */
export const listGroups = async (
  sql: Sql,
  page: { after: { name: string; id: string } | null; limit: number },
): Promise<Group[]> => {
  const { rows } = await sql.query<GroupRow>(
    `SELECT ${columns} FROM device_manager.groups
      WHERE tenant_id = platform.current_tenant()
        AND ($1::text IS NULL OR (name COLLATE "C", id) > ($1, $2::uuid))
      ORDER BY name COLLATE "C", id LIMIT $3`,
    [page.after?.name ?? null, page.after?.id ?? null, page.limit],
  );
  return rows.map(groupOf);
};

/** Dynamic groups, for asking which of them one device is in. */
export const listDynamicGroups = async (sql: Sql): Promise<Group[]> => {
  const { rows } = await sql.query<GroupRow>(
    `SELECT ${columns} FROM device_manager.groups
      WHERE tenant_id = platform.current_tenant() AND query IS NOT NULL ORDER BY name, id`,
  );
  return rows.map(groupOf);
};

/** False when the name is taken. */
export const updateGroup = async (
  sql: Sql,
  id: string,
  group: Pick<Group, 'name' | 'description' | 'query'>,
): Promise<boolean> => {
  await sql.query('SAVEPOINT renaming');
  try {
    await sql.query(
      'UPDATE device_manager.groups SET name = $2, description = $3, query = $4 WHERE id = $1',
      [id, group.name, group.description, group.query],
    );
    return true;
  } catch (error) {
    if (!isUniqueViolation(error, 'groups_name')) throw error;
    await sql.query('ROLLBACK TO SAVEPOINT renaming');
    return false;
  }
};

export const deleteGroup = async (sql: Sql, id: string): Promise<void> => {
  await sql.query('DELETE FROM device_manager.groups WHERE id = $1', [id]);
};
