/**
 * Counts attempts to sign in per client address and e-mail address, before the password is looked
 * at, so that a thousand attempts at once are counted one by one. In Postgres, not in the cache:
 * the limit must hold across replicas and without a cache.
 */
import { createHash } from 'node:crypto';
import { onlyRow, type Pool, type Sql } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { countFailure, forgetAfterMs, type Throttle, throttleOf } from '../core/login-throttle.ts';

export type LoginKey = { ip: string | null; email: string };

const keyOf = ({ ip, email }: LoginKey): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([ip ?? 'unknown', email.toLowerCase()]))
    .digest();

/** Takes one attempt off the allowance, or says how long to wait. Waiting costs nothing. */
export const admitLogin = (system: Pool, login: LoginKey, nowMs: number): Promise<Throttle> =>
  transaction(system, async (sql) => {
    const key = keyOf(login);
    // One statement: between two, another attempt that is let in would take the row away.
    const row = onlyRow(
      await sql.query<{ failures: number; last_at: Date }>(
        `INSERT INTO device_manager.login_failures AS present (key, failures, last_at) VALUES ($1, 0, $2)
         ON CONFLICT (key) DO UPDATE SET failures = present.failures RETURNING failures, last_at`,
        [key, new Date(nowMs)],
      ),
    );
    const known = { failures: row.failures, lastAtMs: row.last_at.getTime() };
    const throttle = throttleOf(known, nowMs);
    if (throttle.kind === 'open') {
      const next = countFailure(known, nowMs);
      await sql.query(
        'UPDATE device_manager.login_failures SET failures = $2, last_at = $3 WHERE key = $1',
        [key, next.failures, new Date(next.lastAtMs)],
      );
    }
    return throttle;
  });

/** After a success: the failures before it were typing errors. */
export const forgetLogin = async (sql: Sql, login: LoginKey): Promise<void> => {
  await sql.query('DELETE FROM device_manager.login_failures WHERE key = $1', [keyOf(login)]);
};

export const sweepLogins = async (sql: Sql, nowMs: number): Promise<number> => {
  const { rowCount } = await sql.query(
    'DELETE FROM device_manager.login_failures WHERE last_at < $1',
    [new Date(nowMs - forgetAfterMs)],
  );
  return rowCount ?? 0;
};
