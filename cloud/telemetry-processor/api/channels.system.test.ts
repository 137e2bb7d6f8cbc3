/** Channels over the API: kept by admins, tested for real, seen without secrets, and tried again. */
import '@signalbeam/launcher/rig/provided';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import type { Service } from '@signalbeam/platform/service';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type HttpReceiver, openHttpReceiver, takes } from '../notify/receivers.suite.ts';
import { addTenant, openOwner, signIn, type TestTenant } from '../rig.suite.ts';
import { createService } from '../service.ts';

let test: TestPlatform;
let owner: Pool;
let service: Service;
let receiver: HttpReceiver;
let tenant: TestTenant;
const tokens = { viewer: '', operator: '', admin: '', stranger: '', held: '' };

type Answer = { status: number; body: Record<string, never>; text: string };
const ask = async (
  method: string,
  path: string,
  given: { as?: keyof typeof tokens; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> => {
  const response = await service.app.request(`/api${path}`, {
    method,
    headers: {
      authorization: `Bearer ${tokens[given.as ?? 'admin']}`,
      ...(given.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...given.headers,
    },
    ...(given.body === undefined ? {} : { body: JSON.stringify(given.body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text), text };
};
const hook = (name: string, more: object = {}) => ({
  ...{ kind: 'webhook', name, settings: { url: `${receiver.url}/hook?token=hidden-token` } },
  ...more,
});
const make = async (body: unknown): Promise<string> => {
  const made = await ask('POST', '/notification-channels', { body });
  expect(made, made.text).toMatchObject({ status: 201 });
  return made.body['id'] ?? '';
};

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  // Nothing is started: only what the API itself does is looked at.
  const config = { ...test.platform.config, publicUrl: 'http://127.0.0.1:8080' };
  service = createService({ ...test.platform, config });
  tenant = await addTenant(owner, test.platform);
  const other = await addTenant(owner, test.platform);
  for (const role of ['viewer', 'operator', 'admin'] as const) {
    tokens[role] = (await signIn(owner, test.platform, tenant, role)).token;
  }
  tokens.stranger = (await signIn(owner, test.platform, other, 'admin')).token;
  receiver = await openHttpReceiver();
});
afterAll(async () => {
  await receiver?.close();
  await owner?.end();
  await test?.close();
});

describe('a channel', () => {
  it('shows its secrets to nobody, nor in the audit log', async () => {
    const secrets = {
      slack: 'https://hooks.slack.com/services/T1/B1/slack-secret',
      password: 'mail-secret-1',
      routingKey: 'abcdefabcdefabcdefabcdefabcdef99',
    };
    const mail = {
      ...{ host: 'mail.example', username: 'fleet', password: secrets.password },
      ...{ from: 'fleet@works.example', to: ['ops@works.example'] },
    };
    await make({ kind: 'slack', name: 'ops', settings: { url: secrets.slack } });
    const id = await make({ kind: 'email', name: 'mail', settings: mail });
    await make({ kind: 'pagerduty', name: 'night', settings: { routingKey: secrets.routingKey } });
    const change = { ...mail, password: undefined, to: ['night@works.example'] };
    const changed = await ask('PUT', `/notification-channels/${id}`, {
      body: { kind: 'email', name: 'mail', settings: change },
    });
    expect(changed, changed.text).toMatchObject({
      ...{ status: 200, body: { settings: { to: ['night@works.example'] } } },
    });
    const list = await ask('GET', '/notification-channels', { as: 'viewer' });
    expect(list.text).toContain('https://hooks.slack.com"');
    const { rows } = await owner.query<{ line: string }>(
      'SELECT l::text AS line FROM platform.audit_log l WHERE tenant_id = $1',
      [tenant.tenantId],
    );
    expect(rows).toHaveLength(4);
    const told = [list.text, changed.text, ...rows.map(({ line }) => line)].join('\n');
    for (const secret of Object.values(secrets)) {
      expect(told).not.toContain(secret);
      expect(told).not.toContain(secret.slice(-12));
    }
  });

  it('does not send a kept secret to a new address', async () => {
    const name = 'redirected';
    const settings = {
      host: 'mail.example',
      username: 'fleet',
      from: 'a@b.example',
      to: ['c@d.example'],
    };
    const id = await make({ kind: 'email', name, settings: { ...settings, password: 'secret' } });
    const elsewhere = { kind: 'email', name, settings: { ...settings, host: 'evil.example' } };
    const refused = await ask('PUT', `/notification-channels/${id}`, { body: elsewhere });
    expect(refused).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'settings.password', message: expect.stringContaining('needed') }] },
    });
  });

  it.each([
    [{ kind: 'pigeon', name: 'x', settings: {} }, 400],
    [{ kind: 'slack', name: 'x', settings: {} }, 400],
    [{ kind: 'slack', name: 'x', settings: { url: 'http://hooks.example/x' } }, 400],
    [{ kind: 'slack', name: 'x', settings: { url: 'https://user:pass@hooks.example/x' } }, 400],
    [{ kind: 'pagerduty', name: 'x', settings: { routingKey: 'short' } }, 400],
    [{ kind: 'teams', name: '', settings: { url: 'https://hooks.example/x' } }, 400],
  ])('is refused when it makes no sense: %j', async (body, status) => {
    expect((await ask('POST', '/notification-channels', { body })).status).toBe(status);
  });

  it.each([
    { alerts: null, events: [] },
    { events: ['alert.raised'] },
    { events: ['rollout.*.x'] },
    { alerts: { severities: [] } },
    { alerts: { sites: ['No Site'] } },
  ])('is refused when it would hear nothing, or what there is not: %j', async (hears) => {
    const refused = await ask('POST', '/notification-channels', { body: hook('x', { hears }) });
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
  });

  it('has a name of its own, keeps its kind, and minds If-Match', async () => {
    const id = await make(hook('mine'));
    const path = `/notification-channels/${id}`;
    const twice = await ask('POST', '/notification-channels', { body: hook('mine') });
    expect(twice).toMatchObject({ status: 409, body: { code: 'already-exists' } });
    const other = { kind: 'slack', name: 'mine', settings: { url: 'https://hooks.example/x' } };
    expect(await ask('PUT', path, { body: other })).toMatchObject({ status: 409 });
    const headers = { 'if-match': '"stale.tag"' };
    const stale = await ask('PUT', path, { body: hook('mine', { settings: {} }), headers });
    expect(stale.status).toBe(412);
  });

  it('is of its tenant, and changed by admins alone', async () => {
    const id = await make(hook('guarded'));
    const path = `/notification-channels/${id}`;
    const body = hook('guarded');
    expect((await ask('PUT', path, { as: 'operator', body })).status).toBe(403);
    expect((await ask('POST', `${path}/signing-key`, { as: 'operator' })).status).toBe(403);
    expect((await ask('POST', `${path}/test`, { as: 'viewer' })).status).toBe(403);
    for (const [method, of] of [
      ['GET', ''],
      ['PUT', ''],
      ['DELETE', ''],
      ['POST', '/test'],
      ['GET', '/deliveries'],
    ]) {
      const given = method === 'PUT' ? { body } : {};
      const answer = await ask(method ?? '', `${path}${of}`, { as: 'stranger', ...given });
      expect([method, of, answer.status]).toEqual([method, of, 404]);
    }
    expect((await ask('DELETE', path)).status).toBe(204);
    expect((await ask('GET', path)).status).toBe(404);
  });
});

describe('a test', () => {
  it('is really sent, says what the receiver said, and is in the log', async () => {
    const id = await make(hook('tested', { enabled: false }));
    const path = `/notification-channels/${id}`;
    receiver.answer(takes);
    const before = receiver.posts.length;
    const good = await ask('POST', `${path}/test`, { as: 'operator' });
    expect(good.body).toMatchObject({ outcome: 'delivered', said: 'HTTP 200: ok' });
    expect(receiver.posts).toHaveLength(before + 1);
    receiver.answer((response, { path: asked }) => void response.writeHead(404).end(`no ${asked}`));
    const bad = await ask('POST', `${path}/test`, { as: 'operator' });
    expect(bad.body).toMatchObject({ outcome: 'failed', said: 'HTTP 404: no •••' });
    const { body } = await ask('GET', `${path}/deliveries`, { as: 'viewer' });
    expect(body['deliveries']).toMatchObject([
      { type: 'test', status: 'given-up', reason: 'HTTP 404: no •••', attempts: 1 },
      { type: 'test', status: 'delivered', answer: 'HTTP 200: ok', folded: 1 },
    ]);
    const shown = await ask('GET', path);
    expect(shown.body).toMatchObject({ health: { state: 'paused', reason: 'HTTP 404: no •••' } });
  });

  it('that failed can be tried again, one that arrived not', async () => {
    const id = await make(hook('again', { enabled: false }));
    const path = `/notification-channels/${id}`;
    receiver.answer(takes);
    await ask('POST', `${path}/test`);
    receiver.answer((response) => void response.writeHead(500).end());
    await ask('POST', `${path}/test`);
    const { body } = await ask('GET', `${path}/deliveries?limit=1`);
    const [failed] = body['deliveries'] as unknown as { id: string }[];
    const next = await ask('GET', `/notification-deliveries?limit=1&cursor=${body['nextCursor']}`);
    const [arrived] = next.body['deliveries'] as unknown as { id: string }[];
    const retry = (one: { id: string } | undefined) =>
      ask('POST', `/notification-deliveries/${one?.id}/retry`, { as: 'operator' });
    expect(await retry(failed)).toMatchObject({ status: 200, body: { status: 'waiting' } });
    expect(await retry(arrived)).toMatchObject({ status: 409, body: { code: 'wrong-state' } });
    expect(await ask('GET', '/notification-deliveries?cursor=x')).toMatchObject({ status: 400 });
  });
});

describe('somebody who is held to a site', () => {
  it('sees what was sent of that site alone, and no channel', async () => {
    const id = await make(hook('of all sites', { enabled: false }));
    await owner.query(
      `INSERT INTO telemetry.notification_deliveries
         (tenant_id, channel_id, event_id, type, site, notice, occurred_at, queued_at, status)
       SELECT $1, $2, gen_random_uuid(), 'site.changed', site, $3, now(), now(), 'given-up'
         FROM unnest(ARRAY['plant-7', 'plant-8', NULL]) AS s (site)`,
      [
        ...[tenant.tenantId, id],
        JSON.stringify({
          type: 'site.changed',
          occurredAt: '',
          about: { kind: 'event', facts: [], link: null },
        }),
      ],
    );
    const { token, userId } = await signIn(owner, test.platform, tenant, 'operator');
    await owner.query(`UPDATE device_manager.users SET sites = '{plant-7}' WHERE id = $1`, [
      userId,
    ]);
    tokens.held = token;
    const { body } = await ask('GET', '/notification-deliveries', { as: 'held' });
    const seen = body['deliveries'] as unknown as { id: string; site: string }[];
    expect(seen.map(({ site }) => site)).toEqual(['plant-7']);
    const all = await ask('GET', `/notification-channels/${id}/deliveries`);
    const other = (all.body['deliveries'] as unknown as { id: string; site: string }[]).find(
      ({ site }) => site === 'plant-8',
    );
    const retry = (one: string | undefined) =>
      ask('POST', `/notification-deliveries/${one}/retry`, { as: 'held' });
    expect((await retry(other?.id)).status).toBe(404);
    expect((await retry(seen[0]?.id)).status).toBe(200);
    expect((await ask('GET', '/notification-channels', { as: 'held' })).status).toBe(403);
  });
});

describe('a signing key', () => {
  it('is shown once, and the one before it signs for another day', async () => {
    const made = await ask('POST', '/notification-channels', { body: hook('signed') });
    const { id, signingKey } = made.body as unknown as { id: string; signingKey: string };
    expect(signingKey).toMatch(/^whsec_[A-Za-z0-9+/=]{44}$/);
    const path = `/notification-channels/${id}`;
    const rotated = await ask('POST', `${path}/signing-key`);
    expect(rotated.status).toBe(201);
    expect(rotated.body['signingKey']).not.toBe(signingKey);
    receiver.answer(takes);
    await ask('POST', `${path}/test`);
    const signatures = String(receiver.posts.at(-1)?.headers['webhook-signature']).split(' ');
    expect(signatures).toHaveLength(2);
    expect((await ask('GET', path)).text).not.toContain('whsec_');
    const slack = await make({
      kind: 'slack',
      name: 's',
      settings: { url: 'https://h.example/x' },
    });
    expect(await ask('POST', `/notification-channels/${slack}/signing-key`)).toMatchObject({
      ...{ status: 409, body: { code: 'wrong-state' } },
    });
  });
});
