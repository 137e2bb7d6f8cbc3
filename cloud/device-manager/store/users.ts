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
  /** Null: every site. */
  sites: string[] | null;
  createdAt: Date;
  disabledAt: Date | null;
  lastSignInAt: Date | null;
  /** Whether a second factor is in force. */
  totp: boolean;
};

/** Somebody who signs in. `linked`: elsewhere. */
export type Person = User & { tenantName: string; linked: boolean };

type UserRow = {
  id: string;
  tenant_id: string;
  email: string;
  name: string;
  role: Role;
  sites: string[] | null;
  created_at: Date;
  disabled_at: Date | null;
  last_sign_in_at: Date | null;
  totp: boolean;
};

const columnsOf = (table: string): string =>
  [
    ...['id', 'tenant_id', 'email', 'name', 'role', 'sites', 'created_at', 'disabled_at'],
    'last_sign_in_at',
  ]
    .map((column) => `${table}.${column}`)
    .join(', ')
    .concat(`, ${table}.totp_confirmed_at IS NOT NULL AS totp`);
const columns = columnsOf('users');

const userOf = (row: UserRow): User => ({
  id: row.id,
  tenantId: row.tenant_id,
  email: row.email,
  name: row.name,
  role: row.role,
  sites: row.sites,
  createdAt: row.created_at,
  disabledAt: row.disabled_at,
  lastSignInAt: row.last_sign_in_at,
  totp: row.totp,
});

export type NewUser = {
  tenantId: string;
  email: string;
  name: string;
  role: Role;
  sites: string[] | null;
  /** Null: this person signs in elsewhere. */
  passwordHash: string | null;
};

/** Null when the address is taken; the caller's transaction is then over. */
export const insertUser = async (sql: Sql, user: NewUser): Promise<User | null> => {
  try {
    const result = await sql.query<UserRow>(
      `INSERT INTO device_manager.users (tenant_id, email, name, role, password_hash, sites)
       VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${columns}`,
      [user.tenantId, user.email, user.name, user.role, user.passwordHash, user.sites],
    );
    return userOf(onlyRow(result));
  } catch (error) {
    if (isUniqueViolation(error, 'users_email')) return null;
    throw error;
  }
};

type PersonRow = UserRow & {
  password_hash: string | null;
  tenant_name: string;
  linked: boolean;
};

const findPerson = async (
  sql: Sql,
  condition: string,
  values: readonly string[],
): Promise<(Person & { passwordHash: string | null }) | null> => {
  const { rows } = await sql.query<PersonRow>(
    `SELECT ${columnsOf('u')}, u.password_hash, t.name AS tenant_name,
            u.oidc_subject IS NOT NULL AS linked
       FROM device_manager.users u
       JOIN device_manager.tenants t ON t.id = u.tenant_id
      WHERE ${condition}`,
    [...values],
  );
  const row = rows[0];
  if (row === undefined) return null;
  const { password_hash: passwordHash, tenant_name: tenantName, linked } = row;
  return { ...userOf(row), passwordHash, tenantName, linked };
};

/** Before a tenant is known: over a role that sees all. */
export const findForSignIn = (sql: Sql, email: string) =>
  findPerson(sql, 'lower(u.email) = lower($1)', [email]);

/** Null also for who was disabled meanwhile. */
export const findForRenewal = async (sql: Sql, id: string): Promise<Person | null> => {
  const person = await findPerson(sql, 'u.id = $1', [id]);
  if (person === null || person.disabledAt !== null) return null;
  const { passwordHash: _, ...rest } = person;
  return rest;
};

/** By what never changes hands at a provider. */
export const findOidcPerson = (
  sql: Sql,
  tenantId: string,
  { issuer, subject }: { issuer: string; subject: string },
): Promise<Person | null> =>
  findPerson(sql, 'u.tenant_id = $1 AND u.oidc_issuer = $2 AND u.oidc_subject = $3', [
    ...[tenantId, issuer, subject],
  ]);

export const linkOidc = async (
  sql: Sql,
  id: string,
  { issuer, subject }: { issuer: string; subject: string },
): Promise<void> => {
  await sql.query(
    'UPDATE device_manager.users SET oidc_issuer = $2, oidc_subject = $3 WHERE id = $1',
    [id, issuer, subject],
  );
};

export const noteSignIn = async (sql: Sql, id: string, at: Date): Promise<void> => {
  await sql.query('UPDATE device_manager.users SET last_sign_in_at = $2 WHERE id = $1', [id, at]);
};

export const findByEmail = async (sql: Sql, email: string): Promise<User | null> => {
  const { rows } = await sql.query<UserRow>(
    `SELECT ${columns} FROM device_manager.users WHERE lower(email) = lower($1)`,
    [email],
  );
  return rows[0] === undefined ? null : userOf(rows[0]);
};

export const passwordHashOf = async (sql: Sql, id: string): Promise<string | null> => {
  const { rows } = await sql.query<{ password_hash: string | null }>(
    'SELECT password_hash FROM device_manager.users WHERE id = $1',
    [id],
  );
  return rows[0]?.password_hash ?? null;
};

export const writePassword = async (sql: Sql, id: string, hash: string): Promise<void> => {
  await sql.query('UPDATE device_manager.users SET password_hash = $2 WHERE id = $1', [id, hash]);
};

export const deleteUser = async (sql: Sql, id: string): Promise<void> => {
  await sql.query('DELETE FROM device_manager.users WHERE id = $1', [id]);
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

/** Whether somebody may keep the people of the tenant: what it always has one of. */
export const isKeeper = (user: Pick<User, 'role' | 'sites' | 'disabledAt'>): boolean =>
  user.role === 'admin' && user.sites === null && user.disabledAt === null;

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
      WHERE tenant_id = (SELECT tenant_id FROM device_manager.users WHERE id = $1)
        AND (id = $1 OR (role = 'admin' AND disabled_at IS NULL AND sites IS NULL))
      ORDER BY id FOR UPDATE`,
    [id],
  );
  const row = rows.find((candidate) => candidate.id === id);
  if (row === undefined) return null;
  const isOtherAdmin = (candidate: UserRow): boolean =>
    candidate.id !== id && isKeeper(userOf(candidate));
  return { user: userOf(row), otherAdmins: rows.filter(isOtherAdmin).length };
};

export const updateUser = async (
  sql: Sql,
  id: string,
  change: Pick<User, 'name' | 'role' | 'sites' | 'disabledAt'>,
): Promise<User> =>
  userOf(
    onlyRow(
      await sql.query<UserRow>(
        `UPDATE device_manager.users SET name = $2, role = $3, disabled_at = $4, sites = $5
          WHERE id = $1 RETURNING ${columns}`,
        [id, change.name, change.role, change.disabledAt, change.sites],
      ),
    ),
  );
