/** Idempotency keys on a real database: one change for each key, whatever comes between. */
import { randomUUID } from 'node:crypto';
import '@signalbeam/launcher/rig/provided';
import { createRoute, z } from '@hono/zod-openapi';
import { type FreshDatabase, freshDatabase } from '@signalbeam/launcher/rig/database';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { kekFromBytes } from '../keys/kek.ts';
import { createLog } from '../logging/log.ts';
import { writeAudit } from '../postgres/audit.ts';
import { keptMs, markUsed, sweepIdempotencyKeys } from '../postgres/idempotency-keys.ts';
import { migrate } from '../postgres/migrate.ts';
import { openPool, type Pool } from '../postgres/pool.ts';
import { changeTenant, systemAuthor } from '../postgres/tenant.ts';
import { createApi } from './app.ts';
import { authorOf, requireUser } from './caller.ts';
import { createIdempotency } from './idempotency.ts';
import { refusal } from './problem.ts';

const log = createLog({ name: 'test', level: 'silent' });
const tenants = [randomUUID(), randomUUID()] as const;
let database: FreshDatabase;
let owner: Pool;
let system: Pool;
let apiPool: Pool;
let nowMs = Date.parse('2026-01-01T00:00:00Z');
/** Runs inside of the handler, after its change was committed. */
let meanwhile: () => Promise<void> = async () => {};

beforeAll(async () => {
  database = await freshDatabase(inject('postgresUrl'));
  await migrate({ url: database.url });
  const open = (role: 'sb_system' | 'sb_api' | null) =>
    openPool({ url: database.url, role, max: 4 });
  [owner, system, apiPool] = [open(null), open('sb_system'), open('sb_api')];
  await owner.query(`CREATE TABLE platform.things (tenant_id uuid, name text, secret text);
    SELECT platform.hold_tenant_rows('platform.things')`);
});
afterAll(async () => {
  await Promise.all([owner, system, apiPool].map((pool) => pool?.end()));
  await database?.drop();
});
beforeEach(async () => {
  meanwhile = async () => {};
  await owner.query('TRUNCATE platform.things, platform.idempotency_keys');
});

const schema = z.strictObject({ name: z.string() });
const made = z.strictObject({ name: z.string(), secret: z.string() });

const api = createApi({
  log,
  authenticate: async (c, next) => {
    const [tenant = 0, user = 'ada'] = (c.req.header('x-as') ?? '').split(':');
    const tenantId = tenants[Number(tenant) === 1 ? 1 : 0];
    const facts = { tenantId, userId: tenantId, email: user, role: 'operator' as const };
    const session = { account: 'person' as const, sessionId: null, tokenId: null };
    const caller = { ...facts, ...session, sites: null };
    c.set('authentication', { kind: 'known', caller: { kind: 'user', ...caller } });
    await next();
  },
  idempotency: async (c, next) =>
    createIdempotency({ system, kek: kekFromBytes(Buffer.alloc(32, 7)), now: () => nowMs })(
      c,
      next,
    ),
});
api.openapi(
  createRoute({
    method: 'post',
    path: '/api/things',
    middleware: [requireUser('operator')] as const,
    request: { body: { required: true, content: { 'application/json': { schema } } } },
    responses: { 201: { description: 'Made', content: { 'application/json': { schema: made } } } },
  }),
  async (c) => {
    const { name } = c.req.valid('json');
    const thing = { name, secret: randomUUID() };
    await changeTenant(apiPool, authorOf(c.var), async (sql) => {
      if (name === 'refused') throw refusal('conflict', 'not now');
      await sql.query('INSERT INTO platform.things VALUES ($1, $2, $3)', [
        ...[c.var.caller.tenantId, name, thing.secret],
      ]);
      await writeAudit(sql, { ...authorOf(c.var), action: 'thing.make', target: 'thing' });
    });
    await meanwhile();
    return c.json(thing, 201);
  },
);

const post = async (key: string, name = 'pump', as = '0:ada') => {
  const response = await api.request('/api/things', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key, 'x-as': as },
    body: JSON.stringify({ name }),
  });
  const { status, headers } = response;
  return { status, headers, body: (await response.json()) as Record<string, unknown> };
};
const things = async (): Promise<number> =>
  (await owner.query<{ count: number }>('SELECT count(*) FROM platform.things')).rows[0]?.count ??
  0;

describe('a repeat with the same key', () => {
  // Inventory §7.32
  it('gets the first answer, which lies sealed in the database', async () => {
    const [first, second] = [await post('key-1'), await post('key-1')];
    expect(first.status).toBe(201);
    expect(first.headers.has('idempotency-replayed')).toBe(false);
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(second.headers.get('content-type')).toBe('application/json');
    expect(await things()).toBe(1);
    const { rows } = await owner.query('SELECT * FROM platform.idempotency_keys');
    const stored =
      JSON.stringify(rows) + Buffer.concat([rows[0].answer, rows[0].request]).toString('latin1');
    expect(stored).not.toContain(first.body['secret']);
  });

  it('at the same moment is told to wait, and one change is made', async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let entered = (): void => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    meanwhile = () => {
      entered();
      return released;
    };
    const first = post('key-2');
    await inside;
    const second = await post('key-2');
    // Committed, not answered yet: not known to be lost either.
    expect([second.status, second.body['code']]).toEqual([409, 'request-in-progress']);
    expect(second.headers.get('retry-after')).toBe('1');
    release();
    expect((await first).status).toBe(201);
    expect((await post('key-2')).body).toEqual((await first).body);
    expect(await things()).toBe(1);
  });

  it('and another request is refused; the key of another user or tenant is another key', async () => {
    await post('key-3');
    expect((await post('key-3', 'valve')).body['code']).toBe('idempotency-key-reused');
    expect((await post('key-3', 'pump', '0:bob')).status).toBe(201);
    expect((await post('key-3', 'pump', '1:ada')).status).toBe(201);
    expect(await things()).toBe(3);
  });

  it('is carried out when the first changed nothing: refused, or without a database', async () => {
    expect((await post('key-4', 'refused')).status).toBe(409);
    expect((await post('key-4', 'valve')).status).toBe(201);
    expect((await post('', 'valve')).status).toBe(400);
  });
});

describe('a process that dies', () => {
  /** Its attempt as it is left behind: claimed, and with or without a committed change. */
  const dieIn = async (key: string, committed: boolean) => {
    meanwhile = () => new Promise(() => {});
    void post(key);
    await expect.poll(things).toBe(1);
    meanwhile = async () => {};
    if (!committed)
      await owner.query(
        `TRUNCATE platform.things; UPDATE platform.idempotency_keys SET committed_at = NULL`,
      );
  };

  it('before its change leaves the key to the next attempt, and can’t commit any more itself', async () => {
    await dieIn('key-5', false);
    expect((await post('key-5')).status).toBe(409);
    nowMs += 61_000;
    const { rows } = await owner.query<{ claim: string }>(
      'SELECT claim FROM platform.idempotency_keys',
    );
    expect((await post('key-5')).status).toBe(201);
    const of = { tenantId: tenants[0], caller: 'user:ada', key: 'key-5' };
    const late = changeTenant(apiPool, systemAuthor(tenants[0]), async (sql) => {
      await sql.query('INSERT INTO platform.things VALUES ($1, $2, $3)', [tenants[0], 'late', '']);
      await markUsed(of, rows[0]?.claim ?? '')(sql);
    });
    await expect(late).rejects.toThrow(/took the idempotency key over/);
    expect(await things()).toBe(1);
  });

  it('after its change never lets it happen twice, and the repeat learns that', async () => {
    await dieIn('key-6', true);
    nowMs += 61_000;
    expect((await post('key-6')).body['code']).toBe('answer-lost');
    expect(await things()).toBe(1);
  });
});

it('keys are forgotten after a day', async () => {
  await post('key-7');
  nowMs += keptMs + 1;
  expect((await post('key-7')).status).toBe(201);
  expect(await things()).toBe(2);
  nowMs += keptMs + 1;
  const sweep = sweepIdempotencyKeys({ system, log, now: () => nowMs });
  await sweep.sweep();
  sweep.stop();
  const { rows } = await owner.query('SELECT 1 FROM platform.idempotency_keys');
  expect(rows).toEqual([]);
});
