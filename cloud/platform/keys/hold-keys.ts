/**
 * Signing against a change of keys: whoever signs holds the tenant's keys until its transaction
 * ends, and whoever changes them waits for those and keeps the next ones waiting. So nothing that a
 * withdrawn key signed is committed after the key set without it, whichever replica signs.
 * Held before any row is locked: the change of keys locks rows, too.
 */
import type { Sql } from '../postgres/pool.ts';
import type { Keyring, TenantKeys } from './keyring.ts';

const lockOf = `hashtextextended('keys ' || $1, 0)`;

/** The keys that may sign until this transaction ends. */
export const holdKeys = async (
  sql: Sql,
  keyring: Pick<Keyring, 'current'>,
  tenantId: string,
  role: 'api' | 'system' = 'api',
): Promise<TenantKeys> => {
  await sql.query(`SELECT pg_advisory_xact_lock_shared(${lockOf})`, [tenantId]);
  return keyring.current(tenantId, role === 'system' ? sql : undefined);
};

/** Alone until this transaction ends: nobody signs for the tenant, nobody else changes its keys. */
export const holdKeysAlone = async (sql: Sql, tenantId: string): Promise<void> => {
  await sql.query(`SELECT pg_advisory_xact_lock(${lockOf})`, [tenantId]);
};
