/**
 * One replica at a time does the background work: whoever holds a session's advisory lock. The
 * lock goes with the connection, so a holder that dies or is cut off loses it by itself; another
 * takes it at its next try. Work done under it must still be harmless when done twice.
 */
import type { Pool } from '@signalbeam/platform/postgres/pool';
import type { PoolClient } from 'pg';

export type Lease = {
  /** Tries to get it, or makes sure it is still held. Throws when Postgres does not answer. */
  hold: () => Promise<boolean>;
  isHeld: () => boolean;
  release: () => Promise<void>;
};

export const createLease = (pool: Pool, lockKey: number): Lease => {
  let holder: PoolClient | undefined;
  const lose = (): void => {
    const lost = holder;
    holder = undefined;
    lost?.release(true);
  };
  const take = async (): Promise<boolean> => {
    const client = await pool.connect();
    try {
      const { rows } = await client.query<{ held: boolean }>(
        'SELECT pg_try_advisory_lock($1) AS held',
        [lockKey],
      );
      if (rows[0]?.held !== true) {
        client.release();
        return false;
      }
    } catch (error) {
      client.release(true);
      throw error;
    }
    client.once('error', lose);
    holder = client;
    return true;
  };
  return {
    isHeld: () => holder !== undefined,
    hold: async () => {
      if (holder === undefined) return take();
      try {
        await holder.query('SELECT 1');
        return holder !== undefined;
      } catch (error) {
        lose();
        throw error;
      }
    },
    release: async () => {
      const client = holder;
      holder = undefined;
      // Ending the session gives the lock up, whatever state the connection is in.
      client?.release(true);
    },
  };
};
