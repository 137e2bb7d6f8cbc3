/**
 * A Postgres that keeps its connections and says nothing (a frozen machine, a cut cable): whoever
 * waits for it gets an answer, the connection is given up, and the pool serves again.
 */
import '@signalbeam/launcher/rig/provided';
import { freshDatabase } from '@signalbeam/launcher/rig/database';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { isUnavailable, openPool, type Pool } from './pool.ts';
import { transaction } from './transaction.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let pool: Pool;

beforeAll(async () => {
  database = await freshDatabase(inject('postgresUrl'));
  pool = openPool({ url: database.url, role: null, max: 1, statementTimeoutMs: 100 });
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

const backend = async (): Promise<number> => {
  const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
};

it.each([
  ['a statement', () => pool.query('SELECT 1')],
  ['a transaction', () => transaction(pool, (sql) => sql.query('SELECT 1'))],
] as const)(
  '%s that is never answered fails as unavailable, and the next has another connection',
  async (_, ask) => {
    const pid = await backend();
    process.kill(pid, 'SIGSTOP');
    try {
      const failure = await ask().then(
        () => null,
        (error: unknown) => error,
      );
      expect(isUnavailable(failure), String(failure)).toBe(true);
      expect(await backend()).not.toBe(pid);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  },
);
