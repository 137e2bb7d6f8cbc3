/**
 * Postgres stopped for a while and back: nothing is acknowledged meanwhile, all arrives once, and who greeted
 * in vain is called.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  const nc = await device.connect(world.hub.url, platform.keyring, tenant.tenantId);
  const acked: number[] = [];
  nc.subscribe(deviceSubjects.down(device.site, device.deviceId, 'ack'), {
    callback: (_, message) => {
      void openAck(platform, tenant.tenantId, message.data).then((ack) =>
        acked.push(...ack.lanes.map((lane) => lane.upTo)),
      );
    },
  });
  const calls: unknown[] = [];
  nc.subscribe(deviceSubjects.callSite(device.site), {
    callback: (_, message) => void calls.push(message.json()),
  });
  await nc.flush();
  const background = await startBackground(platform, createIngestFacts(platform.metrics));
  // A fleet's greetings are spread, those of a few devices come at once.
  await vi.waitFor(() => expect(calls).toEqual([{ withinMs: 1_000 }]), { timeout: 20_000 });
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
  // Nobody who greets now is answered; ingest calls once it can answer again.
  const greeted = deviceSubjects.hello(device.site, device.deviceId);
  const greeting = nc.request(greeted, device.hello('nonce-in-vain'), { timeout: 2_000 });
  await expect(greeting).rejects.toThrow();
  expect(Math.max(...acked)).toBe(50);
  calls.length = 0;

  postgres = await start(port);
  await vi.waitFor(() => expect(acked).toContain(1_000), { timeout: 60_000 });
  await vi.waitFor(() => expect(calls).toContainEqual({ withinMs: 1_000 }), { timeout: 60_000 });
  expect(await storedRows(owner, 'metrics', device.deviceId)).toEqual(
    writtenRows(device, 'metrics'),
  );
  await nc.close();
  await background.stop();
  await owner.end();
});
