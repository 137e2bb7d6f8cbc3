import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Hono } from 'hono';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openQueueLanes } from '../store/fresh-lane.ts';
import { ensureIdentity } from '../store/identity.ts';
import { openLanes } from '../store/lanes.ts';
import { queueMigrations, stateMigrations } from '../store/migrations.ts';
import { openOutbox } from '../store/outbox.ts';
import { createLocalApi } from './app.ts';
import { createConsoleCode } from './console-code.ts';
import { createAgentView } from './view.ts';

let folder: string;
let app: Hono;
let now: number;
const host = '192.168.1.20:8480';

beforeEach(() => {
  now = 1_700_000_000_000;
  folder = mkdtempSync(join(tmpdir(), 'local-'));
  ensureIdentity(folder);
  mkdirSync(join(folder, 'pages'));
  writeFileSync(join(folder, 'pages/index.html'), '<title>Device</title>');
  const [state, queue] = [new Database(':memory:'), new Database(':memory:')];
  for (const { sql } of stateMigrations) state.exec(sql);
  for (const { sql } of queueMigrations) queue.exec(sql);
  const outbox = openOutbox({
    state: openLanes(state, ['events', 'reported']),
    queue: openQueueLanes(queue),
    now: () => now,
  });
  const registered = {
    version: 1,
    cloudUrl: 'https://fleet.example',
    deviceId: 'd',
    tenantId: 't',
    site: 'plant-7',
    name: 'press-1',
    fingerprint: 'AAAA',
    status: 'pending',
  } as const;
  const view = createAgentView({
    registered,
    outbox,
    bootId: 'b',
    now: () => now,
    clock: () => null,
  });
  app = createLocalApi({
    view,
    folder,
    consoleDir: join(folder, 'pages'),
    hosts: ['press-1.plant'],
    now: () => now,
    addressOf: () => '10.0.0.1',
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ask = (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
  app.request(path, { ...init, headers: { host, ...init.headers } });
const change = (
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  method = 'POST',
) =>
  ask(path, {
    method,
    body: JSON.stringify(body),
    headers: { origin: `http://${host}`, 'content-type': 'application/json', ...headers },
  });

test('reading needs no sign-in, and a pending device says so', async () => {
  const reply = await ask('/api/local/device');
  expect(reply.status).toBe(200);
  expect(await reply.json()).toMatchObject({
    name: 'press-1',
    registration: 'pending',
    waiting: expect.stringContaining('AAAA'),
  });
  expect(await (await ask('/api/local/link')).json()).toMatchObject({
    state: 'waiting-for-approval',
    gateway: { role: false },
  });
  expect(reply.headers.get('content-security-policy')).toContain("default-src 'self'");
});

test('the name it is called by must be its own', async () => {
  const status = async (name: string) =>
    (await ask('/api/local/device', { headers: { host: name } })).status;
  expect(await status('evil.example')).toBe(421);
  expect([
    await status('localhost:8480'),
    await status('press-1.plant'),
    await status('[::1]:8480'),
  ]).toEqual([200, 200, 200]);
});

test('changing needs its own page, a code, and then a session', async () => {
  expect((await change('/api/local/reconcile', {})).status).toBe(401);
  expect(
    (await change('/api/local/session', { code: 'AAAAAAAA' }, { origin: 'http://evil.example' }))
      .status,
  ).toBe(403);
  expect((await change('/api/local/session', { code: 'AAAA-AAAA' })).status).toBe(401);
  const { code } = createConsoleCode(folder, now);
  const reply = await change('/api/local/session', { code: code.toLowerCase() });
  expect(reply.status).toBe(200);
  const cookie = reply.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/HttpOnly.*SameSite=Strict/i);
  const session = { cookie: cookie.split(';')[0] ?? '' };
  expect(await (await ask('/api/local/session', { headers: session })).json()).toMatchObject({
    signedIn: true,
  });
  expect((await change('/api/local/reconcile', {}, session)).status).toBe(409);
  expect((await change('/api/local/session', { code })).status).toBe(401);
  expect((await change('/api/local/session', {}, session, 'DELETE')).status).toBe(204);
  expect(await (await ask('/api/local/session', { headers: session })).json()).toEqual({
    signedIn: false,
    expiresAt: null,
    name: null,
  });
});

test('a device that is not approved judges no grant, and nothing is both', async () => {
  const grant = `sbg_${'A'.repeat(400)}`;
  const refused = await change('/api/local/session', { grant });
  expect(refused.status).toBe(401);
  expect(await refused.json()).toMatchObject({ code: 'not-approved' });
  expect((await change('/api/local/session', { grant, code: 'AAAAAAAA' })).status).toBe(400);
  expect((await change('/api/local/session', { grant: 'A'.repeat(3_001) })).status).toBe(400);
});

test('a code is good for ten minutes, a session for a shift', async () => {
  const { code } = createConsoleCode(folder, now);
  now += 601_000;
  expect((await change('/api/local/session', { code })).status).toBe(401);
  const fresh = createConsoleCode(folder, now);
  const cookie =
    (await change('/api/local/session', { code: fresh.code })).headers
      .get('set-cookie')
      ?.split(';')[0] ?? '';
  now += 9 * 3_600_000;
  expect(await (await ask('/api/local/session', { headers: { cookie } })).json()).toMatchObject({
    signedIn: false,
  });
});

test('guessing is slowed', async () => {
  const { code } = createConsoleCode(folder, now);
  for (let guess = 0; guess < 5; guess += 1)
    await change('/api/local/session', { code: 'ZZZZZZZZ' });
  expect((await change('/api/local/session', { code })).status).toBe(429);
  now += 61_000;
  expect((await change('/api/local/session', { code })).status).toBe(200);
});

test('a hold is placed and ended by whoever is signed in, within its limits', async () => {
  expect((await change('/api/local/hold', { minutes: 60 }, {}, 'PUT')).status).toBe(401);
  const { code } = createConsoleCode(folder, now);
  const reply = await change('/api/local/session', { code });
  const session = { cookie: reply.headers.get('set-cookie')?.split(';')[0] ?? '' };
  const put = (body: unknown) => change('/api/local/hold', body, session, 'PUT');
  for (const wrong of [{ minutes: 0 }, { minutes: 10_081 }, { reason: 'a\nb' }, { more: 1 }, 4])
    expect((await put(wrong)).status).toBe(400);
  // A device that waits for approval changes nothing anyway.
  expect((await put({ minutes: 60, reason: 'fan' })).status).toBe(409);
  expect((await change('/api/local/hold', {}, session, 'DELETE')).status).toBe(204);
  expect((await change('/api/local/hold', {}, {}, 'DELETE')).status).toBe(401);
});

test('unknown fields, queries, paths and large bodies are refused and named', async () => {
  expect((await change('/api/local/session', { code: 'AAAAAAAA', more: 1 })).status).toBe(400);
  expect((await ask('/api/local/metrics?minutes=0')).status).toBe(400);
  expect((await ask('/api/local/events?limit=5&x=1')).status).toBe(400);
  expect((await ask('/api/local/nothing')).status).toBe(404);
  expect((await ask('/api/local/containers/web/logs')).status).toBe(404);
  const large = await change(
    '/api/local/session',
    { code: 'A'.repeat(5_000) },
    { 'content-length': '5100' },
  );
  expect(large.status).toBe(413);
});

test('a method that an address does not know is refused, naming those it knows', async () => {
  for (const [method, path, allow] of [
    ['POST', '/api/local/device', 'GET, HEAD'],
    ['GET', '/api/local/reconcile', 'POST'],
    ['PUT', '/api/local/session', 'DELETE, GET, HEAD, POST'],
    ['DELETE', '/api/local/containers/web/logs/stream', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
    ['PATCH', '/containers/web', 'GET, HEAD'],
  ] as const) {
    const reply = await ask(path, { method, headers: { origin: `http://${host}` } });
    expect([method, path, reply.status, reply.headers.get('allow')]).toEqual([
      ...[method, path, 405, allow],
    ]);
    expect(await reply.json()).toMatchObject({ code: 'method-not-allowed', status: 405 });
  }
  const nowhere = await change('/api/local/nothing', {});
  expect([nowhere.status, nowhere.headers.get('allow')]).toEqual([404, null]);
});

test('pages come from their folder only', async () => {
  expect(await (await ask('/')).text()).toContain('Device');
  expect(await (await ask('/containers/web')).text()).toContain('Device');
  expect((await ask('/..%2fidentity.json')).status).toBe(404);
  expect((await ask('/missing.js')).status).toBe(404);
  expect((await ask('/50%-of-it')).status).toBe(404);
});

test('the stream starts with a picture of everything', async () => {
  const reply = await ask('/api/local/stream');
  const reader = reply.body?.getReader();
  let text = '';
  while (!text.includes('event: link'))
    text += Buffer.from((await reader?.read())?.value ?? []).toString();
  expect(text).toContain('event: device');
  expect(text).toContain('event: containers');
  await reader?.cancel();
});
