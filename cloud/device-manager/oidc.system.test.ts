/** Sign-in by OpenID Connect against a real provider, walked through as a browser does. */
import '@signalbeam/launcher/rig/provided';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { createTenant } from './create-tenant.ts';
import { adminPassword, type Browser, type Oidc, openOidc, publicUrl } from './oidc.suite.ts';
import { answerBytesMax } from './oidc.ts';
import { createService } from './service.ts';

let oidc: Oidc;
let at: Oidc['at'];
let people: Oidc['people'];
let world: Oidc['world'];
let service: Oidc['service'];
let owner: Oidc['owner'];
let issuer: Oidc['issuer'];
let tenantId: Oidc['tenantId'];
let admin: Oidc['admin'];
let makeProvider: Oidc['makeProvider'];
let ask: Oidc['ask'];
let trust: Oidc['trust'];
let makeBrowser: Oidc['makeBrowser'];
let walk: Oidc['walk'];
let signIn: Oidc['signIn'];
let whoIs: Oidc['whoIs'];
beforeAll(async () => {
  oidc = await openOidc(inject('postgresUrl'));
  ({
    at,
    people,
    world,
    service,
    owner,
    issuer,
    tenantId,
    admin,
    makeProvider,
    ask,
    trust,
    makeBrowser,
    walk,
    signIn,
    whoIs,
  } = oidc);
});
beforeEach(async () => {
  expect((await oidc.trust()).status).toBe(200);
});
afterAll(() => oidc?.close());

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
    at.handler = makeProvider();
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
      at.handler = (request, response) => {
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
      at.handler = (request, response) => {
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
    at.handler = (request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(302, { location: `${issuer}/elsewhere` }).end();
    };
    const begun = await service.app.request(`/api/auth/oidc?tenant=${tenantId}`);
    expect(begun.headers.get('location')).toBe('/?sign-in=oidc-refused');
    expect(asked).toEqual(['/.well-known/openid-configuration']);
    at.handler = makeProvider();
    // A cloud that is not on loopback itself does not even connect there.
    const { platform } = world;
    const config = { ...platform.config, publicUrl: 'https://fleet.example' };
    const elsewhere = createService({ ...platform, config });
    await trust({ issuer: issuer.replace('http://127.0.0.1', 'https://localhost') });
    const before = at.connections;
    const answer = await elsewhere.app.request(`/api/auth/oidc?tenant=${tenantId}`);
    expect(answer.headers.get('location')).toBe('/?sign-in=oidc-refused');
    expect(at.connections).toBe(before);
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
      signUp: false,
    });
  });
});
