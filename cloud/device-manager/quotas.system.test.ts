/**
 * Quotas of a tier hold under concurrency, count what is there and nothing else, and undo whole what is
 * one too many. Inventory §7 point 15 (a quota that nobody counts, and a token burnt by a refusal)
 * can't come back.
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import {
  makeDevice,
  makeToken,
  type OpenedTenant,
  openTenant,
  type Rig,
  register,
  startRig,
} from './rig.suite.ts';
import { setTier } from './set-tier.ts';

let rig: Rig;
let acme: OpenedTenant;
let rich: OpenedTenant;

beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  acme = await openTenant(rig, 'acme');
  rich = await openTenant(rig, 'rich');
  await rig.owner.query(`UPDATE device_manager.tenants SET tier = 'free' WHERE id = $1`, [
    acme.tenantId,
  ]);
});
afterAll(async () => rig?.stop());

const quotas = async () => {
  const { status, body } = await rig.ask('GET', '/api/quotas', { token: acme.viewer });
  expect(status).toBe(200);
  const answer = body as { tier: string; quotas: { what: string; used: number; limit: number }[] };
  return Object.fromEntries(answer.quotas.map(({ what, used, limit }) => [what, [used, limit]]));
};
const post = (path: string, body: unknown, token = acme.admin) =>
  rig.ask('POST', path, { token, body });
const refused = { status: 403, body: { code: 'quota-reached' } };

test('point 15: of ten devices at the same moment five get in, and the others burn no use', async () => {
  const { token, id } = await makeToken(rig, acme, { maxUses: 100, autoApprove: true });
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, nth) =>
      rig.ask('POST', '/api/devices', { body: makeDevice(`pump ${nth}`).registration(token) }),
    ),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
  expect(answers.filter(({ status }) => status === 403)).toHaveLength(5);
  expect(answers.find(({ status }) => status === 403)).toMatchObject(refused);
  const { rows } = await rig.owner.query<{ uses: number; devices: number }>(
    `SELECT t.current_uses AS uses,
            (SELECT count(*) FROM device_manager.devices d WHERE d.registration_token_id = t.id) AS devices
       FROM device_manager.registration_tokens t WHERE t.id = $1`,
    [id],
  );
  expect(rows).toEqual([{ uses: 5, devices: 5 }]);
  expect((await quotas())['devices']).toEqual([5, 5]);
});

test('a device that leaves makes room, a rejected one takes none, one that comes back does', async () => {
  const { token } = await makeToken(rig, acme, { maxUses: 100 });
  const { body } = await rig.ask('GET', '/api/devices', { token: acme.viewer });
  const [first, second] = (body as { devices: { id: string }[] }).devices;
  await rig.ask('DELETE', `/api/devices/${first?.id}`, { token: acme.operator });
  const waiting = await register(rig, token, 'late');
  const again = await rig.ask('POST', '/api/devices', { body: waiting.device.registration(token) });
  expect(again.status).toBe(200);
  await rig.ask('POST', `/api/devices/${waiting.id}/reject`, { token: acme.operator });
  expect((await quotas())['devices']).toEqual([4, 5]);
  await register(rig, token, 'later');
  const approved = await rig.ask('POST', `/api/devices/${waiting.id}/approve`, {
    token: acme.operator,
  });
  expect([403, 409]).toContain(approved.status);
  expect((await quotas())['devices']).toEqual([5, 5]);
  const moved = await rig.ask('PATCH', `/api/devices/${second?.id}`, {
    ...{ token: acme.operator, body: { site: 'elsewhere' } },
  });
  expect(moved).toMatchObject(refused);
});

test.each([
  [
    'sites',
    () => post('/api/sites', { name: `site-${Math.random().toString(36).slice(2, 8)}`, title: '' }),
  ],
  ['registrationTokens', () => post('/api/registration-tokens', { site: 'plant-7' })],
  ['groups', () => post('/api/groups', { name: `g ${Math.random()}` })],
  [
    'users',
    () => {
      const email = `p${Math.random().toString(36).slice(2)}@acme.example`;
      return post('/api/users', {
        email,
        name: 'P',
        role: 'viewer',
        password: 'correct horse battery',
      });
    },
  ],
])('%s are held to their limit by many at the same moment', async (what, make) => {
  const answers = await Promise.all(Array.from({ length: 8 }, make));
  const [used, limit] = (await quotas())[what] ?? [];
  expect(used).toBe(limit);
  expect(answers.find(({ status }) => status !== 201)).toMatchObject(refused);
});

test('whoever accepts an invitation is counted too, and keeps the invitation until there is room', async () => {
  const body = { email: 'guest@acme.example', role: 'viewer' };
  const made = await rig.ask('POST', '/api/users/invitations', { token: acme.admin, body });
  const { secret } = made.body as { secret: string };
  const accept = () =>
    rig.ask('POST', '/api/auth/invitation', {
      body: { secret, name: 'Guest', password: 'correct horse battery' },
    });
  const [used, limit] = (await quotas())['users'] ?? [];
  expect(used).toBe(limit);
  expect(await accept()).toMatchObject(refused);
  const { rowCount } = await rig.owner.query(
    `UPDATE device_manager.users SET disabled_at = now()
      WHERE tenant_id = $1 AND role = 'operator'`,
    [acme.tenantId],
  );
  expect(rowCount).toBe(1);
  expect((await accept()).status).toBe(200);
  expect((await quotas())['users']).toEqual([limit, limit]);
});

test('a tier without limits has none, and another tenant’s use is not counted', async () => {
  const { token } = await makeToken(rig, rich, { maxUses: 100, autoApprove: true });
  for (let nth = 0; nth < 7; nth += 1) await register(rig, token, `pump ${nth}`);
  const { body } = await rig.ask('GET', '/api/quotas', { token: rich.viewer });
  const devices = (body as { quotas: { what: string }[] }).quotas.find(
    ({ what }) => what === 'devices',
  );
  expect(devices).toEqual({ what: 'devices', used: 7, limit: null });
  expect((await quotas())['devices']?.[0]).toBe(5);
});

test('another tier holds at once, either way, and is in the tenant’s audit log', async () => {
  const site = () => post('/api/sites', { name: `s-${Math.random().toString(36).slice(2)}` });
  expect(await site()).toMatchObject(refused);
  expect(await setTier(rig.platform, { tenant: 'Acme', tier: 'paid' })).toMatchObject({
    ...{ before: 'free', over: [] },
  });
  expect((await site()).status).toBe(201);
  const back = await setTier(rig.platform, { tenant: 'acme', tier: 'free' });
  // What is there stays, and is said.
  expect(back.over).toContainEqual({ what: 'sites', used: 2, limit: 1 });
  expect((await quotas())['sites']).toEqual([2, 1]);
  expect(await site()).toMatchObject(refused);
  await setTier(rig.platform, { tenant: 'acme', tier: 'free' });
  const told = await rig.ask('GET', '/api/audit?action=tenant.set-tier', { token: acme.admin });
  expect((told.body as { entries: unknown[] }).entries).toMatchObject([
    { actor: 'system', before: { tier: 'paid' }, after: { tier: 'free' } },
    { actor: 'system', before: { tier: 'free' }, after: { tier: 'paid' } },
  ]);
  await expect(setTier(rig.platform, { tenant: 'nobody', tier: 'free' })).rejects.toMatchObject({
    code: 'not-found',
  });
});
