/** Bundles and versions after they were made: changed, deprecated, deleted if nobody uses them. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  addDevice,
  containersOf,
  eventually,
  makeBundle,
  openTenant,
  type Rig,
  sendReport,
  someImage,
  startRig,
  type TestTenant,
} from '../rig.suite.ts';

let rig: Rig;
let one: TestTenant;
let two: TestTenant;
beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  one = await openTenant(rig, 'one');
  two = await openTenant(rig, 'two');
});
afterAll(() => rig.stop());

const ask = (method: string, path: string, body?: unknown, headers = {}) =>
  rig.ask(method, `/api${path}`, {
    token: one.operator,
    headers,
    ...(body === undefined ? {} : { body }),
  });
const assign = (deviceId: string, bundleId: string, version: string, more = {}) =>
  ask('POST', `/devices/${deviceId}/bundle`, { bundleId, version, ...more });
const used = async (path: string) => {
  const answer = await ask('DELETE', path);
  return { status: answer.status, ...(answer.body as { code?: string; detail?: string }) };
};

describe('a bundle', () => {
  it('changes for whoever has seen what it is, and says so', async () => {
    const id = await makeBundle(rig, one, 'helo');
    const path = `/bundles/${id}`;
    const read = await ask('GET', path);
    const match = { 'if-match': read.headers.get('etag') ?? '' };
    const wish = { name: 'hello', description: 'Says hello' };
    expect(await ask('PATCH', path, wish, match)).toMatchObject({ status: 200, body: wish });
    expect(await ask('PATCH', path, { description: 'late' }, match)).toMatchObject({
      status: 412,
      body: { code: 'version-changed' },
    });
    expect(await ask('GET', path)).toMatchObject({ body: wish });
    const { rows } = await rig.owner.query(
      `SELECT action, before, after FROM platform.audit_log
        WHERE target = $1 AND action = 'bundle.change'`,
      [`bundle:${id}`],
    );
    expect(rows).toEqual([
      { action: 'bundle.change', before: { name: 'helo', description: '' }, after: wish },
    ]);
  });

  it('keeps the name that volumes on devices bear', async () => {
    const id = await makeBundle(rig, one, 'named', ['1.0.0']);
    expect(await ask('PATCH', `/bundles/${id}`, { name: 'renamed' })).toMatchObject({
      status: 409,
      body: { code: 'wrong-state' },
    });
    const fresh = await makeBundle(rig, one, 'fresh');
    expect(await ask('PATCH', `/bundles/${fresh}`, { name: 'named' })).toMatchObject({
      status: 409,
      body: { code: 'already-exists' },
    });
  });

  it('is another tenant’s: it is not there', async () => {
    const id = await makeBundle(rig, two, 'theirs', ['1.0.0']);
    const reason = { reason: 'mine now' };
    for (const [method, path, body] of [
      ['PATCH', `/bundles/${id}`, { description: 'x' }],
      ['PUT', `/bundles/${id}/deprecation`, reason],
      ['PUT', `/bundles/${id}/versions/1.0.0/deprecation`, reason],
      ['DELETE', `/bundles/${id}/versions/1.0.0`],
      ['DELETE', `/bundles/${id}`],
      ['GET', `/bundles/${id}/devices`],
    ] as const) {
      expect((await ask(method, path, body)).status, `${method} ${path}`).toBe(404);
    }
  });
});

describe('what is deprecated', () => {
  it('begins nowhere unless asked for, runs on, and is what a rollout goes back to', async () => {
    const id = await makeBundle(rig, one, 'leaky', ['1.0.0', '1.1.0']);
    const [device, other] = [
      await addDevice(rig, one, 'leaky-1'),
      await addDevice(rig, one, 'leaky-2'),
    ];
    expect((await assign(device.deviceId, id, '1.0.0')).status).toBe(200);
    const path = `/bundles/${id}/versions/1.0.0`;
    const reason = 'Leaks memory';
    expect(await ask('PUT', `${path}/deprecation`, { reason })).toMatchObject({
      status: 200,
      body: { deprecated: { reason, by: 'user:operator@one.example' } },
    });
    const rollout = { bundleId: id, version: '1.0.0', deviceIds: [other.deviceId] };
    for (const answer of [
      await assign(other.deviceId, id, '1.0.0'),
      await ask('POST', '/rollouts', rollout),
    ]) {
      expect(answer).toMatchObject({ status: 409, body: { code: 'version-deprecated' } });
    }
    const look = (more: object) => ask('POST', '/rollouts/preview', { ...rollout, ...more });
    const means = expect.stringContaining('This device would begin with it');
    const deprecated = { what: 'leaky 1.0.0', reason, by: 'user:operator@one.example', means };
    const refused = expect.stringContaining('leaky 1.0.0 is deprecated: Leaks memory');
    expect((await look({})).body).toMatchObject({ refused, deprecated });
    expect((await look({ allowDeprecated: true })).body).toMatchObject({
      ...{ refused: null, deprecated },
    });
    expect((await look({ version: '1.1.0' })).body).toMatchObject({
      ...{ refused: null, deprecated: null },
    });
    expect((await ask('GET', `/devices/${other.deviceId}/desired-state`)).body).toMatchObject({
      generation: 0,
    });
    expect((await assign(other.deviceId, id, '1.0.0', { allowDeprecated: true })).status).toBe(200);
    const next = { bundleId: id, version: '1.1.0', deviceIds: [device.deviceId] };
    const started = (await ask('POST', '/rollouts', next)).body as { id: string };
    expect((await ask('POST', `/rollouts/${started.id}/cancel`)).status).toBe(200);
    expect((await ask('GET', `/devices/${device.deviceId}/desired-state`)).body).toMatchObject({
      slots: [{ version: '1.0.0' }],
    });
    expect((await ask('DELETE', `${path}/deprecation`)).body).toMatchObject({ deprecated: null });
    expect((await assign(other.deviceId, id, '1.0.0')).status).toBe(200);
  });

  it('is a whole bundle, with every version', async () => {
    const id = await makeBundle(rig, one, 'retired', ['1.0.0']);
    const device = await addDevice(rig, one, 'retired-1');
    await ask('PUT', `/bundles/${id}/deprecation`, { reason: 'Use hello' });
    expect(await assign(device.deviceId, id, '1.0.0')).toMatchObject({
      status: 409,
      body: { code: 'version-deprecated', detail: expect.stringContaining('Use hello') },
    });
    expect((await ask('GET', `/bundles/${id}`)).body).toMatchObject({
      deprecated: { reason: 'Use hello' },
    });
    const { rows } = await rig.owner.query(
      `SELECT subject FROM platform.domain_events WHERE data ->> 'bundleId' = $1`,
      [id],
    );
    expect(rows).toContainEqual({ subject: 'signalbeam.bundles.deprecated' });
  });
});

describe('what is deleted', () => {
  it('is used by nobody: not wanted, not running, not what anybody would go back to', async () => {
    const id = await makeBundle(rig, one, 'used', ['1.0.0', '1.1.0', '1.2.0']);
    const device = await addDevice(rig, one, 'used-1');
    const { deviceId } = device;
    const version = (name: string) => `/bundles/${id}/versions/${name}`;
    await assign(deviceId, id, '1.0.0');
    expect(await used(version('1.0.0'))).toMatchObject({
      status: 409,
      code: 'still-used',
      detail: expect.stringContaining('1 device shall run it'),
    });
    const wish = { bundleId: id, version: '1.1.0', deviceIds: [deviceId] };
    const rollout = (await ask('POST', '/rollouts', wish)).body as { id: string };
    expect(await used(version('1.0.0'))).toMatchObject({
      detail: expect.stringContaining('1 device would go back to it'),
    });
    expect(await used(version('1.1.0'))).toMatchObject({
      detail: expect.stringContaining('1 rollout of it is open'),
    });
    expect(await used(`/bundles/${id}`)).toMatchObject({ code: 'still-used' });
    const desired = (await ask('GET', `/devices/${deviceId}/desired-state`)).body as {
      slots: never[];
    };
    const [slot] = desired.slots;
    if (slot === undefined) throw new Error('nothing is wanted');
    await sendReport(rig, one, deviceId, [{ slot, status: 'running', runningVersion: '1.1.0' }]);
    await eventually(async () => {
      const seen = (await ask('GET', `/rollouts/${rollout.id}`)).body;
      expect(seen).toMatchObject({ status: 'succeeded' });
    });
    await assign(deviceId, id, '1.2.0');
    expect(await used(version('1.1.0'))).toMatchObject({
      detail: expect.stringContaining('1 device still runs it'),
    });
    expect(await used(version('1.0.0'))).toMatchObject({ status: 204 });
    expect((await ask('GET', version('1.0.0'))).status).toBe(404);
    expect((await ask('GET', `/bundles/${id}`)).body).toMatchObject({ versionCount: 2 });
    expect(await assign(deviceId, id, '1.0.0')).toMatchObject({ status: 404 });
    const again = { version: '1.0.0', containers: containersOf(someImage) };
    expect(await ask('POST', `/bundles/${id}/versions`, again)).toMatchObject({
      status: 409,
      body: { code: 'version-exists' },
    });
  });

  it('gives its name again only if nothing was released under it', async () => {
    const empty = await makeBundle(rig, one, 'typo');
    expect((await used(`/bundles/${empty}`)).status).toBe(204);
    await makeBundle(rig, one, 'typo');
    const released = await makeBundle(rig, one, 'gone', ['1.0.0']);
    expect((await used(`/bundles/${released}`)).status).toBe(204);
    expect((await ask('GET', `/bundles/${released}`)).status).toBe(404);
    expect(await ask('POST', '/bundles', { name: 'gone' })).toMatchObject({
      status: 409,
      body: { code: 'already-exists' },
    });
    const { rows } = await rig.owner.query(
      'SELECT count(*) FROM bundle_orchestrator.bundles WHERE tenant_id = $1 AND deleted_at IS NULL',
      [one.tenantId],
    );
    const quota = await rig.owner.query(`SELECT platform.quota_used_of('bundles', $1) AS count`, [
      one.tenantId,
    ]);
    expect(quota.rows).toEqual(rows);
  });
});

it('lists who shall run a bundle, by version, in pages', async () => {
  const id = await makeBundle(rig, one, 'spread', ['1.0.0', '2.0.0']);
  for (const [name, version] of [
    ['s-1', '2.0.0'],
    ['s-2', '1.0.0'],
    ['s-3', '2.0.0'],
  ] as const) {
    await assign((await addDevice(rig, one, name)).deviceId, id, version);
  }
  type Page = { devices: { name: string; version: string }[]; nextCursor: string | null };
  const first = (await ask('GET', `/bundles/${id}/devices?limit=2`)).body as Page;
  const rest = (await ask('GET', `/bundles/${id}/devices?limit=2&cursor=${first.nextCursor}`))
    .body as Page;
  const all = [...first.devices, ...rest.devices];
  expect(all.map(({ version }) => version)).toEqual(['1.0.0', '2.0.0', '2.0.0']);
  expect(all.map(({ name }) => name).sort()).toEqual(['s-1', 's-2', 's-3']);
  expect(rest.nextCursor).toBeNull();
  const filtered = (await ask('GET', `/bundles/${id}/devices?version=1.0.0`)).body as Page;
  expect(filtered.devices).toMatchObject([{ name: 's-2', status: 'pending' }]);
});

it('tells what one version changes of another', async () => {
  const id = await makeBundle(rig, one, 'differs', ['1.0.0']);
  const containers = containersOf(someImage, { environment: { GREETING: 'hi' } });
  await ask('POST', `/bundles/${id}/versions`, { version: '1.1.0', containers });
  const path = `/bundles/${id}/versions/1.1.0/diff`;
  expect((await ask('GET', `${path}?from=1.0.0`)).body).toEqual({
    from: '1.0.0',
    to: '1.1.0',
    containers: [
      {
        name: 'web',
        kind: 'changed',
        fields: [{ path: 'environment.GREETING', before: null, after: 'hi' }],
      },
    ],
    fetchBytes: 0,
    unknownSizes: [],
  });
  expect((await ask('GET', `${path}?from=9.0.0`)).status).toBe(404);
  const theirs = await rig.ask('GET', `/api${path}?from=1.0.0`, { token: two.viewer });
  expect(theirs.status).toBe(404);
});
