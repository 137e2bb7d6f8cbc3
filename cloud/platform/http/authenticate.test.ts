/** From a request's credential to a caller: bearer, cookie, device proof, API key. */
import { randomUUID } from 'node:crypto';
import { createSeed, signerFromSeed } from '@signalbeam/sync/wire/keys';
import { createDeviceKey, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../identity/attempts.ts';
import type { DeviceIdentity } from '../identity/devices.ts';
import { issueDeviceToken, issueUserToken } from '../identity/tokens.ts';
import { createLog } from '../logging/log.ts';
import { createApi } from './app.ts';
import { createAuthenticator, sessionCookie } from './authenticate.ts';
import type { Authentication } from './caller.ts';

const users = signerFromSeed(createSeed());
const now = Date.UTC(2026, 1, 3);
const user = {
  userId: randomUUID(),
  tenantId: randomUUID(),
  email: 'ada@example.org',
  role: 'viewer' as const,
  sites: null,
};
const sessionId = randomUUID();
const deletedTenant = randomUUID();
const key = createDeviceKey();
const deviceSigner = signerFromNkeySeed(key.seed);
const device: DeviceIdentity = {
  deviceId: randomUUID(),
  tenantId: randomUUID(),
  publicKey: key.nkey,
  registrationStatus: 'approved',
  suspension: null,
};

type World = {
  trustedProxy?: boolean;
  session?: boolean;
  status?: DeviceIdentity['registrationStatus'];
  keyState?: 'live' | 'revoked' | 'expired';
  noted?: Attempt[];
  suspension?: string;
};

const ask = async (
  init: RequestInit & { headers: Record<string, string> },
  world: World = {},
): Promise<Authentication> => {
  const suspension = world.suspension ?? null;
  const known = { ...device, suspension, registrationStatus: world.status ?? 'approved' };
  const api = createApi({
    log: createLog({ name: 'test', level: 'silent' }),
    authenticate: createAuthenticator({
      userKeys: [users],
      sessions: async (id) =>
        id === sessionId && world.session !== false ? { ...user, suspension } : null,
      devices: {
        byId: async (id) => (id === device.deviceId ? known : null),
        byApiKey: async (apiKey, tenantId) =>
          apiKey === 'right' && tenantId === device.tenantId
            ? { device: known, state: world.keyState ?? 'live', apiKeyId: 'k' }
            : null,
        byCertificate: async () => null,
        isDeletedTenant: async (tenantId) => tenantId === deletedTenant,
      },
      serviceTokens: async (text) =>
        text === 'sbs_right'
          ? {
              ...{ tokenId: user.userId, accountId: user.userId, tenantId: user.tenantId },
              name: 'ci',
              role: 'operator',
              sites: null,
              suspension,
            }
          : null,
      publicUrl: 'https://fleet.example.org',
      trustedProxy: world.trustedProxy ?? false,
      note: (attempt) => world.noted?.push(attempt),
      now: () => now,
    }),
  });
  api.all('/api/who', (c) => c.json(c.var.authentication));
  const response = await api.request('http://10.0.0.5:8080/api/who', init);
  return (await response.json()) as Authentication;
};

const token = issueUserToken(users, { ...user, sessionId, role: 'admin' as never }, now).token;
const cookie = `${sessionCookie}=${token}`;
const proof = issueDeviceToken(deviceSigner, device.deviceId, now);

describe('a user', () => {
  it('is who the session says now, not who the token said then', async () => {
    const found = await ask({ headers: { authorization: `Bearer ${token}` } });
    expect(found).toEqual({
      kind: 'known',
      caller: { kind: 'user', account: 'person', sessionId, tokenId: null, ...user },
    });
  });

  it('is nobody once the session has ended', async () => {
    const found = await ask({ headers: { authorization: `Bearer ${token}` } }, { session: false });
    expect(found).toMatchObject({ kind: 'refused', code: 'expired-token' });
  });

  it('may read by cookie from anywhere', async () => {
    const found = await ask({ headers: { cookie, origin: 'https://evil.example' } });
    expect(found).toMatchObject({ kind: 'known' });
  });

  it.each(['https://fleet.example.org', 'http://10.0.0.5:8080'])(
    'may act by cookie from %s',
    async (origin) => {
      const headers = { cookie, origin, host: '10.0.0.5:8080' };
      expect(await ask({ method: 'POST', headers })).toMatchObject({ kind: 'known' });
    },
  );

  it.each([
    'https://evil.example',
    'null',
    'https://fleet.example.org.evil.example',
    'http://fleet.example.org',
    'http://10.0.0.5:8081',
    '',
  ])('may not act by cookie from %j', async (origin) => {
    for (const method of ['POST', 'PATCH', 'PUT', 'DELETE']) {
      const headers = { cookie, host: '10.0.0.5:8080', ...(origin === '' ? {} : { origin }) };
      const found = await ask({ method, headers });
      expect(found).toMatchObject({ kind: 'refused', code: 'foreign-origin' });
    }
  });

  it('gains nothing by naming a forwarded host, unless our own proxy says it', async () => {
    const origin = 'https://evil.example';
    const headers = { cookie, origin, host: '10.0.0.5:8080', 'x-forwarded-host': 'evil.example' };
    expect(await ask({ method: 'POST', headers })).toMatchObject({ code: 'foreign-origin' });
    const behindProxy = await ask({ method: 'POST', headers }, { trustedProxy: true });
    expect(behindProxy).toMatchObject({ kind: 'known' });
  });

  it('can be a program, by a token of its service account and by that alone', async () => {
    const found = await ask({ headers: { authorization: 'Bearer sbs_right' } });
    expect(found).toMatchObject({
      caller: { kind: 'user', account: 'service', email: 'service-account:ci', role: 'operator' },
    });
    for (const headers of [
      { authorization: 'Bearer sbs_wrong' },
      { cookie: `${sessionCookie}=sbs_right` },
      { 'x-api-key': 'sbs_right', 'x-tenant-id': user.tenantId },
    ]) {
      expect(await ask({ headers })).toMatchObject({ kind: 'refused', code: 'invalid-token' });
    }
  });

  it('with an unreadable credential is refused, not nobody', async () => {
    for (const authorization of ['Basic YTpi', 'Bearer', 'Bearer a b', `bearer ${token}x`]) {
      expect(await ask({ headers: { authorization } })).toMatchObject({ kind: 'refused' });
    }
    expect(await ask({ headers: {} })).toEqual({ kind: 'none' });
  });
});

describe('a suspended tenant', () => {
  const suspension = 'an invoice is open.';
  const refused = {
    kind: 'refused',
    code: 'tenant-suspended',
    detail: 'This tenant is suspended: an invoice is open.',
  };

  it('has nobody who is let in: people, programs, and devices however they prove themselves', async () => {
    for (const headers of [
      { authorization: `Bearer ${token}` },
      { cookie },
      { authorization: 'Bearer sbs_right' },
      { authorization: `Bearer ${proof}` },
      { 'x-api-key': 'right', 'x-tenant-id': device.tenantId },
    ]) {
      expect(await ask({ headers }, { suspension })).toMatchObject(refused);
    }
  });

  it('is told of to those who prove themselves alone', async () => {
    for (const [headers, world] of [
      [{ authorization: `Bearer ${token}` }, { session: false }],
      [{ authorization: 'Bearer sbs_wrong' }, {}],
      [{ 'x-api-key': 'wrong', 'x-tenant-id': device.tenantId }, {}],
      [{ 'x-api-key': 'right', 'x-tenant-id': device.tenantId }, { keyState: 'revoked' as const }],
    ] as const) {
      const found = await ask({ headers }, { ...world, suspension });
      expect(found.kind === 'refused' && found.code).toMatch(/^(expired|invalid)-token$/);
    }
  });
});

describe('a deleted tenant', () => {
  it('is told of to devices that name it, for nobody of it can prove anything', async () => {
    const stranger = randomUUID();
    const named = issueDeviceToken(deviceSigner, stranger, now, deletedTenant);
    for (const headers of [
      { authorization: `Bearer ${named}` },
      { 'x-api-key': 'right', 'x-tenant-id': deletedTenant },
    ]) {
      expect(await ask({ headers })).toMatchObject({ kind: 'refused', code: 'tenant-deleted' });
    }
    const unnamed = issueDeviceToken(deviceSigner, stranger, now);
    const living = issueDeviceToken(deviceSigner, stranger, now, device.tenantId);
    for (const token of [unnamed, living]) {
      const headers = { authorization: `Bearer ${token}` };
      expect(await ask({ headers })).toMatchObject({ kind: 'refused', code: 'invalid-token' });
    }
  });
});

describe('a device', () => {
  const { deviceId, tenantId } = device;
  const caller = { kind: 'device', deviceId, tenantId, sites: null };

  it('proves itself; while it waits it is known as not approved', async () => {
    const headers = { authorization: `Bearer ${proof}` };
    expect(await ask({ headers })).toEqual({
      kind: 'known',
      caller: { ...caller, approved: true, proof: 'signature' },
    });
    for (const status of ['pending', 'rejected'] as const) {
      expect(await ask({ headers }, { status })).toMatchObject({ caller: { approved: false } });
    }
  });

  it('that is not registered, or signs with another key, is refused', async () => {
    const unknown = issueDeviceToken(deviceSigner, randomUUID(), now);
    const foreign = issueDeviceToken(
      signerFromNkeySeed(createDeviceKey().seed),
      device.deviceId,
      now,
    );
    for (const text of [unknown, foreign]) {
      const found = await ask({ headers: { authorization: `Bearer ${text}` } });
      expect(found).toMatchObject({ kind: 'refused', code: 'invalid-token' });
    }
  });

  it('is known by its API key within its tenant only', async () => {
    const withKey = (apiKey: string, tenant: string, world: World = {}) =>
      ask({ headers: { 'x-api-key': apiKey, 'x-tenant-id': tenant } }, world);
    expect(await withKey('right', tenantId)).toMatchObject({ kind: 'known', caller });
    expect(await withKey('wrong', tenantId)).toMatchObject({ kind: 'refused' });
    expect(await withKey('right', user.tenantId)).toMatchObject({ kind: 'refused' });
    expect(await withKey('right', '')).toMatchObject({ kind: 'refused' });
    expect(await withKey('right', tenantId, { status: 'rejected' })).toMatchObject({
      kind: 'refused',
    });
  });

  it('is refused with a key that was revoked or has expired, though it fits', async () => {
    const headers = { 'x-api-key': 'right', 'x-tenant-id': tenantId };
    expect(await ask({ headers }, { keyState: 'revoked' })).toMatchObject({
      code: 'invalid-token',
    });
    expect(await ask({ headers }, { keyState: 'expired' })).toMatchObject({
      code: 'expired-token',
    });
  });

  it('has every attempt noted that names it, and what it shows nowhere', async () => {
    const noted: Attempt[] = [];
    const foreign = signerFromNkeySeed(createDeviceKey().seed);
    const forged = issueDeviceToken(foreign, deviceId, now);
    const stale = issueDeviceToken(deviceSigner, deviceId, now - 3_600_000);
    const byKey = { 'x-api-key': 'right', 'x-tenant-id': tenantId, 'user-agent': 'curl/8' };
    await ask({ headers: { authorization: `Bearer ${proof}` } }, { noted });
    await ask({ headers: { authorization: `Bearer ${forged}` } }, { noted });
    await ask({ headers: { authorization: `Bearer ${stale}` } }, { noted });
    await ask({ headers: { authorization: `Bearer ${proof}` } }, { noted, status: 'removed' });
    await ask({ headers: byKey }, { noted });
    await ask({ headers: byKey }, { noted, keyState: 'revoked' });
    await ask({ headers: { ...byKey, 'x-api-key': 'wrong' } }, { noted });
    expect(noted.map(({ method, outcome }) => `${method} ${outcome}`)).toEqual([
      ...['signature accepted', 'signature invalid', 'signature expired', 'signature removed'],
      ...['api-key accepted', 'api-key revoked'],
    ]);
    expect(noted[4]).toEqual({
      ...{ tenantId, deviceId, method: 'api-key', outcome: 'accepted' },
      ...{ apiKeyId: 'k', ip: null, userAgent: 'curl/8' },
    });
  });
});
