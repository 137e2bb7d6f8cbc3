/** Accounts: renewed sign-ins, second factors, invitations, programs, and people held to sites. */
import '@signalbeam/launcher/rig/provided';
import { totpCode } from '@signalbeam/platform/identity/totp';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  adminPassword,
  makeToken,
  type OpenedTenant,
  openTenant,
  type Rig,
  register,
  startRig,
} from './rig.suite.ts';

let rig: Rig;
let acme: OpenedTenant;
let other: OpenedTenant;

beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  acme = await openTenant(rig, 'acme');
  other = await openTenant(rig, 'other');
});
afterAll(async () => rig?.stop());

type Signed = { token: string; refreshToken: string; user: { id: string } };
const signIn = async (email: string, more: object = {}): Promise<Signed> => {
  const body = { email, password: adminPassword, ...more };
  const answer = await rig.ask('POST', '/api/auth/login', { body });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
};
const person = async (name: string, more: object = {}): Promise<string> => {
  const email = `${name}@acme.example`;
  const body = { email, name, role: 'operator', password: adminPassword, ...more };
  const token = await acme.signIn('admin');
  expect((await rig.ask('POST', '/api/users', { token, body })).status).toBe(201);
  return email;
};
const me = async (token: string): Promise<number> =>
  (await rig.ask('GET', '/api/auth/me', { token })).status;
const renew = (refreshToken: string) =>
  rig.ask('POST', '/api/auth/refresh', { body: { refreshToken } });

describe('a sign-in', () => {
  test('is renewed by a token that counts once, and ends when an older one comes back', async () => {
    const first = await signIn(await person('renewer'));
    rig.passTime(16 * 60_000);
    expect(await me(first.token)).toBe(401);
    const second = (await renew(first.refreshToken)).body as Signed;
    expect(await me(second.token)).toBe(200);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    // Two tabs at once: the last token still gives an access token, and no other refresh token.
    expect(await renew(first.refreshToken)).toMatchObject({
      ...{ status: 200, body: { refreshToken: null } },
    });
    rig.passTime(11_000);
    expect(await renew(first.refreshToken)).toMatchObject({
      ...{ status: 401, body: { code: 'expired-token' } },
    });
    expect(await me(second.token)).toBe(401);
    expect((await renew(second.refreshToken)).status).toBe(401);
    const admin = await acme.signIn('admin');
    const found = await rig.ask('GET', '/api/audit?action=user.end-stolen-session', {
      token: admin,
    });
    expect(found.body).toMatchObject({ entries: [{ target: `user:${first.user.id}` }] });
  });

  test('of many renewals at the same moment has one that renews', async () => {
    const { refreshToken } = await signIn(await person('crowd'));
    const answers = await Promise.all(Array.from({ length: 8 }, () => renew(refreshToken)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    const renewed = answers.filter(({ body }) => (body as Signed).refreshToken !== null);
    expect(renewed).toHaveLength(1);
  });

  test('takes no other token for one that renews, and no refresh token for a credential', async () => {
    const { token, refreshToken } = await signIn(await person('forger'));
    const [, session] = refreshToken.split('_');
    const forged = refreshToken.replace(`${session}_1_`, `${session}_2_`);
    for (const text of [token, forged, `${refreshToken}x`, 'sbf_', '']) {
      expect((await renew(text)).status, text).toBe(401);
    }
    // A forgery says nothing about the session: it goes on.
    expect(await me(token)).toBe(200);
    expect(await me(refreshToken)).toBe(401);
    expect((await rig.ask('POST', '/api/auth/refresh', { body: {} })).body).toMatchObject({
      code: 'unauthenticated',
    });
  });

  test('is renewed in a browser by a cookie that goes nowhere else and no page can misuse', async () => {
    const email = await person('browsing');
    const body = { email, password: adminPassword };
    const signed = await rig.ask('POST', '/api/auth/login', { body });
    const set = signed.headers.getSetCookie();
    const kept = set.find((one) => one.startsWith('sb_refresh=')) ?? '';
    expect(kept).toMatch(/; Path=\/api\/auth; HttpOnly; SameSite=Strict$/);
    const cookie = set.map((one) => one.split(';')[0]).join('; ');
    const ask = (origin: string) =>
      rig.ask('POST', '/api/auth/refresh', {
        body: {},
        headers: { cookie, origin, host: 'signalbeam.example' },
      });
    expect((await ask('https://evil.example')).status).toBe(403);
    const renewed = await ask('https://signalbeam.example');
    expect(renewed).toMatchObject({ status: 200, body: { refreshToken: null } });
    expect(renewed.headers.getSetCookie().join()).toContain('sb_refresh=sbf_');
  });

  test('is listed and ended by its person, and all others end with a new password', async () => {
    const email = await person('owner');
    const [one, two, three] = [await signIn(email), await signIn(email), await signIn(email)];
    const asked = { token: one.token };
    const { body } = await rig.ask('GET', '/api/auth/sessions', asked);
    const { sessions } = body as { sessions: { id: string; current: boolean }[] };
    expect(sessions.filter(({ current }) => current)).toHaveLength(1);
    expect(sessions).toHaveLength(3);
    const ended = two.refreshToken.split('_')[1];
    const path = `/api/auth/sessions/${ended}`;
    const stranger = { token: await other.signIn('admin') };
    expect((await rig.ask('DELETE', path, stranger)).status).toBe(404);
    expect((await rig.ask('DELETE', path, asked)).status).toBe(204);
    expect([await me(one.token), await me(two.token), await me(three.token)]).toEqual([
      ...[200, 401, 200],
    ]);
    const change = (password: string) =>
      rig.ask('POST', '/api/auth/password', {
        ...asked,
        body: { password, newPassword: 'a new battery for a horse' },
      });
    expect(await change('wrong')).toMatchObject({ status: 403, body: { code: 'wrong-password' } });
    expect((await change(adminPassword)).status).toBe(204);
    expect([await me(one.token), await me(three.token)]).toEqual([200, 401]);
    const again = await rig.ask('POST', '/api/auth/login', {
      body: { email, password: adminPassword },
    });
    expect(again.status).toBe(401);
    expect(await signIn(email, { password: 'a new battery for a horse' })).toBeTruthy();
  });
});

describe('a second factor', () => {
  const secretOf = (base32: string): Buffer => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
    const bits = [...base32].map((one) => alphabet.indexOf(one).toString(2).padStart(5, '0'));
    const bytes = bits.join('').match(/.{8}/g) ?? [];
    return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
  };
  const now = () => rig.platform.now();
  const enrol = async (email: string) => {
    const { token, user } = await signIn(email);
    const body = { password: adminPassword };
    const proposed = await rig.ask('POST', '/api/auth/totp', { token, body });
    const { secret, uri } = proposed.body as { secret: string; uri: string };
    expect(uri).toContain(`secret=${secret}&`);
    const key = secretOf(secret);
    const confirm = (code: string) =>
      rig.ask('POST', '/api/auth/totp/confirmation', { token, body: { code } });
    return { token, key, confirm, id: user.id };
  };
  const attempt = async (email: string, code?: string) => {
    const body = { email, password: adminPassword, ...(code === undefined ? {} : { code }) };
    const answer = await rig.ask('POST', '/api/auth/login', { body });
    return [answer.status, (answer.body as { code?: string }).code];
  };

  test('is asked for once it is confirmed; each code counts once, and so do recovery codes', async () => {
    const email = await person('careful');
    const { key, confirm } = await enrol(email);
    // Proposed is not in force: nobody is locked out by a QR code that was never scanned.
    expect(await attempt(email)).toEqual([200, undefined]);
    expect(await confirm('000000')).toMatchObject({
      status: 409,
      body: { code: 'wrong-totp-code' },
    });
    // Kept: half a minute may be over before it is tried again.
    const used = totpCode(key, now());
    const confirmed = await confirm(used);
    const { recoveryCodes } = confirmed.body as { recoveryCodes: string[] };
    expect(recoveryCodes).toHaveLength(10);
    expect(await attempt(email)).toEqual([401, 'second-factor-needed']);
    // The code that confirmed was used.
    expect(await attempt(email, used)).toEqual([401, 'invalid-credentials']);
    rig.passTime(31_000);
    const code = totpCode(key, now());
    const both = await Promise.all([attempt(email, code), attempt(email, code)]);
    expect(both.map(([status]) => status).toSorted()).toEqual([200, 401]);
    const [recovery = ''] = recoveryCodes;
    expect(await attempt(email, recovery.toUpperCase())).toEqual([200, undefined]);
    expect((await attempt(email, recovery))[0]).toBe(401);
    const { rows } = await rig.owner.query(
      `SELECT before::text || after::text AS said FROM platform.audit_log WHERE action LIKE 'user.%totp'`,
    );
    expect(JSON.stringify(rows)).not.toContain(recovery);
  });

  test('can not be guessed, whatever addresses the guesses come from', async () => {
    const email = await person('guessed');
    const { key, confirm } = await enrol(email);
    await confirm(totpCode(key, now()));
    const guesses = await Promise.all(Array.from({ length: 12 }, () => attempt(email, '123456')));
    expect(guesses.filter(([status]) => status === 401).length).toBeLessThanOrEqual(5);
    rig.passTime(3_600_000);
    expect((await attempt(email, totpCode(key, now())))[0]).toBe(200);
  });

  test('that was lost is taken away by an admin, and by its person with the password', async () => {
    const email = await person('loser');
    const { key, confirm, id, token } = await enrol(email);
    await confirm(totpCode(key, now()));
    const admin = await acme.signIn('admin');
    const reset = () => rig.ask('DELETE', `/api/users/${id}/totp`, { token: admin });
    expect((await reset()).status).toBe(204);
    expect(await reset()).toMatchObject({ status: 409, body: { code: 'wrong-state' } });
    expect(await me(token)).toBe(401);
    expect(await attempt(email)).toEqual([200, undefined]);
    const second = await enrol(email);
    await second.confirm(totpCode(second.key, now()));
    const remove = (password: string) =>
      rig.ask('POST', '/api/auth/totp/removal', { token: second.token, body: { password } });
    expect((await remove('wrong')).status).toBe(403);
    expect((await remove(adminPassword)).status).toBe(204);
    expect(await attempt(email)).toEqual([200, undefined]);
  });
});

describe('an invitation', () => {
  const invite = async (email: string, more: object = {}) => {
    const token = await acme.signIn('admin');
    const body = { email, role: 'viewer', ...more };
    const answer = await rig.ask('POST', '/api/users/invitations', { token, body });
    expect(answer).toMatchObject({ status: 201 });
    return answer.body as { id: string; secret: string; link: string };
  };
  const accept = (secret: string) =>
    rig.ask('POST', '/api/auth/invitation', {
      body: { secret, name: 'Grace', password: adminPassword },
    });

  test('lets one person in, once, with the role and sites it names', async () => {
    const { secret, link } = await invite('grace@acme.example', { sites: ['north'] });
    expect(link).toBe(`/invitation#${secret}`);
    const both = await Promise.all([accept(secret), accept(secret)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 403]);
    const signed = both.find(({ status }) => status === 200)?.body as unknown as Signed;
    expect(signed).toMatchObject({ user: { role: 'viewer', sites: ['north'] } });
    expect(await me(signed.token)).toBe(200);
    const { rows } = await rig.owner.query(
      `SELECT * FROM platform.audit_log WHERE action LIKE 'invitation.%'`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(2);
    expect(JSON.stringify(rows)).not.toContain(secret);
  });

  test('is worth nothing once it expired, was withdrawn, or another took its place', async () => {
    const first = await invite('late@acme.example');
    const second = await invite('late@acme.example');
    expect((await accept(first.secret)).status).toBe(403);
    const token = await acme.signIn('admin');
    const path = `/api/users/invitations/${second.id}`;
    const stranger = { token: await other.signIn('admin') };
    expect((await rig.ask('DELETE', path, stranger)).status).toBe(404);
    expect((await rig.ask('DELETE', path, { token })).status).toBe(204);
    expect((await accept(second.secret)).body).toMatchObject({ code: 'invitation-unknown' });
    const third = await invite('late@acme.example', { validityDays: 1 });
    rig.passTime(25 * 3_600_000);
    expect((await accept(third.secret)).status).toBe(403);
  });
});

describe('a person', () => {
  test('who is deleted is out at once; the last admin stays', async () => {
    const email = await person('goner');
    const { token, user } = await signIn(email);
    const admin = await acme.signIn('admin');
    const remove = (id: string) => rig.ask('DELETE', `/api/users/${id}`, { token: admin });
    expect((await remove(user.id)).status).toBe(204);
    expect(await me(token)).toBe(401);
    const { body } = await rig.ask('GET', '/api/auth/me', { token: admin });
    const own = (body as { id: string }).id;
    expect(await remove(own)).toMatchObject({ status: 409, body: { code: 'last-admin' } });
    const held = { token: admin, body: { sites: ['north'] } };
    expect((await rig.ask('PATCH', `/api/users/${own}`, held)).status).toBe(409);
  });
});

describe('a service account', () => {
  test('acts under its own name by tokens of which two live at once', async () => {
    const admin = await acme.signIn('admin');
    const by = { token: admin };
    const made = await rig.ask('POST', '/api/service-accounts', {
      ...{ ...by, body: { name: 'ci', role: 'operator' } },
    });
    const { id } = made.body as { id: string };
    const tokens = `/api/service-accounts/${id}/tokens`;
    const issue = async (more: object = {}) =>
      (await rig.ask('POST', tokens, { ...by, body: more })) as {
        status: number;
        body: { id: string; token: string; prefix: string };
      };
    const [one, two] = [await issue(), await issue({ role: 'viewer', validityDays: 1 })];
    expect((await issue()).status).toBe(409);
    expect((await issue({ role: 'admin' })).status).toBe(409);
    const site = (token: string) =>
      rig.ask('POST', '/api/registration-tokens', { token, body: { site: 'north' } });
    expect((await site(one.body.token)).status).toBe(201);
    expect((await site(two.body.token)).status).toBe(403);
    const audit = await rig.ask('GET', '/api/audit?actor=service-account:ci', by);
    expect(audit.body).toMatchObject({ entries: [{ action: 'registration-token.create' }] });
    // Programs have no password, no second factor and no sessions.
    const own = await rig.ask('GET', '/api/auth/sessions', { token: one.body.token });
    expect(own).toMatchObject({ status: 403 });
    const list = await rig.ask('GET', '/api/service-accounts', by);
    const secret = one.body.token.split('_').slice(2).join('_');
    expect(JSON.stringify(list.body)).not.toContain(secret);
    expect(list.body).toMatchObject({
      serviceAccounts: [{ tokens: [{ lastUsedAt: expect.any(String) }, {}] }],
    });
    expect((await rig.ask('DELETE', `${tokens}/${one.body.id}`, by)).status).toBe(204);
    expect(await me(one.body.token)).toBe(401);
    expect(await me(two.body.token)).toBe(200);
    rig.passTime(25 * 3_600_000);
    expect(await me(two.body.token)).toBe(401);
    const again = { token: await acme.signIn('admin') };
    const last = await rig.ask('POST', tokens, { ...again, body: {} });
    expect((await rig.ask('DELETE', `/api/service-accounts/${id}`, again)).status).toBe(204);
    expect(await me((last.body as { token: string }).token)).toBe(401);
  });
});

describe('somebody who is held to a site', () => {
  test('sees and changes what is there, and nothing else exists', async () => {
    const { token: operator } = await signIn(acme.email('operator'));
    const by = { ...acme, operator };
    const [north, south] = [
      await makeToken(rig, by, { site: 'north', autoApprove: true }),
      await makeToken(rig, by, { site: 'south', autoApprove: true }),
    ];
    const [ours, foreign] = [
      await register(rig, north.token, 'ours'),
      await register(rig, south.token, 'foreign'),
    ];
    const { token } = await signIn(await person('northerner', { sites: ['north'] }));
    const ask = (method: string, path: string, body?: unknown) =>
      rig.ask(method, path, { token, ...(body === undefined ? {} : { body }) });
    for (const [path, mark] of [
      ['/api/devices?limit=200', foreign.id],
      ['/api/registration-tokens?limit=200', south.id],
      ['/api/sites', 'south'],
    ] as const) {
      const { status, body } = await ask('GET', path);
      expect(status).toBe(200);
      expect(JSON.stringify(body)).not.toContain(mark);
    }
    expect(JSON.stringify((await ask('GET', '/api/devices')).body)).toContain(ours.id);
    for (const [method, path, body] of [
      ['GET', `/api/devices/${foreign.id}`, undefined],
      ['GET', `/api/devices/${foreign.id}/activity`, undefined],
      ['GET', `/api/devices/${foreign.id}/api-keys`, undefined],
      ['PATCH', `/api/devices/${foreign.id}`, { name: 'stolen' }],
      ['PATCH', `/api/devices/${foreign.id}/tags`, { set: ['a=b'] }],
      ['POST', `/api/devices/${foreign.id}/api-keys`, {}],
      ['DELETE', `/api/devices/${foreign.id}`, undefined],
      ['DELETE', `/api/registration-tokens/${south.id}`, undefined],
    ] as const) {
      expect((await ask(method, path, body)).status, `${method} ${path}`).toBe(404);
    }
    // Out of the site, or into another: Postgres refuses the row, whatever the code above it does.
    for (const [method, path, body] of [
      ['PATCH', `/api/devices/${ours.id}`, { site: 'south' }],
      ['POST', '/api/registration-tokens', { site: 'south' }],
      ['POST', '/api/groups', { name: 'all' }],
      ['GET', '/api/audit', undefined],
      ['GET', '/api/users', undefined],
    ] as const) {
      const answer = await ask(method, path, body);
      expect([path, answer.status]).toEqual([path, 403]);
    }
    const bulk = { devices: { ids: [ours.id, foreign.id] }, action: { kind: 'delete' } };
    expect((await ask('POST', '/api/devices/bulk', bulk)).body).toMatchObject({
      results: [
        { deviceId: ours.id, outcome: 'changed' },
        { deviceId: foreign.id, outcome: 'refused' },
      ],
    });
    const activity = await ask('GET', `/api/devices/${foreign.id}/activity`);
    expect(activity.status).toBe(404);
    const left = await rig.ask('GET', `/api/devices/${foreign.id}`, { token: operator });
    expect(left).toMatchObject({ status: 200, body: { name: 'foreign' } });
  });
});
