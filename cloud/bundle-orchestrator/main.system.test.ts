/** bundle-orchestrator as a process of its own: ready, takes an upload over a real connection, stops. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { compileCache } from '@signalbeam/launcher/infra/compile-cache';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { buildImageTar } from '@signalbeam/launcher/rig/image';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { eventually, openTenant, type Rig, startRig, type TestTenant } from './rig.suite.ts';

let rig: Rig;
let tenant: TestTenant;
let child: ChildProcess | undefined;
let url: string;

beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  tenant = await openTenant(rig, 'one');
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: {
      PATH: process.env['PATH'],
      ...compileCache(),
      ...rig.world.environment,
      PORT: String(port),
    },
    stdio: 'inherit',
  });
  await eventually(async () => expect(await status('/readyz')).toBe(200), 60_000);
});
afterAll(async () => {
  child?.kill('SIGKILL');
  await rig?.stop();
});

const status = (path: string): Promise<number> =>
  fetch(url + path).then(
    (response) => response.status,
    () => 0,
  );
const authorization = () => ({ authorization: `Bearer ${tenant.operator}` });
const spooled = () => readdir(rig.platform.config.spoolDir).catch(() => []);

test('it serves its own paths and no others', async () => {
  expect(await status('/healthz')).toBe(200);
  expect(await status('/openapi.json')).toBe(200);
  expect(await status('/api/bundles')).toBe(401);
  expect(await status('/api/rollouts')).toBe(401);
  expect(await status('/api/devices')).toBe(404);
});

test('an upload comes in over a real connection and goes out again, whole and by HEAD', async () => {
  const image = buildImageTar({ name: 'wire', tag: '1', command: ['sleep', '1'] });
  const answer = await fetch(`${url}/api/artifacts`, {
    method: 'POST',
    headers: authorization(),
    body: image.tar,
  });
  expect(answer.status).toBe(201);
  const path = `${url}/api/artifacts/blobs/${image.layerDigest}`;
  const head = await fetch(path, { method: 'HEAD', headers: authorization() });
  expect(head.headers.get('content-length')).toBe(String(image.layer.byteLength));
  const whole = await fetch(path, { headers: authorization() });
  expect(Buffer.from(await whole.arrayBuffer()).equals(Buffer.from(image.layer))).toBe(true);
});

test('a client that goes away in the middle leaves nothing behind', async () => {
  const image = buildImageTar({ name: 'gone', tag: '1', command: ['sleep', '1'] });
  const sending = request(`${url}/api/artifacts`, {
    method: 'POST',
    headers: { ...authorization(), 'content-length': image.tar.byteLength },
  });
  sending.on('error', () => {});
  sending.write(image.tar.subarray(0, 500_000));
  await expect.poll(spooled, { timeout: 10_000 }).toHaveLength(1);
  sending.destroy();
  await expect.poll(spooled, { timeout: 10_000 }).toEqual([]);
  expect(await status('/healthz')).toBe(200);
});

test('it stops when asked', async () => {
  child?.kill('SIGTERM');
  const [code] = await once(child as ChildProcess, 'exit');
  expect(code).toBe(0);
});
