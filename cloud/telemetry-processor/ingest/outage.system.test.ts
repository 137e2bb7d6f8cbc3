/** Postgres stopped for a while and back: nothing is acknowledged meanwhile, all arrives once. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Postgres, startPostgres } from '@signalbeam/launcher/infra/postgres';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startBackground } from '../background.ts';
import {
  addDevices,
  addTenant,
  openAck,
  openOwner,
  storedRows,
  writtenRows,
} from '../rig.suite.ts';
import { createIngestFacts } from './facts.ts';

let dir: string;
let postgres: Postgres;
let test: TestPlatform;

const start = (port?: number) => startPostgres({ dir, ...(port === undefined ? {} : { port }) });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'outage-'));
  await chmod(dir, 0o711);
  postgres = await start();
  test = await openTestPlatform(postgres.url);
});
afterAll(async () => {
  await test?.close();
  await postgres?.stop();
  await rm(dir, { recursive: true, force: true });
});

it('waits for Postgres, holds little, and stores every row once when it is back', async () => {
  const { platform, world } = test;
  const owner = openOwner(world.databaseUrl);
  const tenant = await addTenant(owner, platform);
  const [device] = await addDevices(owner, tenant, 1);
  if (device === undefined) throw new Error('no device was made');
  const background = await startBackground(platform, createIngestFacts(platform.metrics));
  const nc = await device.connect(world.hub.url, platform.keyring, tenant.tenantId);
  const acked: number[] = [];
  nc.subscribe(deviceSubjects.down(device.site, device.deviceId, 'ack'), {
    callback: (_, message) => {
      void openAck(platform, tenant.tenantId, message.data).then((ack) =>
        acked.push(...ack.lanes.map((lane) => lane.upTo)),
      );
    },
  });
  device.write('metrics', 1_000);
  const send = (from: number, to: number) =>
    nc.request(deviceSubjects.lane('metrics', device.deviceId), device.frame('metrics', from, to), {
      timeout: 5_000,
    });
  await send(0, 50);
  await vi.waitFor(() => expect(acked).toContain(50), { timeout: 20_000 });

  const { port } = postgres;
  await postgres.kill();
  for (let from = 50; from < 1_000; from += 50) await send(from, from + 50);
  await sleep(2_000);
  expect(Math.max(...acked)).toBe(50);

  postgres = await start(port);
  await vi.waitFor(() => expect(acked).toContain(1_000), { timeout: 60_000 });
  expect(await storedRows(owner, 'metrics', device.deviceId)).toEqual(
    writtenRows(device, 'metrics'),
  );
  await nc.close();
  await background.stop();
  await owner.end();
});
