/**
 * Which NATS credentials of a tenant the hub must refuse: those of deleted devices, and those that
 * a moved device had for the site it left. Device credentials do not expire, so this list is what
 * ends them at the broker; ingest and the API refuse a deleted device by themselves, whatever the
 * broker lets in. While a tenant is suspended, all of its credentials are refused: they count again
 * afterwards, so its devices come back by themselves. Of one that is deleted all are refused for good,
 * should anybody push its account once more.
 *
 *   device_manager.public_revocations (tenant_id, public_key, revoked_at)
 *   device_manager.public_tenants (tenant_id, suspended_at)
 *   platform.tenant_deletions (tenant_id, started_at)
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from '../postgres/pool.ts';

/** Public nkey → second until which credentials for it are revoked. */
export type Revocations = Record<string, number>;
export type RevocationLookup = (tenantId: string) => Promise<Revocations>;

/** 70 bytes each in a JWT that must fit the hub's 256 KB message: older ones rely on ingest. */
export const revocationsMax = 2_000;

/** Stands for every key of the account. */
const everyKey = '*';
/** Credentials that a request made which began before the suspension are refused, too. */
const suspendedSecondsAhead = 60;

/** A hundred years after a deletion nobody has a credential that was made since. */
const deletedSecondsAhead = 100 * 366 * 86_400;

/** Waited for at most: two replicas' clocks are no further apart. */
const secondsAheadMax = 5;

/**
 * NATS counts in seconds: credentials made in the second of a move or of a deletion would be taken
 * for those of before. Waits until that second is over.
 */
export const pastRevocation = async (sql: Sql, publicKey: string): Promise<void> => {
  const { rows } = await sql.query<{ revoked_at: Date | null }>(
    'SELECT max(revoked_at) AS revoked_at FROM device_manager.public_revocations WHERE public_key = $1',
    [publicKey],
  );
  const revokedAtMs = rows[0]?.revoked_at?.getTime() ?? 0;
  const openAtMs = (Math.floor(revokedAtMs / 1_000) + 1) * 1_000;
  const waitMs = Math.min(openAtMs - Date.now(), secondsAheadMax * 1_000);
  if (waitMs > 0) await sleep(waitMs);
};

/** Over a pool with the role `sb_system`. */
export const createRevocationLookup =
  (sql: Sql): RevocationLookup =>
  async (tenantId) => {
    const { rows } = await sql.query<{ public_key: string; revoked_at: Date }>(
      `SELECT public_key, revoked_at FROM device_manager.public_revocations
        WHERE tenant_id = $1 ORDER BY revoked_at DESC, public_key LIMIT $2`,
      [tenantId, revocationsMax],
    );
    const suspended = await sql.query<{ suspended_at: Date }>(
      `SELECT suspended_at FROM device_manager.public_tenants
        WHERE tenant_id = $1 AND suspended_at IS NOT NULL`,
      [tenantId],
    );
    const deleted = await sql.query<{ started_at: Date }>(
      'SELECT started_at FROM platform.tenant_deletions WHERE tenant_id = $1',
      [tenantId],
    );
    const secondOf = (at: Date): number => Math.floor(at.getTime() / 1_000);
    return Object.fromEntries([
      ...suspended.rows.map(
        (row) => [everyKey, secondOf(row.suspended_at) + suspendedSecondsAhead] as const,
      ),
      ...deleted.rows.map(
        (row) => [everyKey, secondOf(row.started_at) + deletedSecondsAhead] as const,
      ),
      ...rows
        .map((row) => [row.public_key, secondOf(row.revoked_at)] as const)
        .sort(([left], [right]) => (left < right ? -1 : 1)),
    ]);
  };
