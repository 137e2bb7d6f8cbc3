/**
 * The people of a tenant. An e-mail address belongs to one person of the installation, whatever
 * its case, because sign-in comes before the tenant is known. Password hashes leave this file only
 * towards the sign-in.
 */
import type { Role } from '@signalbeam/platform/http/caller';
import { isUniqueViolation, onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';

export type User = {
  id: string;
  tenantId: string;
  email: string;
  name: string;
  role: Role;
  createdAt: Date;
  disabledAt: Date | null;
};

type UserRow = {
  id: string;
  tenant_id: string;
  email: string;
  name: string;
  role: Role;
  created_at: Date;
  disabled_at: Date | null;
};

const columns = 'id, tenant_id, email, name, role, created_at, disabled_at';

const userOf = (row: UserRow): User => ({
  id: row.id,
  tenantId: row.tenant_id,
  email: row.email,
  name: row.name,
  role: row.role,
  createdAt: row.created_at,
  disabledAt: row.disabled_at,
});

export type NewUser = {
  tenantId: string;
  email: string;
  name: string;
  role: Role;
  passwordHash: string;
};

/** Null when the address is taken; the caller's transaction is then over. */
export const insertUser = async (sql: Sql, user: NewUser): Promise<User | null> => {
  try {
    const result = await sql.query<UserRow>(
      `INSERT INTO device_manager.users (tenant_id, email, name, role, password_hash)
       VALUES ($1, $2, $3, $4, $5) RETURNING ${columns}`,
      [user.tenantId, user.email, user.name, user.role, user.passwordHash],
    );
    return userOf(onlyRow(result));
  } catch (error) {
    if (isUniqueViolation(error, 'users_email')) return null;
    throw error;
  }
};

/** For sign-in, over the background role: who has this address, with the hash to check against. */
export const findForSignIn = async (
  sql: Sql,
  email: string,
): Promise<(User & { passwordHash: string; tenantName: string }) | null> => {
  const { rows } = await sql.query<UserRow & { password_hash: string; tenant_name: string }>(
    `SELECT u.id, u.tenant_id, u.email, u.name, u.role, u.created_at, u.disabled_at,
            u.password_hash, t.name AS tenant_name
       FROM device_manager.users u
       JOIN device_manager.tenants t ON t.id = u.tenant_id
      WHERE lower(u.email) = lower($1)`,
    [email],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return { ...userOf(row), passwordHash: row.password_hash, tenantName: row.tenant_name };
};

export const findUser = async (sql: Sql, id: string): Promise<User | null> => {
  const { rows } = await sql.query<UserRow>(
    `SELECT ${columns} FROM device_manager.users WHERE id = $1`,
    [id],
  );
  return rows[0] === undefined ? null : userOf(rows[0]);
};

/** Up to 1,000, by address: a tenant's staff, not a directory. */
export const listUsers = async (sql: Sql): Promise<User[]> => {
  const { rows } = await sql.query<UserRow>(
    `SELECT ${columns} FROM device_manager.users ORDER BY lower(email) LIMIT 1000`,
  );
  return rows.map(userOf);
};

/**
 * Reads all admins and the user under a lock, in one order for everybody, so that two admins who
 * remove each other at the same moment cannot leave a tenant without any.
 */
export const lockForChange = async (
  sql: Sql,
  id: string,
): Promise<{ user: User; otherAdmins: number } | null> => {
  const { rows } = await sql.query<UserRow>(
    `SELECT ${columns} FROM device_manager.users
      WHERE id = $1 OR (role = 'admin' AND disabled_at IS NULL) ORDER BY id FOR UPDATE`,
    [id],
  );
  const row = rows.find((candidate) => candidate.id === id);
  if (row === undefined) return null;
  const isOtherAdmin = (candidate: UserRow): boolean =>
    candidate.id !== id && candidate.role === 'admin' && candidate.disabled_at === null;
  return { user: userOf(row), otherAdmins: rows.filter(isOtherAdmin).length };
};

export const updateUser = async (
  sql: Sql,
  id: string,
  change: { name: string; role: Role; disabledAt: Date | null },
): Promise<User> =>
  userOf(
    onlyRow(
      await sql.query<UserRow>(
        `UPDATE device_manager.users SET name = $2, role = $3, disabled_at = $4
          WHERE id = $1 RETURNING ${columns}`,
        [id, change.name, change.role, change.disabledAt],
      ),
    ),
  );
