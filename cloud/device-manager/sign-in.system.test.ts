/** Sign-in, sessions, throttling and the people of a tenant, over the real database. */
import { issueUserToken } from '@signalbeam/platform/identity/tokens';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { createTenant } from './create-tenant.ts';
import { adminPassword, type OpenedTenant, openTenant, type Rig, startRig } from './rig.suite.ts';
import { admitLogin, forgetLogin } from './store/login-failures.ts';
import { sweep } from './sweep.ts';

let rig: Rig;
let acme: OpenedTenant;
let other: OpenedTenant;

beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  acme = await openTenant(rig, 'acme');
  other = await openTenant(rig, 'other');
});
afterAll(async () => rig?.stop());

const login = (email: string, password: string) =>
  rig.ask('POST', '/api/auth/login', { body: { email, password } });
const addUser = async (email: string, role = 'viewer'): Promise<{ id: string; token: string }> => {
  const body = { email, name: email, role, password: adminPassword };
  const made = await rig.ask('POST', '/api/users', { token: acme.admin, body });
  expect(made.status).toBe(201);
  const signed = await login(email, adminPassword);
  return { id: (made.body as { id: string }).id, token: (signed.body as { token: string }).token };
};

describe('sign-in', () => {
  test('gives a token, who it is for, and a cookie that no script can read', async () => {
    const answer = await login('ADMIN@acme.example', adminPassword);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      expiresAt: expect.any(String),
      user: {
        email: 'admin@acme.example',
        role: 'admin',
        tenantId: acme.tenantId,
        tenantName: 'acme',
      },
    });
    const [cookie = ''] = answer.headers.getSetCookie();
    expect(cookie).toMatch(
      /^sb_session=[\w.-]+; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const me = await rig.ask('GET', '/api/auth/me', {
      headers: { cookie: cookie.split(';')[0] ?? '' },
    });
    expect(me).toMatchObject({ status: 200, body: { email: 'admin@acme.example' } });
    expect(JSON.stringify(me.body)).not.toContain('argon2');
  });

  test('a wrong password and an unknown address are one answer', async () => {
    const wrong = await login('viewer@acme.example', 'wrong');
    const unknown = await login('nobody@acme.example', 'wrong');
    expect(wrong).toMatchObject({ status: 401, body: { code: 'invalid-credentials' } });
    expect(unknown.body).toEqual(wrong.body);
  });

  // Inventory §7.5
  test('whoever keeps failing waits, even with the right password; others do not', async () => {
    const { id } = await addUser('guessed@acme.example');
    expect(id).toBeTruthy();
    for (let index = 0; index < 5; index += 1) {
      expect((await login('guessed@acme.example', 'wrong')).status).toBe(401);
    }
    const refused = await login('Guessed@acme.example', adminPassword);
    expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await login('operator@acme.example', adminPassword)).status).toBe(200);
    rig.passTime(2_000);
    expect((await login('guessed@acme.example', adminPassword)).status).toBe(200);
    expect((await login('guessed@acme.example', 'wrong')).status).toBe(401);
  });

  test('many guesses at once are counted one by one', async () => {
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => login('parallel@acme.example', 'wrong')),
    );
    expect(answers.filter(({ status }) => status === 401).length).toBe(5);
    expect(answers.filter(({ status }) => status === 429).length).toBe(25);
  });

  test('whoever is let in meanwhile, an attempt at the same time is counted or let in', async () => {
    const { system } = rig.platform.pools;
    const attempt = { ip: '192.0.2.7', email: 'twice@acme.example' };
    const rounds = async () => {
      for (let count = 0; count < 60; count += 1) {
        await admitLogin(system, attempt, Date.now());
        await forgetLogin(system, attempt);
      }
    };
    await expect(Promise.all([rounds(), rounds(), rounds()])).resolves.toHaveLength(3);
  });

  test('bad bodies are refused', async () => {
    for (const body of [
      {},
      { email: 'a' },
      { email: 'a', password: 'b', tenantId: other.tenantId },
      [],
      '"x"',
      { email: 'a', password: 'x'.repeat(257) },
    ]) {
      expect(await rig.ask('POST', '/api/auth/login', { body })).toMatchObject({
        status: 400,
        body: { code: 'invalid-request' },
      });
    }
    expect(await rig.ask('POST', '/api/auth/login', { body: '{' })).toMatchObject({
      status: 400,
      body: { code: 'malformed-json' },
    });
    expect((await login('a\u0000b', 'x')).status).toBe(400);
  });
});

describe('sessions', () => {
  test('signing out ends the token, not only the cookie', async () => {
    const { token } = await addUser('leaver@acme.example');
    expect((await rig.ask('GET', '/api/auth/me', { token })).status).toBe(200);
    const out = await rig.ask('POST', '/api/auth/logout', { token });
    expect(out.status).toBe(204);
    expect(out.headers.get('set-cookie')).toMatch(/^sb_session=; Max-Age=0/);
    expect(await rig.ask('GET', '/api/auth/me', { token })).toMatchObject({
      status: 401,
      body: { code: 'expired-token' },
    });
    expect((await rig.ask('POST', '/api/auth/logout', { token })).status).toBe(204);
    expect((await rig.ask('POST', '/api/auth/logout')).status).toBe(204);
  });

  test('another site can neither act nor sign out with the cookie', async () => {
    const { token } = await addUser('browser@acme.example', 'operator');
    const cookie = `sb_session=${token}`;
    const body = { site: 'plant-7' };
    const evil = { cookie, origin: 'https://evil.example', host: 'signalbeam.example' };
    for (const headers of [evil, { cookie, host: 'signalbeam.example' }]) {
      expect(await rig.ask('POST', '/api/registration-tokens', { body, headers })).toMatchObject({
        status: 403,
        body: { code: 'foreign-origin' },
      });
    }
    expect((await rig.ask('POST', '/api/auth/logout', { headers: evil })).status).toBe(403);
    const own = { cookie, origin: 'https://signalbeam.example', host: 'signalbeam.example' };
    expect((await rig.ask('POST', '/api/registration-tokens', { body, headers: own })).status).toBe(
      201,
    );
  });

  test('a token expires, and a session signed by nobody of ours is none', async () => {
    const { token, id } = await addUser('sleeper@acme.example');
    const { keyring, now } = rig.platform;
    const claims = {
      sessionId: crypto.randomUUID(),
      userId: id,
      tenantId: other.tenantId,
      email: 'x',
      role: 'admin',
    } as const;
    const invented = issueUserToken(keyring.users, claims, now()).token;
    expect((await rig.ask('GET', '/api/auth/me', { token: invented })).status).toBe(401);
    const { root } = await keyring.tenant(acme.tenantId);
    const foreign = issueUserToken({ ...root, keyId: keyring.users.keyId }, claims, now()).token;
    expect(await rig.ask('GET', '/api/auth/me', { token: foreign })).toMatchObject({
      status: 401,
      body: { code: 'invalid-token' },
    });
    rig.passTime(13 * 3_600_000);
    expect(await rig.ask('GET', '/api/auth/me', { token })).toMatchObject({
      status: 401,
      body: { code: 'expired-token' },
    });
    expect((await sweep(rig.platform)).sessions).toBeGreaterThan(0);
    acme.admin = await acme.signIn('admin');
    acme.operator = await acme.signIn('operator');
    acme.viewer = await acme.signIn('viewer');
    other.admin = await other.signIn('admin');
  });
});

describe('users', () => {
  test('only admins keep them, and an address is taken whoever has it', async () => {
    const body = {
      email: 'new@acme.example',
      name: 'New',
      role: 'viewer',
      password: adminPassword,
    };
    for (const token of [acme.operator, acme.viewer]) {
      expect((await rig.ask('POST', '/api/users', { token, body })).status).toBe(403);
      expect((await rig.ask('GET', '/api/users', { token })).status).toBe(403);
    }
    const taken = { ...body, email: 'ADMIN@other.example' };
    expect(await rig.ask('POST', '/api/users', { token: acme.admin, body: taken })).toMatchObject({
      status: 409,
      body: { code: 'already-exists' },
    });
    for (const bad of [
      { ...body, role: 'root' },
      { ...body, password: 'short' },
      { ...body, email: 'no' },
      { ...body, tenantId: other.tenantId },
    ]) {
      expect((await rig.ask('POST', '/api/users', { token: acme.admin, body: bad })).status).toBe(
        400,
      );
    }
    const { body: list } = await rig.ask('GET', '/api/users', { token: acme.admin });
    const emails = (list as { users: { email: string }[] }).users.map(({ email }) => email);
    expect(emails).toContain('admin@acme.example');
    expect(emails.every((email) => email.endsWith('@acme.example'))).toBe(true);
  });

  // Inventory §7.3
  test('a lost role and a disabled person take effect at the next request', async () => {
    const { id, token } = await addUser('fallen@acme.example', 'operator');
    const make = () => rig.ask('POST', '/api/registration-tokens', { token, body: { site: 's' } });
    expect((await make()).status).toBe(201);
    const path = `/api/users/${id}`;
    await rig.ask('PATCH', path, { token: acme.admin, body: { role: 'viewer' } });
    expect((await make()).status).toBe(403);
    const disabled = await rig.ask('PATCH', path, { token: acme.admin, body: { disabled: true } });
    expect(disabled).toMatchObject({ status: 200, body: { disabledAt: expect.any(String) } });
    expect((await rig.ask('GET', '/api/auth/me', { token })).status).toBe(401);
    expect((await login('fallen@acme.example', adminPassword)).status).toBe(401);
    await rig.ask('PATCH', path, { token: acme.admin, body: { disabled: false } });
    expect((await login('fallen@acme.example', adminPassword)).status).toBe(200);
  });

  test('a tenant keeps an admin, even when two remove each other at once', async () => {
    const second = await addUser('second@acme.example', 'admin');
    const { body: me } = await rig.ask('GET', '/api/auth/me', { token: acme.admin });
    const firstId = (me as { id: string }).id;
    const answers = await Promise.all([
      rig.ask('PATCH', `/api/users/${second.id}`, { token: acme.admin, body: { role: 'viewer' } }),
      rig.ask('PATCH', `/api/users/${firstId}`, { token: second.token, body: { role: 'viewer' } }),
    ]);
    const { rows } = await rig.owner.query(
      `SELECT count(*) AS n FROM device_manager.users WHERE tenant_id = $1 AND role = 'admin' AND disabled_at IS NULL`,
      [acme.tenantId],
    );
    expect(rows[0].n).toBe(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    await rig.owner.query(`UPDATE device_manager.users SET role = 'admin' WHERE id = $1`, [
      firstId,
    ]);
  });

  test("another tenant's people do not exist", async () => {
    const { body: me } = await rig.ask('GET', '/api/auth/me', { token: acme.admin });
    const path = `/api/users/${(me as { id: string }).id}`;
    const answer = await rig.ask('PATCH', path, { token: other.admin, body: { role: 'viewer' } });
    expect(answer).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect((await rig.ask('GET', '/api/auth/me', { token: acme.admin })).body).toMatchObject({
      role: 'admin',
    });
  });
});

describe('tenants', () => {
  test('a name or an address that is taken leaves nothing behind', async () => {
    const before = (await rig.platform.keyring.tenants()).length;
    const given = { adminEmail: 'boss@third.example', password: adminPassword };
    await expect(createTenant(rig.platform, { ...given, name: 'ACME' })).rejects.toMatchObject({
      code: 'already-exists',
    });
    await expect(
      createTenant(rig.platform, { ...given, name: 'third', adminEmail: 'Admin@acme.example' }),
    ).rejects.toMatchObject({ code: 'already-exists' });
    await expect(
      createTenant(rig.platform, { ...given, name: 'third', password: 'short' }),
    ).rejects.toMatchObject({ code: 'invalid-request' });
    expect(await rig.platform.keyring.tenants()).toHaveLength(before);
    expect((await login('boss@third.example', adminPassword)).status).toBe(401);
  });
});
