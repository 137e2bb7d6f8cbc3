/** A cloud that trusts a real OpenID Connect provider, and browsers that walk through both. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openPool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform } from '@signalbeam/platform/rig.suite';
import Provider from 'oidc-provider';
import { createTenant } from './create-tenant.ts';
import { createService } from './service.ts';

export const publicUrl = 'http://127.0.0.1:9';
export const secret = 'a secret that only the two know';
export const adminPassword = 'correct horse battery';

/** `people` are whom the provider knows, and what it says of them; `handler` answers in its place. */
export const openOidc = async (postgresUrl: string) => {
  const people = new Map<string, Record<string, unknown>>();
  const world = await openTestPlatform(postgresUrl);
  const { platform } = world;
  const service = createService({ ...platform, config: { ...platform.config, publicUrl } });
  const owner = openPool({ url: world.world.databaseUrl, role: null, max: 1 });
  const at: { handler: RequestListener; connections: number } = {
    handler: () => {},
    connections: 0,
  };
  const server = createServer((request, response) => at.handler(request, response));
  server.on('connection', () => {
    at.connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

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

  const form = (fields: Record<string, string>): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  });

  /** From our page to the provider and through its forms; ends where it sends the browser back to. */
  const walk = async (browser: ReturnType<typeof makeBrowser>, who: string): Promise<string> => {
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

  const signIn = async (
    who: string,
  ): Promise<{ location: string; browser: ReturnType<typeof makeBrowser> }> => {
    const browser = makeBrowser();
    const back = await walk(browser, who);
    const response = await browser.go(back);
    return { location: response.headers.get('location') ?? '', browser };
  };
  const whoIs = async ({ jar }: ReturnType<typeof makeBrowser>) => {
    const headers = { authorization: `Bearer ${jar.get('sb_session')}` };
    const response = await service.app.request('/api/auth/me', { headers });
    return { status: response.status, ...((await response.json()) as object) };
  };

  const { tenantId } = await createTenant(platform, {
    ...{ name: 'works', adminEmail: 'admin@works.example', password: adminPassword },
  });
  const login = await ask('POST', '/api/auth/login', {
    email: 'admin@works.example',
    password: adminPassword,
  });
  const admin: string = (login.body as { token: string }).token;
  at.handler = makeProvider();
  return {
    ...{ at, people, world, service, owner, issuer, tenantId, admin, makeProvider },
    ...{ ask, trust, makeBrowser, walk, signIn, whoIs },
    close: async (): Promise<void> => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await owner.end();
      await world.close();
    },
  };
};
export type Oidc = Awaited<ReturnType<typeof openOidc>>;
export type Browser = ReturnType<Oidc['makeBrowser']>;
