/** A hub that lost its folders, or was away, is whole again without anybody's help. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import '@signalbeam/launcher/rig/provided';
import { createUser, encodeUser, fmtCreds } from '@nats-io/jwt';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { queueEvents } from '../events/queue.ts';
import { subscribeEvents } from '../events/subscribe.ts';
import { addTestTenant, openTestPlatform, type TestPlatform } from '../rig.suite.ts';
import { ensureStreams } from './streams.ts';

let test: TestPlatform;
const tenantId = randomUUID();

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  await addTestTenant(test.platform, tenantId);
});
afterAll(() => test.close());

const tenantCanConnect = async (): Promise<boolean> => {
  const { account } = await test.platform.keyring.tenant(tenantId);
  const user = createUser();
  const creds = fmtCreds(await encodeUser('probe', user, account.keyPair, {}), user);
  const authenticator = credsAuthenticator(creds);
  return connect({ servers: test.world.hub.url, authenticator, reconnect: false }).then(
    async (connection) => {
      await connection.close();
      return true;
    },
    () => false,
  );
};

describe('a hub', () => {
  it('keeps a record under its key, overwrites it, deletes it', async () => {
    const { desired } = test.platform;
    const key = 'ATENANT.site.device';
    expect(await desired.get(key)).toBeNull();
    await desired.put(key, Buffer.from('one'));
    await desired.put(key, Buffer.from('two'));
    expect(Buffer.from((await desired.get(key)) ?? []).toString()).toBe('two');
    const revision = await desired.revisionOf(key);
    await desired.put(key, Buffer.from('three'));
    expect(await desired.delete(key, revision)).toBe(false);
    expect(await desired.delete(key, await desired.revisionOf(key))).toBe(true);
    expect(await desired.get(key)).toBeNull();
    await expect(desired.put(key, new Uint8Array(20_000))).rejects.toThrow(RangeError);
  });

  it('of an older version learns the subjects that have been added, and keeps its own', async () => {
    const { jsm } = test.platform.cloud;
    const now = (await jsm.streams.info('EVENTS')).config.subjects;
    const older = [...now.filter((subject) => subject !== 'signalbeam.alerts.>'), 'signalbeam.old'];
    await jsm.streams.update('EVENTS', { subjects: older });
    await ensureStreams(test.platform.cloud);
    const { subjects } = (await jsm.streams.info('EVENTS')).config;
    expect(subjects.toSorted()).toEqual([...now, 'signalbeam.old'].toSorted());
  });

  it('that lost everything gets accounts, streams and events again', async () => {
    const { platform, world } = test;
    const heard: string[] = [];
    const subscription = subscribeEvents({
      cloud: platform.cloud,
      sql: platform.pools.system,
      log: platform.log,
      durable: 'rebuilt',
      subjects: ['signalbeam.users.>'],
      handle: async (message) => {
        heard.push(message.type);
      },
    });
    const say = (type: string) =>
      queueEvents(platform.pools.system, [
        { tenantId, type, subject: 'signalbeam.users.said', version: 1, data: {} },
      ]);
    await say('before');
    await vi.waitFor(() => expect(heard).toContain('before'), { timeout: 10_000 });
    let refilled = 0;
    platform.streams.onMade('KV_desired', () => {
      refilled += 1;
    });
    await world.hub.kill();
    await say('while it was away');
    await rm(world.hub.storeDir, { recursive: true });
    await rm(join(world.folder, 'accounts'), { recursive: true });
    await world.hub.start();
    await vi.waitFor(() => expect(refilled).toBe(1), { timeout: 20_000 });
    await vi.waitFor(() => expect(heard).toContain('while it was away'), { timeout: 20_000 });
    await vi.waitFor(async () => expect(await tenantCanConnect()).toBe(true), { timeout: 20_000 });
    // Sent again from Postgres, for consumers that had not heard it when the stream was lost.
    expect(heard.filter((type) => type === 'before').length).toBeGreaterThan(1);
    await say('after');
    await vi.waitFor(() => expect(heard).toContain('after'), { timeout: 20_000 });
    await subscription.stop();
  });
});
