/**
 * The only place that sets `app.tenant`. It is local to one transaction, so a pooled connection
 * can't carry one tenant's rights into the next request, whatever fails in between.
 */
import type { PoolClient } from 'pg';
import type { Pool } from './pool.ts';
import { transaction } from './transaction.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Runs `fn` in a transaction that sees the rows of one tenant. */
export const withTenant = async <T>(
  pool: Pool,
  tenantId: string,
  fn: (client: PoolClient) => Promise<T>,
): Promise<T> => {
  if (!uuid.test(tenantId)) throw new TypeError('a tenant id is a lower-case UUID');
  return transaction(pool, fn, {
    prepare: (client) => client.query(`SELECT set_config('app.tenant', $1, true)`, [tenantId]),
  });
};
