/**
 * Two of each service behind the router, under load: restarted one after the other nobody notices;
 * killed, only what was in flight on the killed one may fail, and a repeat with its key succeeds.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { compileCache } from '@signalbeam/launcher/infra/compile-cache';
import '@signalbeam/launcher/rig/provided';
import { createService as createBundleOrchestrator } from '@signalbeam/bundle-orchestrator/service';
import { createTenant } from '@signalbeam/device-manager/create-tenant';
import { createService as createDeviceManager } from '@signalbeam/device-manager/service';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import { type Running, startServices } from '@signalbeam/platform/run';
import { createService as createTelemetryProcessor } from '@signalbeam/telemetry-processor/service';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { startRouter } from './router.ts';

const names = ['device-manager', 'bundle-orchestrator', 'telemetry-processor'] as const;
type Name = (typeof names)[number];
const creators = {
  'device-manager': createDeviceManager,
  'bundle-orchestrator': createBundleOrchestrator,
  'telemetry-processor': createTelemetryProcessor,
};
const password = 'correct horse battery staple';

/** One of two replicas: a process of its own, so that it can be killed. */
type Killable = { name: Name; port: number; child: ChildProcess };
/** The other one: in this process, stopped as its main would. */
type Stoppable = { name: Name; port: number; running: Running };

let test: TestPlatform;
let killable: Killable[];
let stoppable: Stoppable[];
let router: { url: string; stop: () => Promise<void> };
let token: string;

const environmentAt = (port: number) => ({
  ...test.world.environment,
  PORT: String(port),
  SIGNALBEAM_TRUSTED_PROXY: '1',
  SIGNALBEAM_DRAIN_SECONDS: '2.5',
});
const spawnService = (name: Name, port: number): ChildProcess =>
  spawn(process.execPath, [join(import.meta.dirname, name, 'main.ts')], {
    env: { PATH: '/usr/bin:/bin', ...compileCache(), ...environmentAt(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
const startService = (name: Name, port: number): Promise<Running> =>
  startServices({ environment: environmentAt(port), name, services: [creators[name]] });
const untilReady = (port: number) =>
  vi.waitFor(
    async () => expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200),
    { timeout: 60_000, interval: 200 },
  );

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  await createTenant(test.platform, { name: 'demo', adminEmail: 'a@demo.example', password });
  killable = [];
  stoppable = [];
  for (const name of names) {
    const [one, two] = [await freePort(), await freePort()];
    killable.push({ name, port: one, child: spawnService(name, one) });
    stoppable.push({ name, port: two, running: await startService(name, two) });
  }
  await Promise.all(killable.map(({ port }) => untilReady(port)));
  const urls = names.map((name, index) => [
    `SIGNALBEAM_${name.toUpperCase().replaceAll('-', '_')}_URL`,
    [killable, stoppable].map((of) => `http://127.0.0.1:${of[index]?.port}`).join(','),
  ]);
  router = await startRouter({ ...Object.fromEntries(urls), PORT: '0' });
  const login = await fetch(`${router.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'a@demo.example', password }),
  });
  token = ((await login.json()) as { token: string }).token;
});
afterAll(async () => {
  await router?.stop();
  for (const { child } of killable ?? []) child.kill('SIGKILL');
  await Promise.all((stoppable ?? []).map(({ running }) => running.stop()));
  await test?.close();
});

type Wish = { method: string; path: string; body?: unknown; key?: string };
/** The status, or the code of a refusal. */
const send = async ({ method, path, body, key }: Wish): Promise<number | string> => {
  const response = await fetch(router.url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return response.ok ? response.status : (JSON.parse(text) as { code: string }).code;
};

const wishes: (() => Wish)[] = [
  () => ({ method: 'GET', path: '/api/devices' }),
  () => ({ method: 'GET', path: '/api/rollouts' }),
  () => ({ method: 'GET', path: '/api/telemetry/session' }),
  () => {
    const key = randomUUID();
    return { method: 'POST', path: '/api/bundles', key, body: { name: `b-${key}` } };
  },
  () => {
    const key = randomUUID();
    return { method: 'POST', path: '/api/sites', key, body: { name: `s-${key}`, title: key } };
  },
];

/** Clients that never pause, each asking for one kind of thing. */
const startLoad = () => {
  let stopped = false;
  const failed: { wish: Wish; status: number | string }[] = [];
  const made: Wish[] = [];
  let served = 0;
  const work = async (next: () => Wish): Promise<void> => {
    while (!stopped) {
      const wish = next();
      const status = await send(wish).catch(String);
      served += 1;
      if (wish.method === 'POST') made.push(wish);
      if (typeof status === 'string') failed.push({ wish, status });
    }
  };
  const clients = wishes.map(work);
  return {
    failed,
    /** Resolves when so many more were answered. */
    more: async (count: number) => {
      const until = served + count;
      await vi.waitFor(() => expect(served).toBeGreaterThan(until), { timeout: 60_000 });
    },
    stop: async () => {
      stopped = true;
      await Promise.all(clients);
      return { failed, made, served };
    },
  };
};

const isThere = async (wish: Wish): Promise<boolean> => {
  const { name } = wish.body as { name: string };
  const table =
    wish.path === '/api/bundles' ? 'bundle_orchestrator.bundles' : 'device_manager.sites';
  const { rows } = await test.platform.pools.system.query<{ count: number }>(
    `SELECT count(*) FROM ${table} WHERE name = $1`,
    [name],
  );
  return rows[0]?.count === 1;
};

it('a rolling restart loses no request', async () => {
  const load = startLoad();
  await load.more(50);
  for (const one of stoppable) {
    const stopping = one.running.stop();
    // It says so while it still serves.
    await vi.waitFor(async () => {
      const response = await fetch(`http://127.0.0.1:${one.port}/readyz`);
      expect([response.status, await response.json()]).toMatchObject([503, { status: 'stopping' }]);
    }, 15_000);
    await stopping;
    await load.more(20);
    one.running = await startService(one.name, one.port);
    await load.more(20);
  }
  const { failed, made, served } = await load.stop();
  expect(failed).toEqual([]);
  expect(served).toBeGreaterThan(150);
  for (const wish of made) expect(await isThere(wish)).toBe(true);
});

it('a killed replica takes only what was in flight on it, and repeats succeed once', async () => {
  const load = startLoad();
  await load.more(50);
  for (const one of killable) {
    one.child.kill('SIGKILL');
    await once(one.child, 'exit');
    await load.more(50);
  }
  const { failed, made } = await load.stop();
  // Each client has one request in flight at each kill; reads went to the other replica.
  expect(failed.every(({ wish }) => wish.method === 'POST')).toBe(true);
  expect(failed.length).toBeLessThanOrEqual(2);
  for (const { wish } of failed) {
    await vi.waitFor(async () => expect([201, 'answer-lost']).toContain(await send(wish)), {
      timeout: 20_000,
      interval: 500,
    });
  }
  await vi.waitFor(async () => {
    for (const wish of made) expect([wish, await isThere(wish)]).toEqual([wish, true]);
  }, 15_000);
});
