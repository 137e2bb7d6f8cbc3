/** device-manager as a process of its own: starts, serves its paths, is ready, stops on SIGTERM. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { compileCache } from '@signalbeam/launcher/infra/compile-cache';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { openTestWorld, type TestWorld } from '@signalbeam/platform/rig.suite';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';

let world: TestWorld;
let child: ChildProcess | undefined;

beforeAll(async () => {
  world = await openTestWorld(inject('postgresUrl'));
});
afterAll(async () => {
  child?.kill('SIGKILL');
  await world?.close();
});

test('it runs alone', async () => {
  const port = await freePort();
  child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { PATH: process.env['PATH'], ...compileCache(), ...world.environment, PORT: String(port) },
    stdio: 'inherit',
  });
  const url = `http://127.0.0.1:${port}`;
  const status = (path: string): Promise<number> =>
    fetch(url + path).then(
      (response) => response.status,
      () => 0,
    );
  await expect.poll(() => status('/readyz'), { timeout: 60_000, interval: 200 }).toBe(200);
  expect(await status('/healthz')).toBe(200);
  expect(await status('/api/devices')).toBe(401);
  expect(await status('/openapi.json')).toBe(200);
  expect(await status('/api/bundles')).toBe(404);
  const login = await fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'nobody@acme.example', password: 'x' }),
  });
  expect(login.status).toBe(401);
  expect(login.headers.get('content-type')).toBe('application/problem+json');
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
});
