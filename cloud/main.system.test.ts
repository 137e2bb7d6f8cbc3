/**
 * The cloud as processes: all in one, and each service alone behind the path router. Both answer
 * the same, and every route is where the table of paths says.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { compileCache } from '@signalbeam/launcher/infra/compile-cache';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { freshDatabase } from '@signalbeam/launcher/rig/database';
import '@signalbeam/launcher/rig/provided';
import { createService as createBundleOrchestrator } from '@signalbeam/bundle-orchestrator/service';
import { createService as createDeviceManager } from '@signalbeam/device-manager/service';
import { serviceOf } from '@signalbeam/platform/http/paths';
import { openTestPlatform, openTestWorld, type TestWorld } from '@signalbeam/platform/rig.suite';
import { createService as createTelemetryProcessor } from '@signalbeam/telemetry-processor/service';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { runCommand } from './command.ts';

type Document = { paths: Record<string, Record<string, unknown>> };

const folder = import.meta.dirname;
const password = 'correct horse battery staple';
let world: TestWorld;
/** What the one process says of its API; the separate ones must say the same together. */
let wholeDocument: Document | undefined;
const children: ChildProcess[] = [];

const run = (file: string, args: string[], more: Record<string, string> = {}): ChildProcess => {
  const child = spawn(process.execPath, [join(folder, file), ...args], {
    env: { PATH: process.env['PATH'], ...compileCache(), ...world.environment, ...more },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
};

const finish = async (child: ChildProcess, input = '') => {
  let out = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  child.stdin?.end(input);
  const [code] = await once(child, 'close');
  return { code, out, errors };
};

const stop = async (child: ChildProcess): Promise<number | null> => {
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
  return child.exitCode;
};

const ready = (url: string) =>
  vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), {
    timeout: 60_000,
    interval: 200,
  });

const signIn = async (url: string): Promise<Response> =>
  fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'admin@demo.example', password }),
  });

/** Sends and is given secrets in every way there is, rightly and wrongly; returns them. */
const useSecrets = async (url: string, authorization: string): Promise<string[]> => {
  const made = [0, 1, 2, 3].map(() => randomBytes(12).toString('hex'));
  const [wrong = '', apiKey = '', other = '', inPath = ''] = made;
  const post = (path: string, body: unknown, headers: Record<string, string>) =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const as = { authorization };
  const token = await post('/api/registration-tokens', { site: 'plant' }, as);
  expect(token.status).toBe(201);
  const statuses = [
    await post('/api/auth/login', { email: 'admin@demo.example', password: wrong }, {}),
    await post('/api/users', { email: 'x', name: 'x', role: 'none', password: other }, as),
    await post('/api/devices', { token: inPath, name: wrong }, {}),
    await fetch(`${url}/api/devices`, {
      headers: { 'x-api-key': `sbk_${apiKey}`, 'x-request-id': 'of-this-test' },
    }),
    await fetch(`${url}/api/devices`, { headers: { authorization: `Bearer ${wrong}.${other}.x` } }),
    await fetch(`${url}/api/devices`, { headers: { cookie: `sb_session=${wrong}` } }),
  ].map(({ status }) => status);
  expect(statuses).toEqual([401, 400, 400, 401, 401, 401]);
  return [...made, ((await token.json()) as { token: string }).token];
};

/** Every address that the document lists, and the program's own, asked with what it does not know. */
const refusesWrongMethods = async (
  url: string,
  document: Document | undefined,
  more: readonly string[] = [],
): Promise<void> => {
  const own = ['/healthz', '/readyz', '/openapi.json', '/docs', '/api/nowhere', ...more];
  const described = Object.entries(document?.paths ?? {});
  expect(described.length).toBeGreaterThan(30);
  const known = described.map(([template]) => {
    const path = template.replaceAll(/\{\w+\}/g, randomUUID());
    // `/api/bundles/validate` is also an `/api/bundles/{id}`.
    const methods = described
      .filter(([each]) => new RegExp(`^${each.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path))
      .flatMap(([, operations]) => Object.keys(operations))
      .map((method) => method.toUpperCase());
    const all = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
    return [path, [...new Set(all)].toSorted()] satisfies [string, string[]];
  });
  const asked: [path: string, allow: string[]][] = [...known];
  for (const path of own) asked.push([path, ['GET', 'HEAD']]);
  for (const [path, allow] of asked) {
    for (const method of ['DELETE', 'GET', 'PATCH', 'POST', 'PUT']) {
      if (allow.includes(method)) continue;
      const reply = await fetch(url + path, { method });
      const found = [method, path, reply.status, reply.headers.get('allow')];
      const { code } = (await reply.json()) as { code: string };
      expect([...found, code]).toEqual(
        path === '/api/nowhere'
          ? [method, path, 404, null, 'not-found']
          : [method, path, 405, allow.join(', '), 'method-not-allowed'],
      );
    }
  }
};

const createTenant = ['create-tenant', '--name', 'demo', '--admin-email', 'admin@demo.example'];

beforeAll(async () => {
  world = await openTestWorld(inject('postgresUrl'));
  const made = await finish(run('main.ts', [...createTenant, '--password-stdin']), `${password}\n`);
  expect(made).toMatchObject({ code: 0 });
  expect(made.out).not.toContain(password);
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await world.close();
});

describe('commands', () => {
  it('refuse what they do not know, naming it, and change nothing', async () => {
    const wrong = [
      ['fly'],
      ['hub-config', '--dir', '/tmp/x', '--port', 'abc', '--leaf-port', '1', '--monitor-port', '2'],
      ['hub-config', '--colour', 'red'],
      ['create-tenant', '--name', 'other'],
      ['set-tier', '--tenant', 'nobody', '--tier', 'gold'],
      ['migrate', '--back'],
    ];
    const texts = await Promise.all(
      wrong.map(async (args) => {
        const { code, errors } = await finish(run('main.ts', args));
        expect(code).toBe(1);
        expect(errors).not.toContain('    at ');
        return errors;
      }),
    );
    expect(texts[0]).toContain('fly');
    expect(texts[1]).toContain('--port');
    expect(texts[2]).toContain('--colour');
    expect(texts[3]).toContain('--admin-email');
    expect(texts[4]).toContain('--tier');
    expect(texts[5]).toContain('--back');
  });

  // Inventory §7.2
  it('make a tenant once, and print a password that nobody gave once', async () => {
    const twice = await finish(run('main.ts', [...createTenant, '--password-stdin']), password);
    expect(twice).toMatchObject({ code: 1, errors: expect.stringContaining('already-exists') });
    const args = ['create-tenant', '--name', 'other', '--admin-email', 'admin@other.example'];
    expect((await finish(run('main.ts', args))).out).toMatch(/shown once: \S{16,}/);
    const tiered = await finish(
      run('main.ts', ['set-tier', '--tenant', 'other', '--tier', 'free']),
    );
    expect(tiered).toMatchObject({ code: 0 });
    expect(tiered.out).toMatch(/^Tenant other was paid and is free\.\n.* 7 days .* is removed/);
  });

  it('bring a database up to date, and say what that took', async () => {
    const empty = await freshDatabase(inject('postgresUrl'));
    const env = { DATABASE_URL: empty.url };
    const first = await finish(run('main.ts', ['migrate'], env));
    expect(first.out).toMatch(/^0001_platform\.sql\n[\s\S]*\nIt is up to date\.\n$/);
    expect((await finish(run('main.ts', ['migrate'], env))).out).toBe('It was up to date.\n');
    await empty.drop();
  });

  // In this process: what a process of its own makes of them is seen above.
  it('suspend a tenant, say so in the list of all, and let it in again', async () => {
    const said = async (command: string, ...args: string[]): Promise<string> => {
      const out: string[] = [];
      const spy = vi.spyOn(process.stdout, 'write').mockImplementation((piece) => {
        out.push(String(piece));
        return true;
      });
      try {
        await runCommand(command, args, world.environment);
      } finally {
        spy.mockRestore();
      }
      return out.join('');
    };
    const named = ['--tenant', 'demo'];
    await expect(said('suspend-tenant', ...named)).rejects.toThrow('--reason');
    const reason = ['--reason', 'Invoice 118 is open.'];
    expect(await said('suspend-tenant', ...named, ...reason)).toMatch(
      /^Tenant demo is suspended: /,
    );
    expect(await said('list-tenants')).toMatch(
      /^demo\tpaid\t0\t\S+\t\S+\t20\S+Z Invoice 118 is open\.$/m,
    );
    expect(await said('resume-tenant', ...named)).toMatch(
      /^Tenant demo is let in again; it was suspended since 20/,
    );
    expect(await said('resume-tenant', ...named)).toMatch(/was not suspended/);
    await expect(said('delete-tenant', ...named, '--yes')).rejects.toThrow(/is not suspended/);
    await expect(said('delete-tenant', '--yes')).rejects.toThrow('--tenant');
    expect(await said('list-tenants', '--deleted')).toBe('ID\tBEGUN\tDELETED\tBY\tROWS\n');
  });

  it('name the variable that is missing when the cloud starts without one', async () => {
    const { code, errors } = await finish(run('main.ts', [], { DATABASE_URL: '' }));
    expect(code).toBe(1);
    expect(errors).toContain('DATABASE_URL');
  });
});

describe('routes', () => {
  // Inventory §7.31
  it('are where the table of paths says, and all but a few ask who is there', async () => {
    const { platform, close } = await openTestPlatform(inject('postgresUrl'));
    const open: string[] = [];
    for (const create of [
      createDeviceManager,
      createBundleOrchestrator,
      createTelemetryProcessor,
    ]) {
      const { name, app } = create(platform);
      const routes = app.routes.filter(
        ({ method, path }) => method !== 'ALL' && !path.includes('*'),
      );
      expect(routes.length).toBeGreaterThan(0);
      for (const { method, path } of routes) {
        const asked = path.replaceAll(/:\w+(\{[^}]*\})?/g, '00000000-0000-4000-8000-000000000001');
        expect([path, serviceOf(asked)]).toEqual([path, name]);
        const { status } = await app.request(asked, { method });
        if (status !== 401) open.push(`${method} ${path}`);
      }
    }
    await close();
    expect([...new Set(open)].toSorted()).toEqual([
      // The link is the credential.
      'GET /api/artifacts/linked/blobs/:digest',
      'GET /api/artifacts/linked/images/:tenant/:digest',
      'GET /api/auth/oidc',
      'GET /api/auth/oidc/callback',
      'GET /api/auth/providers',
      // Whoever has to verify a device's certificate reads these, and has no credential here.
      'GET /api/certificates/authority',
      'GET /api/certificates/revoked',
      'POST /api/auth/invitation',
      'POST /api/auth/login',
      'POST /api/auth/logout',
      'POST /api/auth/sign-up',
      'POST /api/auth/sign-up/confirmation',
      'POST /api/devices',
    ]);
  });
});

describe('the cloud in one process', () => {
  it('signs in, serves, describes itself, measures, and stops at once', async () => {
    const port = await freePort();
    const child = run('main.ts', [], { PORT: String(port), SIGNALBEAM_LOG_LEVEL: 'trace' });
    const logged = Promise.all([child.stdout, child.stderr].map((of) => of && text(of)));
    const url = `http://127.0.0.1:${port}`;
    await ready(url);
    const login = await signIn(url);
    expect(login.status).toBe(200);
    const { token } = (await login.json()) as { token: string };
    const authorization = `Bearer ${token}`;
    const secrets = [password, token, world.environment['SIGNALBEAM_KEK'] ?? ''];
    secrets.push(...(await useSecrets(url, authorization)));
    for (const path of ['/api/devices', '/api/bundles', '/api/rollouts', '/api/auth/me']) {
      expect([path, (await fetch(url + path)).status]).toEqual([path, 401]);
      const response = await fetch(url + path, { headers: { authorization } });
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    }
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(
      /http_request_duration_seconds_count\{method="GET",route="\/api\/devices"/,
    );
    wholeDocument = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
    expect(Object.keys(wholeDocument.paths)).toEqual(
      expect.arrayContaining(['/api/devices', '/api/bundles', '/api/stream']),
    );
    expect(await (await fetch(`${url}/docs`)).text()).toContain('/api/rollouts');
    await refusesWrongMethods(url, wholeDocument, ['/metrics']);
    const stream = await fetch(`${url}/api/stream`, { headers: { authorization } });
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    const start = performance.now();
    expect(await stop(child)).toBe(0);
    expect(performance.now() - start).toBeLessThan(8_000);
    await stream.body?.cancel().catch(() => {});
    const lines = (await logged)
      .join('')
      .split('\n')
      .filter((line) => line !== '');
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), name: 'cloud' });
      for (const secret of secrets) expect(line).not.toContain(secret);
    }
    const refused = lines.map((line) => JSON.parse(line)).filter(({ code }) => code !== undefined);
    expect(refused.map(({ requestId }) => requestId)).toContain('of-this-test');
  });

  it('says so when its port is taken', async () => {
    const port = String(world.hub.port);
    const { code, errors } = await finish(run('main.ts', [], { PORT: port }));
    expect(code).toBe(1);
    expect(errors).toContain('port-in-use');
  });
});

describe('each service alone behind the router', () => {
  it('answers as the one process does, by cookie from the router’s own address', async () => {
    const names = ['device-manager', 'bundle-orchestrator', 'telemetry-processor'];
    const ports = await Promise.all([0, 1, 2, 3].map(() => freePort()));
    const services = names.map((name, index) =>
      run(`${name}/main.ts`, [], {
        PORT: String(ports[index]),
        SIGNALBEAM_TRUSTED_PROXY: '1',
      }),
    );
    const at = (index: number): string => `http://127.0.0.1:${ports[index]}`;
    const router = run('main.ts', ['route'], {
      PORT: String(ports[3]),
      SIGNALBEAM_DEVICE_MANAGER_URL: at(0),
      SIGNALBEAM_BUNDLE_ORCHESTRATOR_URL: at(1),
      SIGNALBEAM_TELEMETRY_PROCESSOR_URL: at(2),
    });
    const url = at(3);
    await ready(url);
    const login = await signIn(url);
    expect(login.status).toBe(200);
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
    for (const path of ['/api/devices', '/api/bundles', '/api/rollouts']) {
      expect((await fetch(url + path, { headers: { cookie } })).status).toBe(200);
    }
    const create = (origin: string) =>
      fetch(`${url}/api/bundles`, {
        method: 'POST',
        headers: { cookie, origin, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'hello' }),
      });
    expect((await create('https://evil.example')).status).toBe(403);
    expect((await create(url)).status).toBe(201);
    expect(await (await fetch(`${url}/openapi.json`)).json()).toEqual(wholeDocument);
    await refusesWrongMethods(url, wholeDocument);
    const codes = await Promise.all([...services, router].map(stop));
    expect(codes).toEqual([0, 0, 0, 0]);
  });
});
