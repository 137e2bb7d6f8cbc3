/** A statement that takes longer than it may, on a real server: the answer says what to do. */
import '@signalbeam/launcher/rig/provided';
import { type FreshDatabase, freshDatabase } from '@signalbeam/launcher/rig/database';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createLog } from '../logging/log.ts';
import { openPool, type Pool } from '../postgres/pool.ts';
import { transaction } from '../postgres/transaction.ts';
import { createApi } from './app.ts';
import { createMetrics } from './metrics.ts';

let database: FreshDatabase;
let pool: Pool;
const lines: string[] = [];
const destination = { write: (line: string): void => void lines.push(line) };
const metrics = createMetrics();
const api = createApi({
  log: createLog({ name: 'test', level: 'info', destination }),
  authenticate: (_, next) => next(),
  measure: metrics.measure,
});
api.get('/api/statements/:seconds', async (c) => {
  await pool.query('SELECT pg_sleep($1)', [c.req.param('seconds')]);
  return c.text('done');
});
api.get('/api/transactions/:seconds', async (c) => {
  await transaction(pool, (sql) => sql.query('SELECT pg_sleep($1)', [c.req.param('seconds')]));
  return c.text('done');
});

beforeAll(async () => {
  database = await freshDatabase(inject('postgresUrl'));
  pool = openPool({ url: database.url, role: null, max: 1, statementTimeoutMs: 100 });
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

it.each(['statements', 'transactions'])(
  '%s that are cut off are told as too slow, with what to do and when',
  async (kind) => {
    lines.length = 0;
    const answer = await api.request(`/api/${kind}/60`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('60');
    expect(await answer.json()).toMatchObject({
      code: 'database-too-slow',
      detail: expect.stringContaining('nothing was changed'),
      next: expect.stringContaining('ask for less'),
    });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: 'error',
        route: `/api/${kind}/:seconds`,
        code: 'database-too-slow',
        error: { code: '57014' },
      },
    ]);
    // The connection is as good as before.
    expect(await (await api.request(`/api/${kind}/0`)).text()).toBe('done');
    expect(await metrics.registry.metrics()).toContain(
      `route="/api/${kind}/:seconds",status="503"`,
    );
  },
);
