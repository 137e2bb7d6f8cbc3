/**
 * API keys of devices, what they open and what not, and the log of who showed what. Inventory §7
 * points 1, 5 and 17 can't come back.
 */
import { makeRequest } from '@signalbeam/platform/keys/certificate-request.suite';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { type Credentials, startCredentials } from './credentials.suite.ts';
import { makeDevice, type OpenedTenant, type Rig } from './rig.suite.ts';
import { warnOfExpiry } from './warn-of-expiry.ts';

const dayMs = 86_400_000;
let world: Credentials;
let rig: Rig;
let acme: OpenedTenant;
let rival: OpenedTenant;

beforeAll(async () => {
  world = await startCredentials(inject('postgresUrl'));
  ({ rig, acme, rival } = world);
});
afterAll(async () => world?.stop());

describe('API keys', () => {
  test('point 17: two live keys work side by side, a third is refused, a revoked one ends at once', async () => {
    const made = await world.newDevice();
    const [one, two, three] = [
      await world.newKey(made.id),
      await world.newKey(made.id),
      await world.newKey(made.id),
    ];
    expect([one.status, two.status, three.status]).toEqual([201, 201, 409]);
    expect(await world.byKey(made.id, one.body.apiKey)).toBe(403);
    expect(await world.byKey(made.id, two.body.apiKey)).toBe(403);
    const path = `/api/devices/${made.id}/api-keys/${one.body.id}`;
    expect((await rig.ask('DELETE', path, { token: acme.operator })).status).toBe(204);
    expect(await world.byKey(made.id, one.body.apiKey)).toBe(401);
    expect(await world.byKey(made.id, two.body.apiKey)).toBe(403);
    expect((await world.newKey(made.id)).status).toBe(201);
  });

  test('point 1: a device’s key opens nothing of another device, tenant or person, and no other credential', async () => {
    const [mine, other] = [await world.newDevice(), await world.newDevice()];
    const { body } = await world.newKey(mine.id);
    const headers = { 'x-api-key': body.apiKey, 'x-tenant-id': acme.tenantId };
    const { request } = await makeRequest();
    for (const [method, path, sent] of [
      ['GET', '/api/devices'],
      ['GET', `/api/devices/${mine.id}`],
      ['POST', `/api/devices/${other.id}/approve`],
      ['POST', `/api/devices/${mine.id}/api-keys`],
      ['GET', `/api/devices/${mine.id}/api-keys`],
      ['POST', `/api/devices/${mine.id}/certificates`, { request }],
      ['GET', `/api/devices/${mine.id}/enrolment`],
      ['GET', `/api/devices/${mine.id}/authentications`],
      ['GET', '/api/users'],
      ['GET', '/api/audit'],
    ] as const) {
      const { status } = await rig.ask(method, path, { headers, body: sent });
      expect([method, path, status]).toEqual([method, path, 403]);
    }
    expect(await world.byKey(mine.id, body.apiKey, rival.tenantId)).toBe(401);
  });

  test('are stored hashed, told of once before they expire, and not when another took over', async () => {
    const [alone, renewed] = [await world.newDevice(), await world.newDevice()];
    const { body } = await world.newKey(alone.id, { validityDays: 10 });
    await world.newKey(renewed.id, { validityDays: 10 });
    await world.newKey(renewed.id, { validityDays: 300 });
    const { rows } = await rig.owner.query('SELECT k::text FROM device_manager.api_keys k');
    expect(JSON.stringify(rows)).not.toContain(body.apiKey.slice(-20));
    await warnOfExpiry(rig.platform);
    expect(await warnOfExpiry(rig.platform)).toBe(0);
    const told = await rig.owner.query<{ device: string }>(
      `SELECT data->>'deviceId' AS device FROM platform.domain_events
        WHERE type = 'device.credential-expiring'`,
    );
    expect(told.rows.map(({ device }) => device)).toEqual([alone.id]);
  });
});

describe('the log of attempts', () => {
  const logOf = async (id: string, query = '', who = acme.operator) => {
    await rig.platform.attempts.flush();
    const path = `/api/devices/${id}/authentications${query}`;
    const { status, body } = await rig.ask('GET', path, { token: who });
    return { status, ...(body as { authentications: Line[]; nextCursor: string | null }) };
  };
  type Line = { method: string; outcome: string; attempts: number; userAgent: string | null };

  test('point 5: names every kind of success and refusal, a flood in one line, without the secret', async () => {
    const made = await world.newDevice();
    const key = (await world.newKey(made.id)).body;
    const enrolment = `/api/devices/${made.id}/enrolment`;
    const forged = makeDevice('impostor').proof(made.id, rig.platform.now());
    await rig.ask('GET', enrolment, { token: world.proofOf(made) });
    for (let nth = 0; nth < 300; nth += 1) await rig.ask('GET', enrolment, { token: forged });
    await world.byKey(made.id, key.apiKey);
    const shown = await world.certify(made);
    await world.askTls(enrolment, shown, { headers: { 'user-agent': 'pump/1' } });
    await rig.ask('DELETE', `/api/devices/${made.id}/api-keys/${key.id}`, { token: acme.operator });
    await world.byKey(made.id, key.apiKey);
    const { authentications } = await logOf(made.id);
    const lines = authentications.map(
      ({ method, outcome, attempts }) => `${method} ${outcome} ${attempts}`,
    );
    expect(new Set(lines)).toEqual(
      new Set([
        ...['signature accepted 2', 'signature invalid 300', 'certificate accepted 1'],
        ...['api-key accepted 1', 'api-key revoked 1'],
      ]),
    );
    expect(authentications.find(({ method }) => method === 'certificate')?.userAgent).toBe(
      'pump/1',
    );
    expect(JSON.stringify(authentications)).not.toContain(key.apiKey.slice(-20));
    const keys = await rig.ask('GET', `/api/devices/${made.id}/api-keys`, { token: acme.viewer });
    const [listed] = (keys.body as { apiKeys: { lastUsedAt: string | null }[] }).apiKeys;
    expect(Date.parse(listed?.lastUsedAt ?? '')).toBeGreaterThan(rig.platform.now() - dayMs);
  });

  test('is read page by page, and not by another tenant or a viewer', async () => {
    const made = await world.newDevice();
    await rig.ask('GET', `/api/devices/${made.id}/enrolment`, { token: world.proofOf(made) });
    await world.certify(made);
    await world.byKey(made.id, (await world.newKey(made.id)).body.apiKey);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await logOf(made.id, `?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.authentications.map(({ method }) => method));
      cursor = page.nextCursor;
    }
    expect(seen.toSorted()).toEqual(['api-key', 'signature']);
    expect((await logOf(made.id, '', rival.operator)).status).toBe(404);
    expect((await logOf(made.id, '', acme.viewer)).status).toBe(403);
  });
});
