/** Domain events: from the transaction to the consumer, in order, and nothing lost on the way. */
import { randomUUID } from 'node:crypto';
import '@signalbeam/launcher/rig/provided';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { writeAudit } from '../postgres/audit.ts';
import { openPool, type Sql } from '../postgres/pool.ts';
import { changeTenant, systemAuthor } from '../postgres/tenant.ts';
import { openTestPlatform, type TestPlatform } from '../rig.suite.ts';
import type { DomainMessage } from './message.ts';
import { publisherLockKey, startEventPublisher } from './publisher.ts';
import { type QueuedEvent, queueEvents } from './queue.ts';
import { type SubscribeOptions, subscribeEvents } from './subscribe.ts';

let test: TestPlatform;
const [one, two] = [randomUUID(), randomUUID()];

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
});
afterAll(() => test.close());

const subscribe = (options: Pick<SubscribeOptions, 'durable' | 'subjects' | 'handle'>) =>
  subscribeEvents({
    cloud: test.platform.cloud,
    sql: test.platform.pools.system,
    log: test.platform.log,
    ...options,
  });

/** Of types that no catalogue knows: how events travel is the same for all. */
const queue = (sql: Sql, ...events: Omit<QueuedEvent, 'version'>[]) =>
  queueEvents(
    sql,
    events.map((event) => ({ ...event, version: 1 })),
  );

const say = (tenantId: string, type: string, data: unknown, subject = 'signalbeam.users.said') =>
  changeTenant(test.platform.pools.api, systemAuthor(tenantId), async (sql) => {
    await writeAudit(sql, { ...systemAuthor(tenantId), action: 'test.say', target: 'nothing' });
    await queue(sql, { tenantId, type, subject, data });
  });

describe('domain events', () => {
  // Inventory §7.32
  it('arrive in order, once the transaction is kept and never when it is not', async () => {
    const heard: unknown[] = [];
    const subscription = subscribe({
      durable: 'ordered',
      subjects: ['signalbeam.users.ordered.*'],
      handle: async (message) => {
        heard.push(message.data);
      },
    });
    const subject = 'signalbeam.users.ordered.x';
    for (let count = 0; count < 20; count += 1) await say(one, 'counted', { count }, subject);
    await changeTenant(test.platform.pools.api, systemAuthor(one), async (sql) => {
      await queue(sql, { tenantId: one, type: 'ghost', subject, data: 'ghost' });
      throw new Error('undone');
    }).catch(() => {});
    await queue(
      test.platform.pools.system,
      ...[20, 21].map((count) => ({ tenantId: one, type: 'counted', subject, data: { count } })),
    );
    await vi.waitFor(() => expect(heard).toHaveLength(22), { timeout: 10_000 });
    expect(heard).toEqual(Array.from({ length: 22 }, (_, count) => ({ count })));
    await subscription.stop();
  });

  it('are published once when several replicas publish', async () => {
    const { platform, world } = test;
    const more = [1, 2].map(() =>
      startEventPublisher({
        pool: platform.pools.system,
        databaseUrl: world.databaseUrl,
        js: platform.cloud.js,
        log: platform.log,
      }),
    );
    const ids: string[] = [];
    const subscription = subscribe({
      durable: 'replicas',
      subjects: ['signalbeam.users.replicas'],
      handle: async (message) => {
        ids.push(message.id);
      },
    });
    await Promise.all(
      Array.from({ length: 60 }, (_, count) => say(one, 't', count, 'signalbeam.users.replicas')),
    );
    await vi.waitFor(() => expect(new Set(ids).size).toBe(60), { timeout: 15_000 });
    expect(ids).toHaveLength(60);
    await subscription.stop();
    for (const publisher of more) await publisher.stop();
  });

  it('of another tenant cannot be forged by a request', async () => {
    const forged = changeTenant(test.platform.pools.api, systemAuthor(one), (sql) =>
      queue(sql, { tenantId: two, type: 't', subject: 'signalbeam.users.x', data: {} }),
    );
    await expect(forged).rejects.toThrow(/row-level security/);
  });

  it('are tried again, in order, when a handler fails', async () => {
    const heard: unknown[] = [];
    let failures = 2;
    const subscription = subscribe({
      durable: 'failing',
      subjects: ['signalbeam.users.failing'],
      handle: async (message) => {
        if (failures > 0) {
          failures -= 1;
          throw new Error('not yet');
        }
        heard.push(message.data);
      },
    });
    for (const data of [1, 2, 3]) await say(one, 't', data, 'signalbeam.users.failing');
    await vi.waitFor(() => expect(heard).toEqual([1, 2, 3]), { timeout: 15_000 });
    await subscription.stop();
  });

  it('that nobody can read are set aside, and the next ones arrive', async () => {
    const { platform } = test;
    const heard: string[] = [];
    const subscription = subscribe({
      durable: 'poisoned',
      subjects: ['signalbeam.users.poison', 'signalbeam.tenants.poison'],
      handle: async (message) => {
        heard.push(message.type);
      },
    });
    await platform.cloud.js.publish('signalbeam.users.poison', 'no JSON at all');
    const unknown = JSON.stringify({ id: randomUUID(), extra: true });
    await platform.cloud.js.publish('signalbeam.tenants.poison', unknown);
    await say(one, 'good', {}, 'signalbeam.users.poison');
    await say(one, 'of no interest', {}, 'signalbeam.users.other');
    await vi.waitFor(() => expect(heard).toEqual(['good']), { timeout: 10_000 });
    const { rows } = await platform.pools.system.query<{ payload: Buffer; subject: string }>(
      `SELECT payload, subject FROM platform.dead_letters WHERE consumer = 'poisoned' ORDER BY id`,
    );
    expect(rows.map(({ payload }) => payload.toString())).toEqual(['no JSON at all', unknown]);
    await subscription.stop();
  });
});

describe('when something dies', () => {
  const patient = { timeout: 60_000 };
  const idsIn = (heard: DomainMessage[]) => heard.map(({ id }) => id);
  const listen = (name: string) => {
    const heard: DomainMessage[] = [];
    const subscription = subscribe({
      durable: name,
      subjects: [`signalbeam.users.${name}`],
      handle: async (message) => {
        heard.push(message);
      },
    });
    return { heard, subscription };
  };

  it('a publisher between the hub and its commit: what it sent is sent again, and dropped there', async () => {
    const { system } = test.platform.pools;
    const { heard, subscription } = listen('killed');
    // Ends the connection of whoever publishes at this moment, as a crash of its process would.
    const owner = openPool({ url: test.world.databaseUrl, role: null, max: 1 });
    const kill = async (): Promise<number> => {
      const { rows } = await owner.query<{ count: number }>(
        `SELECT count(pg_terminate_backend(pid)) FROM pg_locks
          WHERE locktype = 'advisory' AND objid = $1
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        [publisherLockKey],
      );
      return rows[0]?.count ?? 0;
    };
    let sent = 0;
    for (let killed = 0; killed < 2; ) {
      const batch = Array.from({ length: 200 }, (_, index) => ({
        ...{ tenantId: one, type: 't', subject: 'signalbeam.users.killed', data: sent + index },
      }));
      sent += batch.length;
      await queue(system, ...batch);
      for (let tries = 0, before = killed; tries < 40 && killed === before; tries += 1) {
        killed += await kill();
      }
    }
    await vi.waitFor(() => expect(heard).toHaveLength(sent), patient);
    expect(heard.map(({ data }) => data)).toEqual(Array.from({ length: sent }, (_, at) => at));
    expect(new Set(idsIn(heard)).size).toBe(sent);
    await owner.end();
    await subscription.stop();
  });

  it('the hub: what was committed meanwhile arrives when it is back, in order', async () => {
    const { heard, subscription } = listen('hubless');
    await say(one, 't', 0, 'signalbeam.users.hubless');
    await vi.waitFor(() => expect(heard).toHaveLength(1), patient);
    await test.world.hub.kill();
    for (let count = 1; count < 30; count += 1)
      await say(one, 't', count, 'signalbeam.users.hubless');
    await test.world.hub.start();
    await vi.waitFor(() => expect(new Set(idsIn(heard)).size).toBe(30), patient);
    const firsts = heard.filter(({ id }, index) => idsIn(heard).indexOf(id) === index);
    expect(firsts.map(({ data }) => data)).toEqual(Array.from({ length: 30 }, (_, count) => count));
    await subscription.stop();
  });

  it('an event that no hub takes holds up nothing behind it', async () => {
    const { heard, subscription } = listen('large');
    await say(one, 'large', 'x'.repeat(1_100_000), 'signalbeam.users.large');
    await say(one, 'small', 'after it', 'signalbeam.users.large');
    await vi.waitFor(() => expect(heard).toHaveLength(1), patient);
    expect(heard[0]).toMatchObject({ type: 'small', version: 1, tenantId: one });
    expect(Date.parse(heard[0]?.occurredAt ?? '')).not.toBeNaN();
    const { rows } = await test.platform.pools.system.query<{ subject: string }>(
      `SELECT subject FROM platform.dead_letters WHERE consumer = 'event-publisher'`,
    );
    expect(rows).toEqual([{ subject: 'signalbeam.users.large' }]);
    await subscription.stop();
  });
});

describe('the live stream', () => {
  const open = (tenantId: string, wants?: (message: DomainMessage) => boolean) => {
    const client = test.platform.live.open({
      tenantId,
      wants: (message) => (wants?.(message) === false ? null : { event: 'device' }),
    });
    let text = '';
    (async () => {
      for await (const chunk of client.stream) text += Buffer.from(chunk).toString();
    })().catch(() => {});
    return { text: () => text, close: client.close };
  };

  it("tells a tenant's clients of its events and of no other's", async () => {
    const [mine, theirs] = [open(one), open(two)];
    const picky = open(one, (message) => message.type === 'wanted');
    await say(one, 'wanted', { of: 'one' });
    await say(two, 'foreign', { of: 'two' });
    test.platform.live.publish({ tenantId: one, type: 'metrics', data: { cpu: 1 } });
    await vi.waitFor(() => {
      expect(mine.text()).toContain('"wanted"');
      expect(mine.text()).toContain('"cpu":1');
      expect(theirs.text()).toContain('"foreign"');
    }, 15_000);
    expect(mine.text()).not.toContain('foreign');
    expect(theirs.text()).not.toContain('wanted');
    expect(picky.text()).toContain('wanted');
    expect(picky.text()).not.toContain('metrics');
    for (const client of [mine, theirs, picky]) client.close();
    expect(test.platform.live.clients()).toBe(0);
  });

  it('tells a client that could not keep up to ask anew, once, and stays bounded', async () => {
    const client = test.platform.live.open({ tenantId: one, wants: () => ({ event: 'device' }) });
    const filler = 'x'.repeat(60_000);
    for (let count = 0; count < 40; count += 1) {
      test.platform.live.publish({ tenantId: one, type: 'flood', data: filler });
    }
    await test.platform.cloud.connection.flush();
    await new Promise((resolve) => setTimeout(resolve, 300));
    let text = '';
    const reader = client.stream.getReader();
    const done = (async () => {
      for (;;) {
        const { value, done: ended } = await reader.read();
        if (ended) return;
        text += Buffer.from(value).toString();
      }
    })();
    await vi.waitFor(() => expect(text).toContain('event: resync'), 15_000);
    test.platform.live.publish({ tenantId: one, type: 'fresh', data: {} });
    await vi.waitFor(() => expect(text).toContain('fresh'), 15_000);
    client.close();
    await done;
    expect(text.match(/event: resync/g)).toHaveLength(1);
    expect(text.match(/"flood"/g)?.length).toBeLessThan(6);
  });
});
