/**
 * The keys of a tenant's roles, sealed in `platform.role_keys`: several generations of each, of
 * which the key set in force names those that may sign. A key once withdrawn never comes back.
 */
import { type Role, roles } from '@signalbeam/sync/core/records';
import { createSeed, type Signer, signerFromSeed } from '@signalbeam/sync/wire/keys';
import type { Sql } from '../postgres/pool.ts';
import type { Kek } from './kek.ts';

export type RoleKey = { role: Role; generation: number; signer: Signer; withdrawn: boolean };

/** What a sealed key is for is bound into it; the same text as for the keys of before. */
export const keyContext = (kind: string, tenantId: string | null, publicKey: string): string =>
  `signalbeam key ${kind} ${tenantId ?? '-'} ${publicKey}`;

const insert = async (
  sql: Sql,
  kek: Kek,
  at: { tenantId: string; role: Role; generation: number },
): Promise<void> => {
  const seed = createSeed();
  const { publicKey } = signerFromSeed(seed);
  await sql.query(
    `INSERT INTO platform.role_keys (tenant_id, role, generation, public_key, sealed)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    [
      at.tenantId,
      at.role,
      at.generation,
      publicKey,
      kek.seal(seed, keyContext(at.role, at.tenantId, publicKey)),
    ],
  );
};

/** Oldest first within each role. */
export const readRoleKeys = async (sql: Sql, kek: Kek, tenantId: string): Promise<RoleKey[]> => {
  const { rows } = await sql.query<{
    role: Role;
    generation: number;
    public_key: string;
    sealed: Buffer;
    withdrawn_at: Date | null;
  }>(
    `SELECT role, generation, public_key, sealed, withdrawn_at
       FROM platform.role_keys WHERE tenant_id = $1 ORDER BY role, generation`,
    [tenantId],
  );
  return rows.map(({ role, generation, public_key, sealed, withdrawn_at }) => ({
    role,
    generation,
    signer: signerFromSeed(kek.open(sealed, keyContext(role, tenantId, public_key))),
    withdrawn: withdrawn_at !== null,
  }));
};

/** Makes the first key of each role that has none; takes over those that were made before. */
export const ensureRoleKeys = async (sql: Sql, kek: Kek, tenantId: string): Promise<RoleKey[]> => {
  const present = await readRoleKeys(sql, kek, tenantId);
  const missing = roles.filter((role) => !present.some((key) => key.role === role));
  if (missing.length === 0) return present;
  await sql.query(
    `INSERT INTO platform.role_keys (tenant_id, role, generation, public_key, sealed, created_at)
     SELECT tenant_id, kind, 1, public_key, sealed, created_at FROM platform.keys
      WHERE tenant_id = $1 AND kind = ANY($2) ON CONFLICT DO NOTHING`,
    [tenantId, missing],
  );
  for (const role of missing) {
    const { rowCount } = await sql.query(
      'SELECT 1 FROM platform.role_keys WHERE tenant_id = $1 AND role = $2',
      [tenantId, role],
    );
    if (rowCount === 0) await insert(sql, kek, { tenantId, role, generation: 1 });
  }
  return readRoleKeys(sql, kek, tenantId);
};

/** Adds the next key of a role; with `withdraw` all older ones are in no key set any more. */
export const addRoleKey = async (
  sql: Sql,
  kek: Kek,
  change: { tenantId: string; role: Role; withdraw: boolean; at: Date },
): Promise<void> => {
  const { tenantId, role } = change;
  const present = (await readRoleKeys(sql, kek, tenantId)).filter((key) => key.role === role);
  const newest = Math.max(0, ...present.map(({ generation }) => generation));
  await insert(sql, kek, { tenantId, role, generation: newest + 1 });
  if (change.withdraw) await withdrawRoleKeys(sql, { ...change, below: newest + 1 });
};

export const withdrawRoleKeys = async (
  sql: Sql,
  change: { tenantId: string; role: Role; below: number; at: Date },
): Promise<void> => {
  await sql.query(
    `UPDATE platform.role_keys SET withdrawn_at = $4
      WHERE tenant_id = $1 AND role = $2 AND generation < $3 AND withdrawn_at IS NULL`,
    [change.tenantId, change.role, change.below, change.at],
  );
};
