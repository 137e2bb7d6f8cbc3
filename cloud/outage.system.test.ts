/**
 * Services alone behind the router while what they lean on goes away and comes back: they live on,
 * say by name what is missing, answer 503 with Retry-After instead of hanging or failing oddly,
 * count it, and serve again without a restart.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createService as createBundleOrchestrator } from '@signalbeam/bundle-orchestrator/service';
import { createTenant } from '@signalbeam/device-manager/create-tenant';
import { createService as createDeviceManager } from '@signalbeam/device-manager/service';
import { type Postgres, startPostgres } from '@signalbeam/launcher/infra/postgres';
import { issueDeviceToken } from '@signalbeam/platform/identity/tokens';
import { createLog } from '@signalbeam/platform/logging/log';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import { type Running, startServices } from '@signalbeam/platform/run';
import { requestBytesMax } from '@signalbeam/sync/core/limits';
import { addDevices, openOwner } from '@signalbeam/telemetry-processor/rig.suite';
import { createService as createTelemetryProcessor } from '@signalbeam/telemetry-processor/service';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startRouter } from './router.ts';

const services = [
  ['device-manager', createDeviceManager, '/api/devices'],
  ['bundle-orchestrator', createBundleOrchestrator, '/api/bundles'],
  ['telemetry-processor', createTelemetryProcessor, '/api/telemetry/session'],
] as const;
const password = 'correct horse battery staple';

let folder: string;
let postgres: Postgres;
let test: TestPlatform;
let alone: { name: string; path: string; running: Running }[];
let router: { url: string; stop: () => Promise<void> };
let token: string;

/** Durable: it is killed here, and a sign-in that was answered must outlive that. */
const startDatabase = (port?: number) =>
  startPostgres({ dir: folder, ...(port === undefined ? {} : { port }) });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'services-'));
  await chmod(folder, 0o711);
  postgres = await startDatabase();
  test = await openTestPlatform(postgres.url);
  const { environment } = test.world;
  const log = createLog({ name: 'test', level: 'silent' });
  alone = await Promise.all(
    services.map(async ([name, create, path]) => {
      const running = await startServices({ environment, name, services: [create], log });
      return { name, path, running };
    }),
  );
  const urls = alone.map(({ name, running }) => [
    `SIGNALBEAM_${name.toUpperCase().replaceAll('-', '_')}_URL`,
    running.url,
  ]);
  router = await startRouter({ ...Object.fromEntries(urls), PORT: '0' });
  await createTenant(test.platform, { name: 'demo', adminEmail: 'admin@demo.example', password });
  const login = await fetch(`${router.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'admin@demo.example', password }),
  });
  token = ((await login.json()) as { token: string }).token;
});
afterAll(async () => {
  await router?.stop();
  for (const { running } of alone ?? []) await running.stop();
  await test?.close();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

const get = async (url: string, credential?: string) => {
  const headers = credential === undefined ? {} : { authorization: `Bearer ${credential}` };
  const response = await fetch(url, { headers });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') === true;
  return {
    status: response.status,
    headers: response.headers,
    body: json ? JSON.parse(text) : text,
  };
};

const untilReady = () =>
  vi.waitFor(
    async () => {
      for (const { running } of alone) {
        expect((await get(`${running.url}/readyz`)).body).toMatchObject({
          status: 'ready',
          checks: expect.objectContaining({ database: 'ok', hub: 'ok' }),
        });
      }
      expect((await get(`${router.url}/readyz`)).status).toBe(200);
    },
    { timeout: 30_000, interval: 200 },
  );

const served = async () => {
  for (const { running, path } of alone) {
    for (const url of [running.url, router.url]) {
      expect([path, (await get(url + path, token)).status]).toEqual([
        path,
        path.endsWith('/session') ? 204 : 200,
      ]);
    }
  }
};

it('each is ready alone, serves its own paths, and measures its requests', async () => {
  await untilReady();
  await served();
  for (const { running, path } of alone) {
    expect((await get(`${running.url}/healthz`)).body).toEqual({ status: 'ok' });
    const others = alone.filter((other) => other.path !== path);
    for (const other of others) expect((await get(running.url + other.path)).status).toBe(404);
    expect((await get(running.url + path)).status).toBe(401);
    const { body } = await get(`${running.url}/metrics`);
    for (const status of [path.endsWith('/session') ? 204 : 200, 401]) {
      expect(body).toContain(
        `signalbeam_http_request_duration_seconds_count{method="GET",route="${path}",status="${status}"}`,
      );
    }
  }
});

it('refuses bad bodies through the router as each does itself', async () => {
  const bodies: [string, string, number, string][] = [
    ['x'.repeat(requestBytesMax + 1), 'application/json', 413, 'body-too-large'],
    ['{"name":', 'application/json', 400, 'malformed-json'],
    ['name=hello', 'application/x-www-form-urlencoded', 415, 'unsupported-media-type'],
    ['{"name":"a","colour":"red"}', 'application/json', 400, 'invalid-request'],
  ];
  const [, orchestrator] = alone;
  for (const [body, type, status, code] of bodies) {
    for (const url of [orchestrator?.running.url, router.url]) {
      const answer = await fetch(`${url}/api/bundles`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': type },
        body,
      });
      const problem = (await answer.json()) as { code: string };
      expect([answer.status, problem.code]).toEqual([status, code]);
    }
  }
});

it('without Postgres each says so, answers 503 with Retry-After, and serves again after', async () => {
  const { port } = postgres;
  await postgres.kill();
  for (const { name, running, path } of alone) {
    expect((await get(`${running.url}/healthz`)).status).toBe(200);
    const ready = await get(`${running.url}/readyz`);
    expect(ready).toMatchObject({ status: 503, body: { status: 'not-ready' } });
    expect(ready.body.checks).toMatchObject({ database: 'failing', hub: 'ok' });
    expect((await get(`${router.url}/readyz`)).body.checks[name]).toBe('failing');
    for (const url of [running.url, router.url]) {
      const answer = await get(url + path, token);
      expect(answer).toMatchObject({ status: 503, body: { code: 'database-unavailable' } });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await get(`${running.url}/metrics`)).body).toContain(`route="${path}",status="503"`);
  }
  postgres = await startDatabase(port);
  await untilReady();
  await served();
});

it('without the hub each says so, reads go on, and what needs it answers 503', async () => {
  const owner = openOwner(test.world.databaseUrl);
  const tenant = await createTenant(test.platform, {
    ...{ name: 'other', adminEmail: 'admin@other.example', password },
  });
  const { rows } = await owner.query<{ id: string }>(
    `INSERT INTO device_manager.registration_tokens
       (tenant_id, prefix, salt, secret_hash, site, max_uses, created_by, expires_at)
     VALUES ($1, 'test', '', '', 'plant-7', 1, 'test', now() + interval '1 day') RETURNING id`,
    [tenant.tenantId],
  );
  const [device] = await addDevices(owner, { ...tenant, tokenId: rows[0]?.id ?? '' }, 1);
  await owner.end();
  if (device === undefined) throw new Error('no device was made');
  const beat = () =>
    fetch(`${router.url}/api/devices/${device.deviceId}/heartbeat`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${issueDeviceToken(device.signer, device.deviceId, Date.now())}`,
        'content-type': 'application/json',
      },
      body: '{}',
    });
  expect((await beat()).status).toBe(204);
  await test.world.hub.kill();
  await vi.waitFor(async () => {
    for (const { running } of alone) {
      const ready = await get(`${running.url}/readyz`);
      expect(ready.status).toBe(503);
      expect(ready.body.checks).toMatchObject({ database: 'ok', hub: 'failing' });
    }
  }, 20_000);
  await served();
  const refused = await beat();
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ code: 'broker-unavailable' });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  await test.world.hub.start();
  await untilReady();
  expect((await beat()).status).toBe(204);
});
