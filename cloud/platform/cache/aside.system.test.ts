/** Reading beside Postgres over a real server: right at once after a change, without it, and after. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Redis, startRedis } from '@signalbeam/launcher/infra/redis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createLog } from '../logging/log.ts';
import { createAside } from './aside.ts';
import type { Cache } from './port.ts';
import { openValkeyCache } from './valkey.ts';

const schema = z.strictObject({ name: z.string() });
const tenantId = randomUUID();
let folder: string;
let redis: Redis;
/** Two replicas. */
let caches: Cache[];
let loads = 0;
const patient = { timeout: 60_000, interval: 200 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aside-'));
  redis = await startRedis({ dir: folder });
  const log = createLog({ name: 'test', level: 'silent' });
  const now = () => performance.now();
  caches = [0, 1].map(() => openValkeyCache({ url: redis.url, log, now }));
});
afterAll(async () => {
  await Promise.all((caches ?? []).map((cache) => cache.close()));
  await redis?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A thing in a database of one row, read by both replicas. */
const makeThing = () => {
  const id = randomUUID();
  const row = { name: 'old' };
  const asides = caches.map((cache) => createAside({ cache }));
  const at = (replica: number) => {
    const aside = asides[replica];
    if (aside === undefined) throw new Error('no such replica');
    return aside;
  };
  const load = async (): Promise<{ name: string }> => {
    loads += 1;
    return { ...row };
  };
  return {
    row,
    at,
    of: { kind: 'bundle', id, tenantId, schema } as const,
    load,
    read: (replica = 0, as = tenantId) =>
      at(replica).read({ kind: 'bundle', id, tenantId: as, schema }, load),
    forget: (replica = 0) => at(replica).forget('bundle', id),
  };
};

describe('what is read beside Postgres', () => {
  it('is read once for all replicas, and anew as soon as one says that it changed', async () => {
    // A cache that misses its deadline on a busy machine is a miss: right, and read once more.
    const thing = await vi.waitFor(async () => {
      const { row, read, forget } = makeThing();
      loads = 0;
      expect([await read(0), await read(1), await read(0)]).toEqual(Array(3).fill({ name: 'old' }));
      expect(loads).toBe(1);
      return { row, read, forget };
    }, patient);
    thing.row.name = 'new';
    await thing.forget(1);
    expect(await thing.read(1)).toEqual({ name: 'new' });
    await vi.waitFor(async () => expect(await thing.read(0)).toEqual({ name: 'new' }), patient);
  });

  it('is not kept by who read it before a change that came in between', async () => {
    const { row, at, of, load, read, forget } = makeThing();
    const slow = await at(0).read(of, async () => {
      const before = await load();
      row.name = 'new';
      await forget(1);
      return before;
    });
    expect(slow).toEqual({ name: 'old' });
    expect(await read(1)).toEqual({ name: 'new' });
  });

  it('is nothing for another tenant, and no answer if it is of another form', async () => {
    const { of, read } = makeThing();
    await read();
    loads = 0;
    await read(0, randomUUID());
    expect(loads).toBe(1);
    for (const text of ['{', '{}', JSON.stringify({ tenantId, value: { colour: 'red' } })]) {
      await caches[0]?.set(`bundle:${of.id}`, text, 60_000);
      expect(await read()).toEqual({ name: 'old' });
    }
  });

  it('is right while the server is gone, and when it is back', async () => {
    const { row, read, forget } = makeThing();
    await read();
    await redis.stop();
    for (const name of ['one', 'two']) {
      row.name = name;
      await forget();
      expect(await read(0)).toEqual({ name });
      expect(await read(1)).toEqual({ name });
    }
    redis = await startRedis({ dir: folder, port: redis.port });
    row.name = 'back';
    // It is used again by itself; until then reading goes to the row.
    await vi.waitFor(async () => {
      await caches[0]?.set('sign of life', 'yes', 1_000);
      expect(await caches[1]?.get('sign of life')).toBe('yes');
    }, patient);
    expect([await read(0), await read(1)]).toEqual([{ name: 'back' }, { name: 'back' }]);
    await vi.waitFor(async () => {
      loads = 0;
      expect([await read(0), await read(1)]).toEqual([{ name: 'back' }, { name: 'back' }]);
      expect(loads).toBe(0);
    }, patient);
  });
});
