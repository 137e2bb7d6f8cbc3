/**
 * Letters that could not be taken: shown to a tenant's admins without secrets, tried again once, thrown
 * away, one by one and all of a cause; over the real hub and Postgres.
 */
import '@signalbeam/launcher/rig/provided';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import type { Service } from '@signalbeam/platform/service';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import {
  addDevices,
  addTenant,
  openOwner,
  signIn,
  storedRows,
  type TestTenant,
  writtenRows,
} from '../rig.suite.ts';
import { createService } from '../service.ts';
import type { VirtualDevice } from '../virtual-device.suite.ts';

let test: TestPlatform;
let owner: Pool;
let service: Service;
let tenant: TestTenant;
let other: TestTenant;
let device: VirtualDevice;
let stranger: VirtualDevice;

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  service = createService(test.platform);
  await service.start();
  tenant = await addTenant(owner, test.platform);
  other = await addTenant(owner, test.platform);
  device = (await addDevices(owner, tenant, 1))[0] as VirtualDevice;
  stranger = (await addDevices(owner, other, 1))[0] as VirtualDevice;
});
afterAll(async () => {
  await service?.stop();
  await owner?.end();
  await test?.close();
});

const path = '/api/telemetry/dead-letters';
const add = async (facts: {
  of?: VirtualDevice;
  lane: string;
  seq: number | null;
  payload: Uint8Array | string;
  code?: string;
}): Promise<string> => {
  const { of: by = device, lane, seq, payload, code = 'row-refused' } = facts;
  const { tenantId, tenantKey } = by === device ? tenant : other;
  const { rows } = await owner.query<{ id: number }>(
    `INSERT INTO telemetry.dead_letters
       (tenant_id, device_id, subject, lane, epoch, seq, code, reason, payload, digest, at)
     VALUES ($1, $2, $3, $4, $5, $6, $8, 'no', $7, gen_random_uuid()::text, now())
     RETURNING id`,
    [
      ...[tenantId, by.deviceId, `${tenantKey}.${deviceSubjects.lane('events', by.deviceId)}`],
      ...(seq === null ? [null, null, null] : [lane, 'e'.repeat(16), seq]),
      Buffer.from(payload),
      code,
    ],
  );
  return `ingest-${rows[0]?.id}`;
};
const as = async (
  method: string,
  at: string,
  role: 'operator' | 'admin' = 'admin',
  wish?: unknown,
) => {
  const { token } = await signIn(owner, test.platform, tenant, role);
  const response = await service.app.request(at, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(wish === undefined ? {} : { body: JSON.stringify(wish) }),
  });
  const text = await response.text();
  const answer: Record<string, unknown> = text === '' ? {} : JSON.parse(text);
  return { status: response.status, body: answer };
};
const body = { type: 'link-up', severity: 'info', message: 'there', data: { token: 'x-9' } };

it('shows letters to admins without secrets, and to nobody else', async () => {
  const text = JSON.stringify({ seq: 7, at: 5, body });
  const [id, foreign] = [
    await add({ lane: 'events', seq: 7, payload: text }),
    await add({ of: stranger, lane: 'events', seq: 7, payload: text }),
  ];
  const { body: page } = await as('GET', `${path}?limit=1`);
  expect(page['letters']).toMatchObject([{ id, kind: 'ingest', deviceId: device.deviceId }]);
  const { body: whole } = await as('GET', `${path}/${id}`);
  expect(whole['content']).toContain('link-up');
  expect(whole['content']).not.toContain('x-9');
  expect(await as('GET', `${path}/${id}`, 'operator')).toMatchObject({ status: 403 });
  for (const [method, at] of [
    ['GET', foreign],
    ['DELETE', foreign],
    ['POST', `${foreign}/replay`],
  ] as const) {
    expect(await as(method, `${path}/${at}`)).toMatchObject({ status: 404 });
  }
  expect(await as('DELETE', `${path}/${id}`)).toMatchObject({ status: 204 });
  expect(await as('DELETE', `${path}/${id}`)).toMatchObject({ status: 404 });
  expect((await as('GET', `${path}?kind=events`)).body).toEqual({
    letters: [],
    nextCursor: null,
  });
  expect(await as('GET', `${path}?cursor=events-4`)).toMatchObject({ status: 400 });
});

it('stores rows when they are as described by now, once', async () => {
  await owner.query(
    `INSERT INTO telemetry.gaps
       (tenant_id, device_id, lane, epoch, from_seq, to_seq, reason, received_at)
     VALUES ($1, $2, 'events', $3, 8, 8, 'refused', now())`,
    [tenant.tenantId, device.deviceId, 'e'.repeat(16)],
  );
  const text = JSON.stringify({ seq: 8, at: Date.now(), body });
  const id = await add({ lane: 'events', seq: 8, payload: text });
  const bad = await add({ lane: 'events', seq: 9, payload: '{"seq":9,"at":1,"body":{}}' });
  const answers = [
    await as('POST', `${path}/${id}/replay`),
    await as('POST', `${path}/${id}/replay`),
  ];
  expect(answers).toMatchObject([{ status: 200, body: { outcome: 'stored' } }, { status: 404 }]);
  expect(await as('POST', `${path}/${bad}/replay`)).toMatchObject({ status: 409 });
  expect(await as('GET', `${path}/${bad}`)).toMatchObject({ status: 200 });
  const { rows } = await owner.query(
    `SELECT (SELECT count(*) FROM telemetry.events WHERE device_id = $1 AND epoch = $2) AS events,
            (SELECT count(*) FROM telemetry.gaps WHERE device_id = $1 AND epoch = $2) AS gaps,
            (SELECT count(*) FROM platform.audit_log
              WHERE action = 'dead-letter.replay' AND tenant_id = $3) AS told`,
    [device.deviceId, 'e'.repeat(16), tenant.tenantId],
  );
  expect(rows).toEqual([{ events: 1, gaps: 0, told: 1 }]);
});

it('deals with all of a cause, of this tenant and of the past alone', async () => {
  const letter = (seq: number, data: unknown, of?: VirtualDevice) =>
    add({
      ...(of === undefined ? {} : { of }),
      ...{ lane: 'events', seq, code: 'of-a-kind' },
      payload: JSON.stringify({ seq, at: Date.now(), body: data }),
    });
  const ids = [await letter(20, body), await letter(21, {}), await letter(22, body)];
  const foreign = await letter(23, body, stranger);
  const counted = await as('GET', `${path}/causes`);
  expect(counted.body['causes']).toEqual(
    expect.arrayContaining([expect.objectContaining({ cause: 'of-a-kind', letters: 3 })]),
  );
  const wish = { kind: 'ingest', cause: 'of-a-kind' };
  expect(await as('POST', `${path}/replay`, 'operator', wish)).toMatchObject({ status: 403 });
  expect((await as('POST', `${path}/replay`, 'admin', wish)).body).toMatchObject({
    ...{ done: 2, refused: [{ id: ids[1] }], nextCursor: null },
  });
  const left = await as('GET', `${path}?cause=of-a-kind`);
  expect(left.body['letters']).toMatchObject([{ id: ids[1] }]);
  expect((await as('POST', `${path}/discard`, 'admin', wish)).body).toMatchObject({ done: 1 });
  expect((await as('POST', `${path}/discard`, 'admin', wish)).body).toMatchObject({ done: 0 });
  const cursor = Buffer.from('{}').toString('base64url');
  expect(await as('POST', `${path}/discard`, 'admin', { ...wish, cursor })).toMatchObject({
    status: 400,
  });
  const { rows } = await owner.query(
    `SELECT (SELECT count(*) FROM telemetry.dead_letters WHERE code = 'of-a-kind') AS left,
            (SELECT before -> 'letters' FROM platform.audit_log
              WHERE action = 'dead-letter.discard-all' AND tenant_id = $1) AS told`,
    [tenant.tenantId],
  );
  expect([foreign, rows]).toEqual([foreign, [{ left: 1, told: [ids[1]] }]]);
});

it('has frames judged again by ingest', async () => {
  device.write('events', 3);
  const id = await add({ lane: 'events', seq: null, payload: device.frame('events', 0, 3) });
  expect(await as('POST', `${path}/${id}/replay`)).toMatchObject({ body: { outcome: 'sent' } });
  await vi.waitFor(async () => {
    expect(await storedRows(owner, 'events', device.deviceId)).toEqual(
      expect.arrayContaining(writtenRows(device, 'events')),
    );
  }, 15_000);
});
