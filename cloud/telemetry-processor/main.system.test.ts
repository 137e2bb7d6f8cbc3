/**
 * telemetry-processor as a process of its own: ready, serves its paths, is killed in the middle of
 * taking frames in, and stores every row once all the same. Streams go over a real connection.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import '@signalbeam/launcher/rig/provided';
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
  signIn,
  storedRows,
  type TestTenant,
  writtenRows,
} from './rig.suite.ts';

let test: TestPlatform;
let owner: Pool;
let tenant: TestTenant;
let port: number;
let child: ChildProcess;

const status = (path: string, token?: string): Promise<number> =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  }).then(
    async (response) => {
      await response.body?.cancel();
      return response.status;
    },
    () => 0,
  );

const start = (): void => {
  child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: {
      PATH: process.env['PATH'],
      ...compileCache(),
      ...test.world.environment,
      PORT: String(port),
    },
    stdio: 'inherit',
  });
};
const ready = () =>
  vi.waitFor(async () => expect(await status('/readyz')).toBe(200), {
    timeout: 60_000,
    interval: 100,
  });

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  tenant = await addTenant(owner, test.platform);
  port = await freePort();
  start();
  await ready();
});
afterAll(async () => {
  child?.kill('SIGKILL');
  await owner?.end();
  await test?.close();
});

it('serves its own paths and no others', async () => {
  expect(await status('/healthz')).toBe(200);
  expect(await status('/metrics')).toBe(200);
  expect(await status('/openapi.json')).toBe(200);
  expect(await status('/docs')).toBe(200);
  expect(await status('/api/stream')).toBe(401);
  expect(await status('/api/bundles')).toBe(404);
});

it('stores every row once though it is killed again and again', async () => {
  const [device] = await addDevices(owner, tenant, 1);
  if (device === undefined) throw new Error('no device was made');
  const { keyring } = test.platform;
  const nc = await device.connect(test.world.hub.url, keyring, tenant.tenantId);
  let upTo = 0;
  nc.subscribe(deviceSubjects.down(device.site, device.deviceId, 'ack'), {
    callback: (_, message) => {
      void openAck(test.platform, tenant.tenantId, message.data).then((ack) => {
        upTo = Math.max(upTo, ...ack.lanes.map((lane) => lane.upTo));
      });
    },
  });
  const total = 3_000;
  device.write('metrics', total);
  const sendOn = async (): Promise<void> => {
    for (let from = upTo; from < Math.min(total, upTo + 600); from += 20) {
      const frame = device.frame('metrics', from, from + 20);
      nc.publish(deviceSubjects.lane('metrics', device.deviceId), frame);
    }
    await nc.flush();
  };
  for (let kill = 0; kill < 3; kill += 1) {
    const before = upTo;
    // Killed with frames in its hands: some committed and not acknowledged, some not committed.
    await sendOn();
    await vi.waitFor(() => expect(upTo).toBeGreaterThan(before), { timeout: 30_000, interval: 2 });
    child.kill('SIGKILL');
    await once(child, 'exit');
    start();
    await ready();
  }
  await vi.waitFor(
    async () => {
      await sendOn();
      expect(upTo).toBe(total);
    },
    { timeout: 60_000, interval: 300 },
  );
  expect(await storedRows(owner, 'metrics', device.deviceId)).toEqual(
    writtenRows(device, 'metrics'),
  );
  await nc.close();
});

it('streams over a real connection and lets a client go', async () => {
  const { token } = await signIn(owner, test.platform, tenant);
  const leaving = new AbortController();
  const response = await fetch(`http://127.0.0.1:${port}/api/stream`, {
    headers: { authorization: `Bearer ${token}` },
    signal: leaving.signal,
  });
  expect(response.status).toBe(200);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const reading = (async () => {
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) return;
      text += part.value;
    }
  })().catch(() => undefined);
  const [device] = await addDevices(owner, tenant, 1);
  if (device === undefined) throw new Error('no device was made');
  const { keyring } = test.platform;
  const nc = await device.connect(test.world.hub.url, keyring, tenant.tenantId);
  device.write('events', 1);
  const frame = device.frame('events', 0, 1);
  await nc.request(deviceSubjects.lane('events', device.deviceId), frame, { timeout: 5_000 });
  await vi.waitFor(() => expect(text).toContain(device.deviceId), { timeout: 15_000 });
  leaving.abort();
  await reading;
  await nc.close();
  await sleep(100);
  expect(await status('/healthz')).toBe(200);
});

it('stops when asked', async () => {
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
});
