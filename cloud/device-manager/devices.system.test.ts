/** Tokens, roles, API keys, the audit log and the walls between tenants, over the real database. */
import {
  changeTenant,
  everySite,
  systemAuthor,
  withTenant,
} from '@signalbeam/platform/postgres/tenant';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import {
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

describe('registration tokens', () => {
  test('the token is shown once, kept as a hash, and its list says how it stands', async () => {
    const made = await makeToken(rig, other, { description: 'line 3', maxUses: 2 });
    const { body } = await rig.ask('GET', '/api/registration-tokens', { token: other.viewer });
    const text = JSON.stringify(body);
    expect(text).toContain(made.prefix);
    expect(text).not.toContain(made.token);
    expect(body).toMatchObject({
      registrationTokens: [
        {
          id: made.id,
          description: 'line 3',
          site: 'plant-7',
          maxUses: 2,
          currentUses: 0,
          autoApprove: false,
          state: 'open',
        },
      ],
      nextCursor: null,
    });
    const { rows } = await rig.owner.query(
      'SELECT to_jsonb(t) AS t FROM device_manager.registration_tokens t WHERE id = $1',
      [made.id],
    );
    expect(JSON.stringify(rows)).not.toContain(made.token.split('_')[2]);
    const path = `/api/registration-tokens/${made.id}`;
    expect((await rig.ask('DELETE', path, { token: other.operator })).status).toBe(204);
    expect((await rig.ask('DELETE', path, { token: other.operator })).status).toBe(204);
    const after = await rig.ask('GET', '/api/registration-tokens', { token: other.viewer });
    expect(after.body).toMatchObject({ registrationTokens: [{ state: 'revoked' }] });
  });

  test('pages, newest first', async () => {
    for (let index = 0; index < 5; index += 1)
      await makeToken(rig, other, { description: `t${index}` });
    const first = await rig.ask('GET', '/api/registration-tokens?limit=4', { token: other.viewer });
    const { registrationTokens, nextCursor } = first.body as {
      registrationTokens: { id: string }[];
      nextCursor: string;
    };
    const second = await rig.ask('GET', `/api/registration-tokens?limit=4&cursor=${nextCursor}`, {
      token: other.viewer,
    });
    const rest = (second.body as { registrationTokens: { id: string }[] }).registrationTokens;
    expect(new Set([...registrationTokens, ...rest].map(({ id }) => id)).size).toBe(6);
  });

  test.each([
    {},
    { site: 'A b' },
    { site: 's', maxUses: 0 },
    { site: 's', maxUses: 1.5 },
    { site: 's', validityDays: 366 },
    { site: 's', tenantId: 'x' },
    { site: 's', autoApprove: 'yes' },
  ])('refuses %j', async (body) => {
    expect(
      (await rig.ask('POST', '/api/registration-tokens', { token: acme.operator, body })).status,
    ).toBe(400);
  });
});

describe('roles and tenants', () => {
  test('a viewer changes nothing, a device is no user, and nobody is nobody', async () => {
    const { token } = await makeToken(rig, acme, { maxUses: 2, autoApprove: true });
    const { id, device } = await register(rig, token, 'guarded');
    const proof = device.proof(id, rig.platform.now());
    const writes: [string, string, unknown][] = [
      ['POST', '/api/registration-tokens', { site: 's' }],
      ['DELETE', `/api/registration-tokens/${id}`, undefined],
      ['PATCH', `/api/devices/${id}`, { name: 'mine' }],
      ['DELETE', `/api/devices/${id}`, undefined],
      ['POST', `/api/devices/${id}/approve`, undefined],
      ['POST', `/api/devices/${id}/reject`, {}],
      ['POST', `/api/devices/${id}/api-keys`, {}],
      ['DELETE', `/api/devices/${id}/api-keys/${id}`, undefined],
      ['GET', '/api/audit', undefined],
    ];
    for (const [method, path, body] of writes) {
      for (const [credential, status] of [
        [acme.viewer, 403],
        [proof, 403],
        [undefined, 401],
      ] as const) {
        const answer = await rig.ask(method, path, {
          ...(credential === undefined ? {} : { token: credential }),
          body,
        });
        expect([method, path, answer.status]).toEqual([method, path, status]);
      }
    }
    expect((await rig.ask('GET', '/api/devices', { token: proof })).status).toBe(403);
    expect((await rig.ask('GET', `/api/devices/${id}`, { token: acme.viewer })).body).toMatchObject(
      { name: 'guarded' },
    );
  });

  test("another tenant's ids are unknown, and nothing of theirs changes", async () => {
    const { token, id: tokenId } = await makeToken(rig, acme, { maxUses: 2 });
    const { id } = await register(rig, token, 'not-yours');
    await rig.ask('POST', `/api/devices/${id}/approve`, { token: acme.operator });
    const key = await rig.ask('POST', `/api/devices/${id}/api-keys`, {
      token: acme.operator,
      body: {},
    });
    const keyId = (key.body as { id: string }).id;
    const snapshot = async (): Promise<unknown> =>
      (
        await rig.owner.query(
          `SELECT (SELECT to_jsonb(d) FROM device_manager.devices d WHERE id = $1) AS device,
                (SELECT to_jsonb(t) FROM device_manager.registration_tokens t WHERE id = $2) AS token,
                (SELECT to_jsonb(k) FROM device_manager.api_keys k WHERE id = $3) AS key,
                (SELECT count(*) FROM platform.audit_log) AS audit,
                (SELECT count(*) FROM platform.domain_events) AS events`,
          [id, tokenId, keyId],
        )
      ).rows;
    const before = await snapshot();
    const tries: [string, string, unknown][] = [
      ['GET', `/api/devices/${id}`, undefined],
      ['PATCH', `/api/devices/${id}`, { name: 'stolen' }],
      ['DELETE', `/api/devices/${id}`, undefined],
      ['POST', `/api/devices/${id}/approve`, undefined],
      ['POST', `/api/devices/${id}/reject`, { reason: 'x' }],
      ['POST', `/api/devices/${id}/api-keys`, {}],
      ['GET', `/api/devices/${id}/api-keys`, undefined],
      ['DELETE', `/api/devices/${id}/api-keys/${keyId}`, undefined],
      ['DELETE', `/api/registration-tokens/${tokenId}`, undefined],
    ];
    for (const [method, path, body] of tries) {
      const answer = await rig.ask(method, path, { token: other.admin, body });
      expect([method, path, answer.status, (answer.body as { code: string }).code]).toEqual([
        method,
        path,
        404,
        'not-found',
      ]);
    }
    expect(await snapshot()).toEqual(before);
    const theirs = await rig.ask('GET', '/api/devices?limit=200', { token: other.viewer });
    expect(theirs.body).toEqual({ devices: [], nextCursor: null });
    expect(
      (
        await rig.ask('PATCH', '/api/devices/not-a-uuid', {
          token: acme.operator,
          body: { name: 'x' },
        })
      ).status,
    ).toBe(400);
  });

  test('Postgres holds the wall too: raw SQL without a tenant sees and writes nothing', async () => {
    const { rows: tables } = await rig.owner.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
        WHERE schemaname = 'device_manager' AND has_table_privilege('sb_api', format('%I.%I', schemaname, tablename), 'SELECT')`,
    );
    expect(tables.length).toBeGreaterThanOrEqual(5);
    for (const { name } of tables) {
      expect((await rig.platform.pools.api.query(`SELECT 1 FROM ${name}`)).rows).toEqual([]);
      const foreign = await withTenant(rig.platform.pools.api, everySite(other.tenantId), (sql) =>
        sql.query(`SELECT 1 FROM ${name} t WHERE to_jsonb(t) ->> 'tenant_id' = $1`, [
          acme.tenantId,
        ]),
      );
      expect(foreign.rows).toEqual([]);
    }
    for (const view of ['public_devices', 'public_tenants']) {
      expect(
        (await rig.platform.pools.api.query(`SELECT 1 FROM device_manager.${view}`)).rows,
      ).toEqual([]);
      const all = await rig.platform.pools.ingest.query(
        `SELECT DISTINCT tenant_id FROM device_manager.${view}`,
      );
      expect(all.rows.length).toBeGreaterThan(0);
    }
    await expect(
      rig.platform.pools.ingest.query('SELECT sealing_key FROM device_manager.devices'),
    ).rejects.toMatchObject({ code: '42501' });
    await expect(
      rig.platform.pools.api.query('SELECT 1 FROM device_manager.login_failures'),
    ).rejects.toMatchObject({ code: '42501' });
    const move = changeTenant(rig.platform.pools.api, systemAuthor(acme.tenantId), (sql) =>
      sql.query('UPDATE device_manager.devices SET tenant_id = $1', [other.tenantId]),
    );
    await expect(move).rejects.toMatchObject({ code: '42501' });
  });
});

describe('changes', () => {
  test('each is in the audit log with before and after, and in the events', async () => {
    const { token } = await makeToken(rig, acme);
    const { id } = await register(rig, token, 'old name');
    const by = { token: acme.operator };
    await rig.ask('POST', `/api/devices/${id}/approve`, by);
    const renamed = await rig.ask('PATCH', `/api/devices/${id}`, {
      ...by,
      body: { name: ' new name ' },
    });
    expect(renamed).toMatchObject({ status: 200, body: { name: 'new name' } });
    await rig.ask('PATCH', `/api/devices/${id}`, { ...by, body: { name: 'new name' } });
    await rig.ask('DELETE', `/api/devices/${id}`, by);
    const { body } = await rig.ask('GET', '/api/audit?limit=200', by);
    const { entries } = body as {
      entries: { target: string; action: string; actor: string; before: unknown; after: unknown }[];
    };
    const own = entries.filter(({ target }) => target === `device:${id}`).reverse();
    expect(own.map(({ action }) => action)).toEqual([
      'device.register',
      'device.approve',
      'device.rename',
      'device.delete',
    ]);
    expect(own[2]).toMatchObject({
      actor: 'user:operator@acme.example',
      before: { name: 'old name' },
      after: { name: 'new name' },
    });
    const { rows } = await rig.owner.query(
      `SELECT subject, data ->> 'name' AS name FROM platform.domain_events
        WHERE data ->> 'deviceId' = $1 ORDER BY position`,
      [id],
    );
    expect(rows).toEqual([
      { subject: 'signalbeam.devices.registered', name: 'old name' },
      { subject: 'signalbeam.devices.approved', name: 'old name' },
      { subject: 'signalbeam.devices.renamed', name: 'new name' },
      { subject: 'signalbeam.devices.deleted', name: 'new name' },
    ]);
    const foreign = await rig.ask('GET', '/api/audit?limit=200', { token: other.operator });
    expect(JSON.stringify(foreign.body)).not.toContain(id);
  });

  test('bad changes are refused', async () => {
    const { token } = await makeToken(rig, acme);
    const { id } = await register(rig, token, 'steady');
    for (const body of [
      {},
      { name: '' },
      { name: 'x', colour: 'red' },
      { site: 'Not a site' },
      { site: 'tenant' },
      { name: 1 },
      { name: 'a\u0007' },
      [],
    ]) {
      expect(
        (await rig.ask('PATCH', `/api/devices/${id}`, { token: acme.operator, body })).status,
      ).toBe(400);
    }
    for (const body of [{ reason: 'x'.repeat(501) }, { why: 'x' }]) {
      expect(
        (await rig.ask('POST', `/api/devices/${id}/reject`, { token: acme.operator, body })).status,
      ).toBe(400);
    }
    expect(
      (await rig.ask('POST', `/api/devices/${id}/reject`, { token: acme.operator })).status,
    ).toBe(200);
  });
});

describe('API keys', () => {
  test('point 17: several live keys work, a revoked, expired or foreign one does not', async () => {
    const { token } = await makeToken(rig, acme, { autoApprove: true });
    const { id } = await register(rig, token, 'simple client');
    const path = `/api/devices/${id}/api-keys`;
    type Made = { id: string; apiKey: string; prefix: string };
    const make = async (body?: unknown): Promise<Made> => {
      const answer = await rig.ask('POST', path, {
        token: acme.operator,
        ...(body === undefined ? {} : { body }),
      });
      expect(answer.status).toBe(201);
      return answer.body;
    };
    const [first, second] = [await make(), await make({})];
    // Both behind one prefix: each must still be found.
    await rig.owner.query('UPDATE device_manager.api_keys SET prefix = $2 WHERE id = $1', [
      second.id,
      first.prefix,
    ]);
    const secondKey = second.apiKey.replace(second.prefix, first.prefix);
    // 403 says: known. An API key does not open the enrolment.
    const status = async (apiKey: string, tenantId = acme.tenantId): Promise<number> =>
      (
        await rig.ask('GET', `/api/devices/${id}/enrolment`, {
          headers: { 'x-api-key': apiKey, 'x-tenant-id': tenantId },
        })
      ).status;
    expect([await status(first.apiKey), await status(secondKey)]).toEqual([403, 403]);
    expect(await status(first.apiKey, other.tenantId)).toBe(401);
    expect(await status(`${first.apiKey.slice(0, -1)}!`)).toBe(401);
    expect((await rig.ask('DELETE', `${path}/${first.id}`, { token: acme.operator })).status).toBe(
      204,
    );
    expect((await rig.ask('DELETE', `${path}/${first.id}`, { token: acme.operator })).status).toBe(
      204,
    );
    expect([await status(first.apiKey), await status(secondKey)]).toEqual([401, 403]);
    const short = await make({ validityDays: 1 });
    expect(await status(short.apiKey)).toBe(403);
    await rig.owner.query(
      `UPDATE device_manager.api_keys SET expires_at = now() - interval '1 s' WHERE id = $1`,
      [short.id],
    );
    expect(await status(short.apiKey)).toBe(401);
    const { body } = await rig.ask('GET', path, { token: acme.viewer });
    expect((body as { apiKeys: unknown[] }).apiKeys).toHaveLength(3);
    const [, secret = ''] = second.apiKey.split(`${second.prefix}_`);
    expect(secret.length).toBeGreaterThan(20);
    expect(JSON.stringify(body)).not.toContain(secret);
    expect((await rig.ask('DELETE', `${path}/${id}`, { token: acme.operator })).status).toBe(404);
  });

  test('only approved devices have any, and not without end', async () => {
    const { token } = await makeToken(rig, acme, { maxUses: 1 });
    const { id } = await register(rig, token);
    const make = () =>
      rig.ask('POST', `/api/devices/${id}/api-keys`, { token: acme.operator, body: {} });
    expect(await make()).toMatchObject({ status: 409, body: { code: 'wrong-state' } });
    await rig.ask('POST', `/api/devices/${id}/approve`, { token: acme.operator });
    const answers = await Promise.all(Array.from({ length: 5 }, make));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(2);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(3);
    expect(
      (
        await rig.ask('POST', `/api/devices/${id}/api-keys`, {
          token: acme.operator,
          body: { validityDays: 0 },
        })
      ).status,
    ).toBe(400);
  });
});

test('the routes are described, and every one of them is this service’s by the path table', async () => {
  const { serviceOf } = await import('@signalbeam/platform/http/paths');
  const document = rig.service.app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'x', version: '1' },
  });
  const paths = Object.keys(document.paths ?? {});
  expect(paths.length).toBeGreaterThanOrEqual(14);
  for (const path of paths)
    expect([path, serviceOf(path.replace(/\{\w+\}/g, 'x'))]).toEqual([path, 'device-manager']);
});
