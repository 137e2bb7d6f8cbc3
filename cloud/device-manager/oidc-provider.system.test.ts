/** The provider that a tenant trusts: tried, changed and deleted; its secret stays. */
import '@signalbeam/launcher/rig/provided';
import { afterAll, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest';
import { type Oidc, openOidc, secret } from './oidc.suite.ts';

let oidc: Oidc;
let at: Oidc['at'];
let owner: Oidc['owner'];
let issuer: Oidc['issuer'];
let tenantId: Oidc['tenantId'];
let admin: Oidc['admin'];
let ask: Oidc['ask'];
let trust: Oidc['trust'];
beforeAll(async () => {
  oidc = await openOidc(inject('postgresUrl'));
  ({ at, owner, issuer, tenantId, admin, ask, trust } = oidc);
});
beforeEach(async () => {
  expect((await oidc.trust()).status).toBe(200);
});
afterAll(() => oidc?.close());

test('a provider is tried before it is trusted, and what is wrong is said', async () => {
  const check = async (named = issuer) =>
    (await ask('POST', '/api/identity-provider/check', { issuer: named }, admin)).body;
  const good = await check();
  expect(good).toMatchObject({ ok: true });
  expect(good.findings.map(({ what }: { what: string }) => what)).toEqual([
    ...['description', 'issuer', 'endpoints', 'flow', 'keys'],
  ]);
  const real = at.handler;
  const wrong = async (facts: object) => {
    at.handler = (request, response) => {
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
  at.handler = real;
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
  try {
    await other.query('BEGIN');
    const lock = `SELECT pg_advisory_xact_lock(hashtextextended('identity provider:' || $1, 0))`;
    await other.query(lock, [tenantId]);
    const deleting = ask('DELETE', '/api/identity-provider', undefined, admin);
    await vi.waitFor(async () => {
      const waiting = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
      expect((await other.query(waiting)).rowCount).toBe(1);
    }, 15_000);
    await other.query('COMMIT');
    expect((await deleting).status).toBe(204);
  } finally {
    // Ended, so that nothing waits for what it holds.
    other.release(true);
  }
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
  expect((await ask('GET', '/api/auth/providers')).body).toEqual({
    ...{ providers: [], signUp: false },
  });
});
