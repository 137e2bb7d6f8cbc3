/**
 * Two replicas of telemetry-processor share the work, one is killed under load and comes back: each
 * row of each device is stored once, in whatever replica its frames came to lie.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import '@signalbeam/launcher/rig/provided';
import type { NatsConnection } from '@nats-io/transport-node';
import { compileCache } from '@signalbeam/launcher/infra/compile-cache';
import { freePort } from '@signalbeam/launcher/infra/ports';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import {
  addDevices,
  addTenant,
  openAck,
  openOwner,
  storedRows,
  type TestTenant,
  writtenRows,
} from './rig.suite.ts';
import type { VirtualDevice } from './virtual-device.suite.ts';

type Replica = { port: number; child: ChildProcess };
type Sender = { device: VirtualDevice; nc: NatsConnection; upTo: number };

const rowsEach = 2_000;
const rowsPerFrame = 20;
const framesAhead = 30;

let test: TestPlatform;
let owner: Pool;
let tenant: TestTenant;
const replicas: Replica[] = [];
const senders: Sender[] = [];

const start = async (port: number): Promise<Replica> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: {
      PATH: process.env['PATH'],
      ...compileCache(),
      ...test.world.environment,
      PORT: String(port),
    },
    stdio: 'inherit',
  });
  await vi.waitFor(
    async () => expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200),
    { timeout: 60_000, interval: 100 },
  );
  return { port, child };
};

const openSender = async (device: VirtualDevice): Promise<Sender> => {
  const nc = await device.connect(test.world.hub.url, test.platform.keyring, tenant.tenantId);
  const sender = { device, nc, upTo: 0 };
  nc.subscribe(deviceSubjects.down(device.site, device.deviceId, 'ack'), {
    callback: (_, message) => {
      void openAck(test.platform, tenant.tenantId, message.data).then((ack) => {
        sender.upTo = Math.max(sender.upTo, ...ack.lanes.map((lane) => lane.upTo));
      });
    },
  });
  device.write('metrics', rowsEach);
  return sender;
};

/** From what is confirmed on, as a device does after a while without an answer. */
const sendOn = async ({ device, nc, upTo }: Sender): Promise<void> => {
  const end = Math.min(rowsEach, upTo + rowsPerFrame * framesAhead);
  for (let from = upTo; from < end; from += rowsPerFrame) {
    const frame = device.frame('metrics', from, Math.min(rowsEach, from + rowsPerFrame));
    nc.publish(deviceSubjects.lane('metrics', device.deviceId), frame);
  }
  await nc.flush();
};
const sendAll = () => Promise.all(senders.map(sendOn));
const confirmed = (): number => senders.reduce((sum, { upTo }) => sum + upTo, 0);

/** What a replica counted as new rows, by its own metrics. */
const storedBy = async ({ port }: Replica): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return [...text.matchAll(/^\S*ingest\S*rows\S* (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
};

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  tenant = await addTenant(owner, test.platform);
  replicas.push(...(await Promise.all([start(await freePort()), start(await freePort())])));
  for (const device of await addDevices(owner, tenant, 6)) senders.push(await openSender(device));
});
afterAll(async () => {
  for (const { nc } of senders) await nc.close();
  for (const { child } of replicas) child.kill('SIGKILL');
  await owner?.end();
  await test?.close();
});

it('store each row once though one of them is killed under load', async () => {
  const [first, second] = replicas;
  if (first === undefined || second === undefined) throw new Error('two replicas run');
  await sendAll();
  await vi.waitFor(() => expect(confirmed()).toBeGreaterThan(0), { timeout: 30_000, interval: 2 });
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const atKill = confirmed();
  expect(atKill).toBeLessThan(rowsEach * senders.length);
  // The other one goes on alone: nobody has to come back for it.
  await vi.waitFor(
    async () => {
      await sendAll();
      expect(confirmed()).toBeGreaterThan(atKill);
    },
    { timeout: 60_000, interval: 300 },
  );
  replicas[0] = await start(first.port);
  await vi.waitFor(
    async () => {
      await sendAll();
      expect(confirmed()).toBe(rowsEach * senders.length);
    },
    { timeout: 60_000, interval: 300 },
  );
  for (const { device } of senders) {
    expect(await storedRows(owner, 'metrics', device.deviceId)).toEqual(
      writtenRows(device, 'metrics'),
    );
  }
  expect(await storedBy(second)).toBeGreaterThan(0);
});
