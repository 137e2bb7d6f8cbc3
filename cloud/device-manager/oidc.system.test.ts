/** Sign-in by OpenID Connect against a real provider, walked through as a browser does. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import '@signalbeam/launcher/rig/provided';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import type { Service } from '@signalbeam/platform/service';
import Provider from 'oidc-provider';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { createTenant } from './create-tenant.ts';
import { answerBytesMax } from './oidc.ts';
import { createService } from './service.ts';

const publicUrl = 'http://127.0.0.1:9';
const secret = 'a secret that only the two know';
const adminPassword = 'correct horse battery';

/** Whom the provider knows, and what it says of them. */
const people = new Map<string, Record<string, unknown>>();

let world: TestPlatform;
let service: Service;
let owner: Pool;
let handler: RequestListener;
let issuer: string;
let connections = 0;
let closeProvider: () => Promise<void>;
let tenantId: string;
let admin: string;

const makeProvider = (): RequestListener => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'signalbeam',
        client_secret: secret,
        redirect_uris: [`${publicUrl}/api/auth/oidc/callback`],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['for the test only'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    claims: { openid: ['sub', 'groups'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, ...people.get(id) }),
    }),
  });
  return provider.callback();
};

beforeAll(async () => {
  world = await openTestPlatform(inject('postgresUrl'));
  const { platform } = world;
  service = createService({ ...platform, config: { ...platform.config, publicUrl } });
  owner = openPool({ url: world.world.databaseUrl, role: null, max: 1 });
  const server = createServer((request, response) => handler(request, response));
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  closeProvider = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const made = await createTenant(platform, {
    ...{ name: 'works', adminEmail: 'admin@works.example', password: adminPassword },
  });
  tenantId = made.tenantId;
  const login = await ask('POST', '/api/auth/login', {
    email: 'admin@works.example',
    password: adminPassword,
  });
  admin = (login.body as { token: string }).token;
  handler = makeProvider();
});
afterAll(async () => {
  await closeProvider?.();
  await owner?.end();
  await world?.close();
});

const ask = async (
  method: string,
  path: string,
  body?: unknown,
  token?: string,
  headers: Record<string, string> = {},
) => {
  const response = await service.app.request(path, {
    method,
    headers: {
      ...headers,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text), response };
};

const trust = (more: object = {}, headers: Record<string, string> = {}) =>
  ask(
    'PUT',
    '/api/identity-provider',
    {
      ...{ name: 'Works', issuer, clientId: 'signalbeam', clientSecret: secret, listed: true },
      roleRules: [
        { value: 'keepers', role: 'admin', sites: null },
        { value: 'north', role: 'operator', sites: ['north'] },
      ],
      ...more,
    },
    admin,
    headers,
  );
beforeEach(async () => {
  expect((await trust()).status).toBe(200);
});

/** Cookies by origin, as a browser keeps them. */
const makeBrowser = () => {
  const jar = new Map<string, string>();
  const keep = (set: readonly string[]): void => {
    for (const one of set) {
      const [pair = ''] = one.split(';');
      const at = pair.indexOf('=');
      jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
  };
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const go = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { ...init.headers, cookie: cookie() };
    const response = url.startsWith(issuer)
      ? await fetch(url, { ...init, headers, redirect: 'manual' })
      : await service.app.request(url.replace(publicUrl, ''), { ...init, headers });
    keep(response.headers.getSetCookie());
    return response;
  };
  return { go, jar };
};
type Browser = ReturnType<typeof makeBrowser>;

const form = (fields: Record<string, string>): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(fields).toString(),
});

/** From our page to the provider and through its forms; ends where it sends the browser back to. */
const walk = async (browser: Browser, who: string): Promise<string> => {
  let response = await browser.go(`/api/auth/oidc?tenant=${tenantId}`);
  for (let step = 0; step < 12; step += 1) {
    const location = response.headers.get('location');
    if (location !== null) {
      const next = new URL(location, issuer).href;
      if (!next.startsWith(issuer)) return location;
      response = await browser.go(next);
      continue;
    }
    const page = await response.text();
    const action = /action="([^"]+)"/.exec(page)?.[1] ?? '';
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? '';
    const fields = prompt === 'login' ? { prompt, login: who, password: 'any' } : { prompt };
    response = await browser.go(new URL(action, issuer).href, form(fields));
  }
  throw new Error('the provider never sent the browser back');
};

const signIn = async (who: string): Promise<{ location: string; browser: Browser }> => {
  const browser = makeBrowser();
  const back = await walk(browser, who);
  const response = await browser.go(back);
  return { location: response.headers.get('location') ?? '', browser };
};
const whoIs = async ({ jar }: Browser) => {
  const headers = { authorization: `Bearer ${jar.get('sb_session')}` };
  const response = await service.app.request('/api/auth/me', { headers });
  return { status: response.status, ...((await response.json()) as object) };
};

describe('a sign-in elsewhere', () => {
  test('makes an account with the role that its claims give, and follows them', async () => {
    people.set('ada', { email: 'ada@works.example', name: 'Ada', groups: ['staff', 'north'] });
    const first = await signIn('ada');
    expect(first.location).toBe('/');
    const ada = { status: 200, email: 'ada@works.example', name: 'Ada', tenantId };
    expect(await whoIs(first.browser)).toMatchObject({
      ...ada,
      role: 'operator',
      sites: ['north'],
    });
    people.set('ada', { email: 'ada.l@works.example', groups: ['keepers', 'north'] });
    const second = await signIn('ada');
    // The subject is who it is; an address there may change hands.
    expect(await whoIs(second.browser)).toMatchObject({ ...ada, role: 'admin', sites: null });
    people.set('ada', { email: 'ada@works.example', groups: [] });
    expect((await signIn('ada')).location).toBe('/?sign-in=oidc-refused');
    const found = await ask('GET', '/api/audit?action=user.change', undefined, admin);
    expect(found.body.entries).toMatchObject([{ after: { role: 'admin', sites: null } }]);
  });

  test('still holds when the provider rotates its keys', async () => {
    people.set('rose', { email: 'rose@works.example', groups: 'north' });
    expect((await signIn('rose')).location).toBe('/');
    handler = makeProvider();
    expect((await signIn('rose')).location).toBe('/');
  });

  // Inventory §7.3
  test('takes an account over by its address only if that is verified and allowed', async () => {
    const body = { name: 'Bob', role: 'viewer', password: adminPassword };
    await ask('POST', '/api/users', { ...body, email: 'bob@works.example' }, admin);
    const claims = { email: 'Bob@works.example', groups: 'north' };
    people.set('bob', { ...claims, email_verified: true });
    expect((await signIn('bob')).location).toBe('/?sign-in=oidc-refused');
    await trust({ linkByEmail: true });
    people.set('bob', { ...claims, email_verified: false });
    expect((await signIn('bob')).location).toBe('/?sign-in=oidc-refused');
    people.set('bob', { ...claims, email_verified: true });
    expect(await whoIs((await signIn('bob')).browser)).toMatchObject({
      ...{ name: 'Bob', role: 'operator' },
    });
    // It is linked now: another subject with the address does not get it.
    people.set('mallory', { ...claims, email_verified: true });
    expect((await signIn('mallory')).location).toBe('/?sign-in=oidc-refused');
  });

  test('never reaches another tenant, whatever the provider says', async () => {
    const other = await createTenant(world.platform, {
      ...{ name: 'other', adminEmail: 'admin@other.example', password: adminPassword },
    });
    await trust({ linkByEmail: true });
    people.set('eve', { email: 'admin@other.example', email_verified: true, groups: 'keepers' });
    expect((await signIn('eve')).location).toBe('/?sign-in=oidc-refused');
    const { rows } = await owner.query(
      'SELECT oidc_subject FROM device_manager.users WHERE tenant_id = $1',
      [other.tenantId],
    );
    expect(rows).toEqual([{ oidc_subject: null }]);
  });

  test('makes nobody whom the tier of the tenant has no room for', async () => {
    const setTier = (tier: string) =>
      owner.query('UPDATE device_manager.tenants SET tier = $2 WHERE id = $1', [tenantId, tier]);
    const { rows } = await owner.query('SELECT tier FROM device_manager.tenants WHERE id = $1', [
      tenantId,
    ]);
    await setTier('free');
    people.set('ned', { email: 'ned@works.example', groups: 'north' });
    const first = await signIn('rose');
    expect(first.location).toBe('/');
    expect((await signIn('ned')).location).toBe('/?sign-in=quota-reached');
    await setTier(rows[0].tier);
    expect((await signIn('ned')).location).toBe('/');
  });

  test('counts once, in the browser that began it, with what was asked for', async () => {
    people.set('ivy', { email: 'ivy@works.example', groups: 'north' });
    const browser = makeBrowser();
    const back = await walk(browser, 'ivy');
    const refused = async (by: Browser, url: string) =>
      expect((await by.go(url)).headers.get('location'), url).toBe('/?sign-in=oidc-refused');
    const thief = makeBrowser();
    await refused(thief, back);
    const state = browser.jar.get('sb_oidc') ?? '';
    const changed = new URL(back, publicUrl);
    changed.searchParams.set('state', `${state}x`);
    await refused(browser, changed.href);
    browser.jar.set('sb_oidc', state);
    expect((await browser.go(back)).headers.get('location')).toBe('/');
    browser.jar.set('sb_oidc', state);
    await refused(browser, back);
    // A code of one sign-in does not answer another: nonce and verifier are that one's.
    const [mine, theirs] = [makeBrowser(), makeBrowser()];
    const [ours, foreign] = [await walk(mine, 'ivy'), await walk(theirs, 'ada')];
    const mixed = new URL(ours, publicUrl);
    mixed.searchParams.set('code', new URL(foreign, publicUrl).searchParams.get('code') ?? '');
    await refused(mine, mixed.href);
  });

  test('goes where the provider says, but neither inside nor after a redirect', async () => {
    const asked: string[] = [];
    const says = (more: object): void => {
      const real = makeProvider();
      handler = (request, response) => {
        asked.push(request.url ?? '');
        if (request.url !== '/.well-known/openid-configuration') return real(request, response);
        const facts = { issuer, authorization_endpoint: `${issuer}/auth`, ...more };
        const endpoints = { token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ ...endpoints, ...facts }));
      };
    };
    says({});
    expect((await signIn('rose')).location).toBe('/');
    says({ token_endpoint: 'https://169.254.169.254/token' });
    expect((await signIn('rose')).location).toBe('/?sign-in=oidc-refused');
    says({ jwks_uri: 'https://10.0.0.1/jwks' });
    expect((await signIn('rose')).location).toBe('/?sign-in=oidc-refused');
    // Of its tokens and its keys no more is read than of its description.
    for (const [large, location] of [
      ['/nothing', '/'],
      ['/token', '/?sign-in=oidc-refused'],
      ['/jwks', '/?sign-in=oidc-refused'],
    ]) {
      const real = makeProvider();
      handler = (request, response) => {
        if (request.url === large) {
          const end = response.end.bind(response) as (text: string) => typeof response;
          response.end = ((text: string) => {
            response.removeHeader('content-length');
            return end(`${text}${' '.repeat(answerBytesMax)}`);
          }) as typeof response.end;
        }
        return real(request, response);
      };
      expect([large, (await signIn('rose')).location]).toEqual([large, location]);
    }
    asked.length = 0;
    handler = (request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(302, { location: `${issuer}/elsewhere` }).end();
    };
    const begun = await service.app.request(`/api/auth/oidc?tenant=${tenantId}`);
    expect(begun.headers.get('location')).toBe('/?sign-in=oidc-refused');
    expect(asked).toEqual(['/.well-known/openid-configuration']);
    handler = makeProvider();
    // A cloud that is not on loopback itself does not even connect there.
    const { platform } = world;
    const config = { ...platform.config, publicUrl: 'https://fleet.example' };
    const elsewhere = createService({ ...platform, config });
    await trust({ issuer: issuer.replace('http://127.0.0.1', 'https://localhost') });
    const before = connections;
    const answer = await elsewhere.app.request(`/api/auth/oidc?tenant=${tenantId}`);
    expect(answer.headers.get('location')).toBe('/?sign-in=oidc-refused');
    expect(connections).toBe(before);
  });

  test('is begun with PKCE, state and nonce, and only where there is a provider', async () => {
    const begun = await service.app.request(`/api/auth/oidc?tenant=${tenantId}`);
    const asked = new URL(begun.headers.get('location') ?? '').searchParams;
    expect(Object.fromEntries(asked)).toMatchObject({
      ...{ response_type: 'code', code_challenge_method: 'S256', client_id: 'signalbeam' },
      ...{ state: expect.any(String), nonce: expect.any(String) },
    });
    expect(begun.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Lax/);
    const nobody = await service.app.request(`/api/auth/oidc?tenant=${crypto.randomUUID()}`);
    expect(nobody.headers.get('location')).toBe('/?sign-in=not-found');
    expect((await ask('GET', '/api/auth/providers')).body).toEqual({
      providers: [{ tenantId, name: 'Works' }],
    });
  });
});

test('a provider is tried before it is trusted, and what is wrong is said', async () => {
  const check = async (named = issuer) =>
    (await ask('POST', '/api/identity-provider/check', { issuer: named }, admin)).body;
  const good = await check();
  expect(good).toMatchObject({ ok: true });
  expect(good.findings.map(({ what }: { what: string }) => what)).toEqual([
    ...['description', 'issuer', 'endpoints', 'flow', 'keys'],
  ]);
  const real = handler;
  const wrong = async (facts: object) => {
    handler = (request, response) => {
      if (request.url === '/jwks') return real(request, response);
      const said = { issuer, authorization_endpoint: `${issuer}/auth`, jwks_uri: `${issuer}/jwks` };
      response.end(JSON.stringify({ ...said, token_endpoint: `${issuer}/token`, ...facts }));
    };
    const { ok, findings } = await check();
    const failed = findings.filter((one: { ok: boolean }) => !one.ok);
    return [ok, failed.map(({ what, detail }: Record<string, string>) => `${what}: ${detail}`)];
  };
  expect(await wrong({})).toEqual([true, []]);
  expect(await wrong({ issuer: 'https://other.example' })).toEqual([
    ...[false, ['issuer: It calls itself https://other.example; write it exactly so.']],
  ]);
  expect(await wrong({ token_endpoint: 'https://10.0.0.1/' })).toEqual([
    ...[false, [expect.stringMatching(/^endpoints: token_endpoint is .*private network/)]],
  ]);
  expect(await wrong({ response_types_supported: ['token'] })).toEqual([
    ...[false, ['flow: It does not offer the code flow.']],
  ]);
  expect(await wrong({ code_challenge_methods_supported: ['plain'] })).toEqual([
    ...[false, ['flow: It does not offer PKCE with S256.']],
  ]);
  expect(await wrong({ jwks_uri: `${issuer}/other` })).toEqual([
    ...[false, ['keys: It is not what OpenID Connect describes.']],
  ]);
  handler = real;
  expect((await check('https://localhost:1')).findings).toMatchObject([
    { what: 'description', ok: false, detail: expect.stringContaining('refused') },
  ]);
});

test('a provider is changed and deleted by one after the other, on what they read', async () => {
  const read = await ask('GET', '/api/identity-provider', undefined, admin);
  const match = { 'if-match': read.response.headers.get('etag') ?? '' };
  const both = await Promise.all(['Mill', 'Yard'].map((name) => trust({ name }, match)));
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 412]);
  const other = await owner.connect();
  await other.query('BEGIN');
  const lock = `SELECT pg_advisory_xact_lock(hashtextextended('identity provider:' || $1, 0))`;
  await other.query(lock, [tenantId]);
  const deleting = ask('DELETE', '/api/identity-provider', undefined, admin);
  await vi.waitFor(async () => {
    const waiting = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    expect((await other.query(waiting)).rowCount).toBe(1);
  });
  await other.query('COMMIT');
  other.release();
  expect((await deleting).status).toBe(204);
});

test('the secret stays here, and a provider without TLS is refused unless it is this machine', async () => {
  const { body } = await ask('GET', '/api/identity-provider', undefined, admin);
  expect(body).toMatchObject({ issuer, hasSecret: true });
  const { rows } = await owner.query(
    `SELECT (SELECT string_agg(a::text, '') FROM platform.audit_log a) AS log,
            (SELECT string_agg(p::text, '') FROM device_manager.identity_providers p) AS kept`,
  );
  expect(JSON.stringify([body, rows])).not.toContain(secret);
  expect((await trust({ issuer: 'http://login.example.org' })).status).toBe(400);
  expect((await ask('DELETE', '/api/identity-provider', undefined, admin)).status).toBe(204);
  expect((await ask('GET', '/api/auth/providers')).body).toEqual({ providers: [] });
});
