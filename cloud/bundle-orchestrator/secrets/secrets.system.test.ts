/** Secrets from a person's hands to the device that alone can open them. */
import { randomUUID } from 'node:crypto';
import { changeTenant, systemAuthor, withTenant } from '@signalbeam/platform/postgres/tenant';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { openDesired } from '@signalbeam/sync/wire/records';
import { openSecret } from '@signalbeam/sync/wire/secret';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import {
  addDevice,
  containersOf,
  eventually,
  keysetOf,
  makeBundle,
  openTenant,
  type Rig,
  someImage,
  startRig,
  type TestDevice,
  type TestTenant,
  tellOfDevice,
} from '../rig.suite.ts';
import { insertSecret, listSecrets, secretsLock } from '../store/secrets.ts';
import { keepGiven, markDeviceStale } from '../store/secrets-given.ts';
import { sealAgain } from './seal-again.ts';

const needing = containersOf(someImage, { secretEnvironment: { PASSWORD: 'db-password' } });
let rig: Rig;
let one: TestTenant;
let bundleId: string;
let first: TestDevice;
beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  one = await openTenant(rig, 'one');
  first = await addDevice(rig, one, 'first');
  bundleId = await makeBundle(rig, one, 'web');
  const body = { version: '1.0.0', containers: needing };
  const released = await rig.ask('POST', `/api/bundles/${bundleId}/versions`, {
    ...{ token: one.operator, body },
  });
  expect(released.status).toBe(201);
});
afterAll(() => rig.stop());

const asAdmin = (method: string, path: string, body?: unknown) =>
  rig.ask(method, path, { token: one.admin, ...(body === undefined ? {} : { body }) });
const assign = (deviceId: string) =>
  rig.ask('POST', `/api/devices/${deviceId}/bundle`, {
    ...{ token: one.operator, body: { bundleId, version: '1.0.0' } },
  });

/** What the service does within a second by itself; both at once do it once. */
const sealed = () => sealAgain({ ...rig.platform, onChanged: () => {} });

const givenTo = async (device: TestDevice, opener = device) => {
  const { body } = await rig.ask('GET', `/api/devices/${device.deviceId}/desired-state`, {
    token: device.token,
  });
  const { envelope, generation } = body as { envelope: string; generation: number };
  const opened = openDesired(
    Buffer.from(envelope, 'base64'),
    await keysetOf(rig.platform, one.tenantId),
  );
  if (opened.kind === 'refused') throw new Error(opened.reason);
  const [secret] = opened.value.slots[0]?.secrets ?? [];
  const holder = { tenantId: one.tenantId, deviceId: opener.deviceId, sealing: opener.sealing };
  const value = secret === undefined ? null : openSecret(secret, holder);
  return { generation, value: value && Buffer.from(value).toString('utf8') };
};

it('a version is refused with the name that nobody set, and for agents that know no secrets', async () => {
  const refused = { status: 409, body: { code: 'unknown-secret' } };
  const named = expect.stringContaining('db-password for first');
  expect(await assign(first.deviceId)).toMatchObject({
    ...{ status: 409, body: { code: 'unknown-secret', detail: named } },
  });
  const files = { '/run/secrets/tls': 'tls-key' };
  const asFile = { version: '1.0.1', containers: containersOf(someImage, { secretFiles: files }) };
  const made = await rig.ask('POST', `/api/bundles/${bundleId}/versions`, {
    ...{ token: one.operator, body: asFile },
  });
  expect(made).toMatchObject({ status: 201, body: { containers: [{ secretFiles: files }] } });
  expect(
    await rig.ask('POST', `/api/devices/${first.deviceId}/bundle`, {
      ...{ token: one.operator, body: { bundleId, version: '1.0.1' } },
    }),
  ).toMatchObject({
    ...{ status: 409, body: { detail: expect.stringContaining('no secret tls-key for first') } },
  });
  const wish = { bundleId, version: '1.0.0', target: { kind: 'all' } };
  for (const path of ['/api/rollouts/preview', '/api/rollouts']) {
    expect(await rig.ask('POST', path, { token: one.operator, body: wish })).toMatchObject(refused);
  }
  const old = await addDevice(rig, one, 'old');
  await rig.owner.query(`UPDATE device_manager.devices SET agent_version = '0.1.9' WHERE id = $1`, [
    old.deviceId,
  ]);
  expect(await assign(old.deviceId)).toMatchObject({
    ...{ status: 409, body: { code: 'agent-too-old', detail: expect.stringContaining('old') } },
  });
  await rig.owner.query('UPDATE device_manager.devices SET deleted_at = now() WHERE id = $1', [
    old.deviceId,
  ]);
});

it('a secret is for a site as sites are called, or it is refused', async () => {
  for (const site of ['Plant-7', 'plant-7,plant-8', '']) {
    const refused = await asAdmin('POST', '/api/secrets', { name: 'lost', value: 'x', site });
    expect(refused, site).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
  }
});

it('a value is opened by its device alone, and is in no table and no answer in the clear', async () => {
  const made = await rig.ask('POST', '/api/secrets', {
    ...{ token: one.admin, body: { name: 'db-password', value: 'hunter2' } },
    headers: { 'idempotency-key': 'made-once' },
  });
  expect(made).toMatchObject({ status: 201, body: { revision: 1, scope: { kind: 'tenant' } } });
  expect(JSON.stringify(made.body)).not.toContain('hunter2');
  expect((await assign(first.deviceId)).status).toBe(200);
  expect(await givenTo(first)).toEqual({ generation: 1, value: 'hunter2' });
  const other = await addDevice(rig, one, 'other');
  expect((await givenTo(first, other)).value).toBeNull();
  const { rows: tables } = await rig.owner.query<{ name: string }>(
    `SELECT schemaname || '.' || tablename AS name FROM pg_tables
      WHERE schemaname IN ('platform', 'bundle_orchestrator')`,
  );
  for (const { name } of tables) {
    const { rows } = await rig.owner.query(
      `SELECT 1 FROM ${name} t WHERE t::text LIKE '%hunter2%' OR t::text LIKE $1`,
      [`%${Buffer.from('hunter2').toString('hex')}%`],
    );
    expect(rows, name).toEqual([]);
  }
  const again = await asAdmin('POST', '/api/secrets', { name: 'db-password', value: 'x' });
  expect(again).toMatchObject({ status: 409, body: { code: 'already-exists' } });
  const byOperator = await rig.ask('POST', '/api/secrets', {
    ...{ token: one.operator, body: { name: 'mine', value: 'x' } },
  });
  expect(byOperator.status).toBe(403);
});

it('a new value, and one for the site, come under a next generation; what is used is not deleted', async () => {
  const { body } = await rig.ask('GET', '/api/secrets', { token: one.viewer });
  const [{ id }] = (body as { secrets: [{ id: string }] }).secrets;
  const rotated = await asAdmin('PUT', `/api/secrets/${id}`, { value: 'hunter3' });
  expect(rotated).toMatchObject({ status: 200, body: { revision: 2, devices: 1 } });
  await Promise.all([sealed(), sealed()]);
  expect(await givenTo(first)).toEqual({ generation: 2, value: 'hunter3' });
  expect(await asAdmin('DELETE', `/api/secrets/${id}`)).toMatchObject({
    ...{ status: 409, body: { code: 'still-used' } },
  });
  const site = { name: 'db-password', value: 'of the site', site: 'plant-7' };
  const ofSite = (await asAdmin('POST', '/api/secrets', site)).body as { id: string };
  await sealed();
  expect(await givenTo(first)).toEqual({ generation: 3, value: 'of the site' });
  // Without it the tenant's is there.
  expect((await asAdmin('DELETE', `/api/secrets/${ofSite.id}`)).status).toBe(204);
  await sealed();
  expect(await givenTo(first)).toEqual({ generation: 4, value: 'hunter3' });
  const { rows } = await rig.owner.query(
    `SELECT action, before, after FROM platform.audit_log
      WHERE tenant_id = $1 AND action LIKE 'secret.%' ORDER BY id`,
    [one.tenantId],
  );
  const facts = (revision: number, kind = 'tenant') =>
    expect.objectContaining({ revision, scope: expect.objectContaining({ kind }) });
  expect(rows).toEqual([
    { action: 'secret.create', before: null, after: facts(1) },
    { action: 'secret.rotate', before: facts(1), after: facts(2) },
    { action: 'secret.create', before: null, after: facts(1, 'site') },
    { action: 'secret.delete', before: facts(1, 'site'), after: null },
  ]);
});

it('a new value may reach its devices over a time, each at a moment of its own', async () => {
  const { body } = await rig.ask('GET', '/api/secrets', { token: one.viewer });
  const [{ id }] = (body as { secrets: [{ id: string }] }).secrets;
  const rotate = (overMinutes: number) =>
    asAdmin('PUT', `/api/secrets/${id}`, { value: `over ${overMinutes}`, overMinutes });
  const before = await givenTo(first);
  const begunAt = Date.now();
  expect(await rotate(60)).toMatchObject({ status: 200, body: { devices: 1, waiting: 1 } });
  const dueAt = async () => {
    const { rows } = await rig.owner.query<{ due_at: Date | number }>(
      'SELECT due_at FROM bundle_orchestrator.desired_secrets WHERE device_id = $1',
      [first.deviceId],
    );
    // Whole milliseconds after it; a time at once is minus infinity.
    return Number(rows[0]?.due_at) + 1;
  };
  const due = await dueAt();
  expect(due).toBeGreaterThanOrEqual(begunAt);
  expect(due).toBeLessThan(begunAt + 3_600_000 + 60_000);
  const sealedAt = (nowMs: number) =>
    sealAgain({ ...rig.platform, now: () => nowMs, onChanged: () => {} });
  expect(await sealedAt(due - 2)).toBe(0);
  expect(await givenTo(first)).toEqual(before);
  expect(await sealedAt(due)).toBe(1);
  expect((await givenTo(first)).value).toBe('over 60');
  // Another value has another order; one that leaked goes to those who wait, too.
  await rotate(1_440);
  expect(await dueAt()).not.toBe(due);
  await rotate(0);
  expect(await dueAt()).toBe(-Infinity);
  await sealed();
  expect((await givenTo(first)).value).toBe('over 0');
  expect((await rotate(1_441)).status).toBe(400);
});

it('a new value waits for the next window of the rollout, also long after that was over', async () => {
  const { deviceId } = await addDevice(rig, one, 'in-windows');
  const windows = [{ cron: '* * * * *', timeZone: 'UTC', minutes: 1 }];
  const wish = { bundleId, version: '1.0.0', deviceIds: [deviceId], pace: { windows } };
  const rollout = await rig.ask('POST', '/api/rollouts', { token: one.operator, body: wish });
  expect(rollout.status).toBe(201);
  const slotOf = async () => {
    const path = `/api/devices/${deviceId}/desired-state`;
    const { body } = await rig.ask('GET', path, { token: one.viewer });
    return (body as { slots: [{ windows: [number, number][]; requestedGeneration: number }] })
      .slots[0];
  };
  await rig.owner.query(
    `UPDATE bundle_orchestrator.desired_states
        SET slots = jsonb_set(slots, '{0,windows}', '[[1000, 2000]]') WHERE device_id = $1`,
    [deviceId],
  );
  const { requestedGeneration } = await slotOf();
  const { body } = await rig.ask('GET', '/api/secrets', { token: one.viewer });
  const [{ id }] = (body as { secrets: [{ id: string }] }).secrets;
  await asAdmin('PUT', `/api/secrets/${id}`, { value: 'long after' });
  await sealed();
  const slot = await slotOf();
  expect(slot.windows).toHaveLength(6);
  expect(slot.windows[0]?.[1]).toBeGreaterThan(Date.now() / 1_000 - 1);
  expect(slot.requestedGeneration).toBe(requestedGeneration);
});

const rowsOf = async (deviceId: string) => {
  const { rows } = await rig.owner.query<{ stale: boolean }>(
    'SELECT stale FROM bundle_orchestrator.desired_secrets WHERE device_id = $1',
    [deviceId],
  );
  return rows;
};

it('a device that moves while it is sealed for is looked at again', async () => {
  const { tenantId } = one;
  const { deviceId } = await addDevice(rig, one, 'moving');
  const given = [{ deviceId, name: 'moved', secretId: null }];
  await keepGiven(rig.owner, tenantId, [deviceId], given);
  const { system } = rig.platform.pools;
  let marking: Promise<void> | undefined;
  // What sealing does, for the site that the device is leaving.
  await transaction(rig.owner, async (sql) => {
    await sql.query(`SELECT pg_advisory_xact_lock_shared(${secretsLock})`, [tenantId]);
    await keepGiven(sql, tenantId, [deviceId], given);
    marking = transaction(system, (other) => markDeviceStale(other, tenantId, deviceId));
    await eventually(async () => {
      const { rows } = await sql.query(
        `SELECT 1 FROM pg_locks
          WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))`,
      );
      expect(rows).not.toEqual([]);
    });
  });
  await marking;
  // Nothing runs there, so what is marked is forgotten.
  await sealed();
  expect(await rowsOf(deviceId)).toEqual([]);
});

it('a tenant whose value does not open holds up no other', async () => {
  const two = await openTenant(rig, 'two');
  const device = await addDevice(rig, two, 'damaged');
  const secret = { name: 'db-password', value: 'x' };
  const made = await rig.ask('POST', '/api/secrets', { token: two.admin, body: secret });
  const { id } = made.body as { id: string };
  const bundle = await makeBundle(rig, two, 'web');
  const version = { version: '1.0.0', containers: needing };
  await rig.ask('POST', `/api/bundles/${bundle}/versions`, { token: two.operator, body: version });
  const wish = { bundleId: bundle, version: '1.0.0' };
  const path = `/api/devices/${device.deviceId}/bundle`;
  const assigned = await rig.ask('POST', path, { token: two.operator, body: wish });
  expect(assigned.status).toBe(200);
  await rig.owner.query(`UPDATE bundle_orchestrator.secrets SET value_sealed = 'x' WHERE id = $1`, [
    id,
  ]);
  const before = await givenTo(first);
  await rig.owner.query(
    'UPDATE bundle_orchestrator.desired_secrets SET stale = true WHERE device_id = ANY ($1)',
    [[first.deviceId, device.deviceId]],
  );
  await sealed();
  expect(await givenTo(first)).toMatchObject({ generation: before.generation + 1 });
  expect(await rowsOf(device.deviceId)).toEqual([{ stale: true }]);
});

it('a device that left the fleet uses no secret any more', async () => {
  const { tenantId } = one;
  const { deviceId } = await addDevice(rig, one, 'leaving');
  await keepGiven(rig.owner, tenantId, [deviceId], [{ deviceId, name: 'left', secretId: null }]);
  await rig.owner.query('UPDATE device_manager.devices SET deleted_at = now() WHERE id = $1', [
    deviceId,
  ]);
  await tellOfDevice(rig, 'device.deleted', { tenantId, deviceId });
  await eventually(async () => expect(await rowsOf(deviceId)).toEqual([]));
});

it('who is held to some sites sees no other site’s secrets, and changes none', async () => {
  for (const more of [{}, { site: 'plant-7' }, { deviceId: first.deviceId }]) {
    const body = { name: 'scoped', value: 'x', ...more };
    expect((await asAdmin('POST', '/api/secrets', body)).status).toBe(201);
  }
  const { tenantId } = one;
  const { api } = rig.platform.pools;
  const seenFrom = async (site: string) => {
    const seen = await withTenant(api, { tenantId, sites: [site] }, (sql) =>
      listSecrets(sql, { limit: 50, after: null }),
    );
    return seen.filter(({ name }) => name === 'scoped').map(({ scope }) => scope.kind);
  };
  expect((await seenFrom('plant-7')).sort()).toEqual(['device', 'site', 'tenant']);
  expect(await seenFrom('plant-8')).toEqual(['tenant']);
  const author = { ...systemAuthor(tenantId), sites: ['plant-7'] };
  const about = { id: randomUUID(), name: 'mine', valueSealed: Buffer.from('x') };
  const scope = { kind: 'site', site: 'plant-7' } as const;
  const making = changeTenant(api, author, (sql) =>
    insertSecret(sql, { ...about, tenantId, scope, at: new Date(), by: 'test' }),
  );
  await expect(making).rejects.toMatchObject({ code: 'forbidden' });
});
