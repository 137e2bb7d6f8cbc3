/**
 * The only place that sets `app.tenant`. It is local to one transaction, so a pooled connection
 * can't carry one tenant's rights into the next request, whatever fails in between. Reading is a
 * read-only transaction, so a change can only be made where the audit log is told of it.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import pg, { type PoolClient } from 'pg';
import { toldAudit } from './audit.ts';
import { allowDecompression } from './decompression.ts';
import type { Pool, Sql } from './pool.ts';
import { type TransactionOptions, transaction } from './transaction.ts';

/** Whose rows are seen, and of them those of which sites; null: of all. */
export type TenantScope = { tenantId: string; sites: readonly string[] | null };

/** On whose behalf something is changed: who, from where, and in which request. */
export type Author = TenantScope & { actor: string; ip: string | null; requestId: string | null };

/** The scope of background work, and of devices: they are held to themselves by their id. */
export const everySite = (tenantId: string): TenantScope => ({ tenantId, sites: null });

/** Who changes something without being asked: background work. */
export const systemAuthor = (tenantId: string): Author => ({
  ...everySite(tenantId),
  actor: 'system',
  ip: null,
  requestId: null,
});

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

// The role of scoped requests sees what `sb_api` sees, less what the policies on sites take away.
// Site names hold no comma.
const enter = (sql: Sql, scope: TenantScope, requestId: string | null): Promise<unknown> => {
  const settings = [
    ['app.tenant', scope.tenantId],
    ...(requestId === null ? [] : [['app.request', requestId]]),
    ...(scope.sites === null
      ? []
      : [
          ['app.sites', scope.sites.join(',')],
          ['role', 'sb_site'],
        ]),
  ];
  const calls = settings.map((_, at) => `set_config($${at * 2 + 1}, $${at * 2 + 2}, true)`);
  return sql.query(`SELECT ${calls.join(', ')}`, settings.flat());
};

/** A row that the policies do not let in: of another site, or of another tenant, which is a bug. */
const isRefusedRow = (error: unknown): boolean =>
  error instanceof pg.DatabaseError &&
  error.code === '42501' &&
  error.message.includes('row-level security');

const checkTenant = ({ tenantId }: TenantScope): void => {
  if (!uuid.test(tenantId)) throw new TypeError('a tenant id is a lower-case UUID');
};

/**
 * Runs `fn` in a transaction that sees the rows of one tenant, and can change none. `repeatable read`:
 * all its statements see the same moment.
 */
export const withTenant = async <T>(
  pool: Pool,
  scope: TenantScope,
  fn: (client: PoolClient) => Promise<T>,
  options: Pick<TransactionOptions, 'isolation'> = {},
): Promise<T> => {
  checkTenant(scope);
  return transaction(pool, fn, {
    ...options,
    readOnly: true,
    prepare: (client) => enter(client, scope, null),
  });
};

/**
 * Runs `fn` in a transaction that may change the rows of one tenant. What was changed without a
 * line in the audit log (`writeAudit`) is not kept: a change that tells nothing is none.
 */
export const changeTenant = async <T>(
  pool: Pool,
  author: Author,
  fn: (client: PoolClient) => Promise<T>,
): Promise<T> => {
  checkTenant(author);
  try {
    return await transaction(pool, fn, {
      prepare: (client) => enter(client, author, author.requestId),
      keepIf: toldAudit,
    });
  } catch (cause) {
    if (author.sites === null || !isRefusedRow(cause)) throw cause;
    throw new FleetError('forbidden', 'This reaches beyond the sites that you may change.', {
      cause,
      next: 'Ask somebody who may change the other site.',
    });
  }
};

/**
 * Runs `fn` as who deletes rows of one tenant for good and sees no other's, over a pool with the role
 * `sb_eraser`. No line of the audit log is asked for: those of this tenant go, too.
 */
export const eraseTenant = async <T>(
  pool: Pool,
  tenantId: string,
  fn: (client: PoolClient) => Promise<T>,
): Promise<T> => {
  const scope = everySite(tenantId);
  checkTenant(scope);
  const prepare = async (client: PoolClient): Promise<void> => {
    await enter(client, scope, null);
    await allowDecompression(client);
  };
  return transaction(pool, fn, { prepare });
};
