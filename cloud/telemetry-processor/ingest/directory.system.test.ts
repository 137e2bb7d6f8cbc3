/** The directory over the real view: what it remembers, for how long, and what it never mixes up. */
import '@signalbeam/launcher/rig/provided';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { addDevices, addTenant, openOwner, type TestTenant } from '../rig.suite.ts';
import { createDirectory } from './directory.ts';

let test: TestPlatform;
let owner: Pool;
let tenant: TestTenant;
let now = 1_000_000;

const open = () =>
  createDirectory({
    sql: test.platform.pools.ingest,
    keyring: test.platform.keyring,
    now: () => now,
  });

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  tenant = await addTenant(owner, test.platform);
});
afterAll(async () => {
  await owner.end();
  await test.close();
});

it('gives an answer that holds, though what it remembers runs out meanwhile', async () => {
  const directory = open();
  const [one, two] = (await addDevices(owner, tenant, 2)).map((device) => device.deviceId);
  if (one === undefined || two === undefined) throw new Error('no devices were made');
  await directory.find([one]);
  const finding = directory.find([one, two, 'nobody']);
  now += 3_600_000;
  const found = await finding;
  expect(found.get(one)).toMatchObject({ tenantKey: tenant.tenantKey, site: 'plant-7' });
  expect(found.get(two)?.approved).toBe(true);
  expect(found.get('nobody')).toBeNull();
  expect(directory.peek(one)).toBeUndefined();
});

it('lets a revoked device go within half a minute and a new one in within two seconds', async () => {
  const directory = open();
  const [device] = await addDevices(owner, tenant, 1);
  const id = device?.deviceId ?? '';
  const set = (status: string) =>
    owner.query('UPDATE device_manager.devices SET status = $2 WHERE id = $1', [id, status]);
  await set('pending');
  expect((await directory.find([id])).get(id)?.approved).toBe(false);
  await set('approved');
  now += 2_000;
  expect((await directory.find([id])).get(id)?.approved).toBe(true);
  await set('rejected');
  now += 30_001;
  expect((await directory.find([id])).get(id)?.approved).toBe(false);
});

it('looks again at a device that is in doubt, but not for every message', async () => {
  const directory = open();
  const [device] = await addDevices(owner, tenant, 1);
  const id = device?.deviceId ?? '';
  await directory.find([id]);
  await owner.query('UPDATE device_manager.devices SET site = $2 WHERE id = $1', [id, 'plant-8']);
  directory.doubt(id);
  expect((await directory.find([id])).get(id)?.site).toBe('plant-7');
  now += 1_500;
  directory.doubt(id);
  expect((await directory.find([id])).get(id)?.site).toBe('plant-8');
});

it('keeps a device as it is, with its keys, while it is renewed and nothing of it changed', async () => {
  const directory = open();
  const [device] = await addDevices(owner, tenant, 1);
  const id = device?.deviceId ?? '';
  const known = (await directory.find([id])).get(id);
  now += 30_001;
  expect(directory.peek(id)).toBeUndefined();
  expect((await directory.find([id])).get(id)).toBe(known);
  expect(known?.publicKey).toBe(known?.publicKey);
  await owner.query('UPDATE device_manager.devices SET site = $2 WHERE id = $1', [id, 'plant-9']);
  now += 30_001;
  const moved = (await directory.find([id])).get(id);
  expect(moved).not.toBe(known);
  expect(moved?.site).toBe('plant-9');
});
