import { randomUUID } from 'node:crypto';
import { releaseBytesMax, requestBytesMax } from '@signalbeam/sync/core/limits';
import { openRelease, releaseDigestOf } from '@signalbeam/sync/wire/records';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  addDevice,
  containersOf,
  keysetOf,
  makeBundle,
  openTenant,
  type Rig,
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

const release = (tenant: TestTenant, bundleId: string, body: unknown) =>
  rig.ask('POST', `/api/bundles/${bundleId}/versions`, { token: tenant.operator, body });

describe('bundles', () => {
  it('are made, listed by name in pages, and read', async () => {
    const tenant = await openTenant(rig, 'lists');
    for (const name of ['delta', 'alpha', 'charlie', 'bravo']) await makeBundle(rig, tenant, name);
    const names: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await rig.ask('GET', `/api/bundles?limit=3${query}`, { token: tenant.viewer });
      const body = page.body as { bundles: { name: string }[]; nextCursor: string | null };
      names.push(...body.bundles.map(({ name }) => name));
      cursor = body.nextCursor;
    }
    expect(names).toEqual(['alpha', 'bravo', 'charlie', 'delta']);
  });

  it('have a name of their own in the tenant', async () => {
    const id = await makeBundle(rig, one, 'web');
    const body = { name: 'web', description: 'again' };
    expect(await rig.ask('POST', '/api/bundles', { token: one.operator, body })).toMatchObject({
      status: 409,
      body: { code: 'already-exists' },
    });
    await makeBundle(rig, two, 'web');
    const mine = await rig.ask('GET', `/api/bundles/${id}`, { token: one.viewer });
    expect(mine).toMatchObject({ status: 200, body: { id, name: 'web', latestVersion: null } });
  });

  it.each([
    [{}, 'name'],
    [{ name: 'Upper' }, 'name'],
    [{ name: '-a' }, 'name'],
    [{ name: 'a'.repeat(43) }, 'name'],
    [{ name: 'a', owner: 'me' }, 'owner'],
    [{ name: 7 }, 'name'],
    [{ name: 'a', description: 'x'.repeat(2_001) }, 'description'],
  ])('are refused as %j', async (body, path) => {
    const before = await rig.owner.query('SELECT count(*) FROM bundle_orchestrator.bundles');
    expect(await rig.ask('POST', '/api/bundles', { token: one.operator, body })).toMatchObject({
      status: 400,
      body: { code: 'invalid-request', errors: [{ path }] },
    });
    const after = await rig.owner.query('SELECT count(*) FROM bundle_orchestrator.bundles');
    expect(after.rows).toEqual(before.rows);
  });

  it('are made by operators, seen by viewers, and neither by devices or strangers', async () => {
    const body = { name: 'nope' };
    const device = await addDevice(rig, one, 'd');
    for (const [token, status] of [
      [one.viewer, 403],
      [device.token, 403],
      [undefined, 401],
      ['nonsense.nonsense.nonsense', 401],
    ] as const) {
      const options = token === undefined ? { body } : { token, body };
      expect((await rig.ask('POST', '/api/bundles', options)).status).toBe(status);
    }
    expect((await rig.ask('GET', '/api/bundles', { token: device.token })).status).toBe(403);
  });

  it('refuses a body that is too large or no JSON', async () => {
    const token = one.operator;
    const large = JSON.stringify({ name: 'x', description: 'x'.repeat(requestBytesMax) });
    expect(await rig.ask('POST', '/api/bundles', { token, body: large })).toMatchObject({
      status: 413,
      body: { code: 'body-too-large' },
    });
    expect(await rig.ask('POST', '/api/bundles', { token, body: '{' })).toMatchObject({
      status: 400,
      body: { code: 'malformed-json' },
    });
  });
});

describe('versions', () => {
  // Inventory §7.8
  it('are signed with everything written out, and devices get exactly these bytes', async () => {
    const id = await makeBundle(rig, one, 'signed');
    const body = {
      version: '1.2.3-rc.1',
      containers: containersOf(someImage, { ports: [{ containerPort: 80, hostPort: 8080 }] }),
      releaseNotes: 'first',
    };
    const made = await release(one, id, body);
    expect(made).toMatchObject({
      status: 201,
      body: { bundleId: id, version: '1.2.3-rc.1', createdBy: 'user:operator@one.example' },
    });
    const { releaseDigest, containers } = made.body as {
      releaseDigest: string;
      containers: unknown;
    };
    const device = await addDevice(rig, one, 'reader');
    const response = await rig.service.app.request(`/api/releases/${releaseDigest}`, {
      headers: { authorization: `Bearer ${device.token}` },
    });
    expect(response.status).toBe(200);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(releaseDigestOf(bytes)).toBe(releaseDigest);
    expect(bytes.byteLength).toBeLessThanOrEqual(releaseBytesMax);
    const opened = openRelease(bytes, await keysetOf(rig.platform, one.tenantId));
    expect(opened).toMatchObject({
      kind: 'opened',
      value: { tenantId: one.tenantId, bundleId: id, bundleName: 'signed', containers },
    });
    expect(openRelease(bytes, await keysetOf(rig.platform, two.tenantId)).kind).toBe('refused');

    const etag = response.headers.get('etag') ?? '';
    const again = await rig.ask('GET', `/api/releases/${releaseDigest}`, {
      token: device.token,
      headers: { 'if-none-match': etag },
    });
    expect(again).toMatchObject({ status: 304, body: '' });
  });

  it('of a release are for approved devices of the same tenant only', async () => {
    const id = await makeBundle(rig, one, 'guarded', ['1.0.0']);
    const version = await rig.ask('GET', `/api/bundles/${id}/versions/1.0.0`, {
      token: one.viewer,
    });
    const path = `/api/releases/${(version.body as { releaseDigest: string }).releaseDigest}`;
    const foreign = await addDevice(rig, two, 'foreign');
    const pending = await addDevice(rig, one, 'pending', { status: 'pending' });
    expect((await rig.ask('GET', path, { token: foreign.token })).status).toBe(404);
    expect((await rig.ask('GET', path, { token: pending.token })).status).toBe(403);
    expect((await rig.ask('GET', path, { token: one.admin })).status).toBe(403);
    expect((await rig.ask('GET', path)).status).toBe(401);
    const own = await addDevice(rig, one, 'own');
    const absent = `/api/releases/sha256:${'0'.repeat(64)}`;
    expect((await rig.ask('GET', absent, { token: own.token })).status).toBe(404);
    expect((await rig.ask('GET', '/api/releases/latest', { token: own.token })).status).toBe(400);
  });

  it('never change once released, not even for the owner of the database', async () => {
    const id = await makeBundle(rig, one, 'immutable', ['1.0.0']);
    const path = `/api/bundles/${id}/versions/1.0.0`;
    const before = await rig.ask('GET', path, { token: one.viewer });
    const body = { version: '1.0.0', containers: containersOf(someImage, { command: ['other'] }) };
    expect(await release(one, id, body)).toMatchObject({
      status: 409,
      body: { code: 'version-exists', next: expect.any(String) },
    });
    expect((await rig.ask('GET', path, { token: one.viewer })).body).toEqual(before.body);
    await expect(
      rig.owner.query(`UPDATE bundle_orchestrator.bundle_versions SET release_notes = 'x'`),
    ).rejects.toThrow('never changes');
    await expect(
      rig.owner.query('DELETE FROM bundle_orchestrator.bundle_versions'),
    ).rejects.toThrow('never changes');
  });

  it('are released once when two people release them at the same moment', async () => {
    const id = await makeBundle(rig, one, 'raced');
    const wishes = Array.from({ length: 8 }, (_, index) => ({
      version: '1.0.0',
      containers: containersOf(someImage, { command: [`v${index}`] }),
    }));
    const answers = await Promise.all(wishes.map((body) => release(one, id, body)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(7);
  });

  // Inventory §7.30
  it('are ordered by meaning; the latest is the highest, not the last', async () => {
    const id = await makeBundle(rig, one, 'ordered', [
      '1.9.0',
      '1.10.0',
      '1.10.0-rc.2',
      '1.10.0-rc.10',
      '1.2.0',
    ]);
    const path = `/api/bundles/${id}/versions`;
    const first = await rig.ask('GET', `${path}?limit=3`, { token: one.viewer });
    const { versions, nextCursor } = first.body as {
      versions: { version: string }[];
      nextCursor: string;
    };
    expect(versions.map(({ version }) => version)).toEqual([
      '1.10.0',
      '1.10.0-rc.10',
      '1.10.0-rc.2',
    ]);
    const rest = await rig.ask('GET', `${path}?limit=3&cursor=${nextCursor}`, {
      token: one.viewer,
    });
    expect(rest.body).toMatchObject({
      versions: [{ version: '1.9.0' }, { version: '1.2.0' }],
      nextCursor: null,
    });
    expect((await rig.ask('GET', `/api/bundles/${id}`, { token: one.viewer })).body).toMatchObject({
      latestVersion: '1.10.0',
      versionCount: 5,
    });
  });

  it.each([
    [
      'an unknown field',
      { containers: containersOf(someImage, { privileged: true }) },
      'containers[0].privileged',
    ],
    [
      'an image by tag',
      { containers: containersOf('registry.example/web:latest') },
      'containers[0].image',
    ],
    [
      'a host path',
      {
        containers: containersOf(someImage, {
          mounts: [{ kind: 'bind', hostPath: '/var/run/docker.sock', containerPath: '/s' }],
        }),
      },
      'containers[0].mounts[0].hostPath',
    ],
    [
      'an image nobody uploaded',
      { containers: containersOf(`signalbeam.local/x@sha256:${'b'.repeat(64)}`) },
      'containers[0].image',
    ],
    [
      'two containers of a name',
      { containers: [...containersOf(someImage), ...containersOf(someImage)] },
      'containers[1].name',
    ],
    ['no container', { containers: [] }, 'containers'],
    ['containers that are none', { containers: 'none' }, 'containers'],
  ])('are refused for %s, at its path', async (_, wish, path) => {
    const id = await makeBundle(rig, one, `bad-${randomUUID().slice(0, 8)}`);
    const answer = await release(one, id, { version: '1.0.0', ...wish });
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid-bundle' } });
    expect(
      (answer.body as { errors: { path: string }[] }).errors.map((error) => error.path),
    ).toContain(path);
    const found = await rig.ask('POST', '/api/bundles/validate', { token: one.viewer, body: wish });
    expect(found).toMatchObject({ status: 200, body: { valid: false } });
    expect(
      (found.body as { errors: { path: string }[] }).errors.map((error) => error.path),
    ).toContain(path);
    const list = await rig.ask('GET', `/api/bundles/${id}/versions`, { token: one.viewer });
    expect(list.body).toMatchObject({ versions: [] });
  });

  it.each(['1', 'v1.0.0', '1.0', '01.0.0', '1.0.0+build', '../1', 'latest'])(
    'are not called %s',
    async (version) => {
      const id = await makeBundle(rig, one, `named-${randomUUID().slice(0, 8)}`);
      const answer = await release(one, id, { version, containers: containersOf(someImage) });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'version' }] } });
    },
  );

  it('that are valid come back with every default', async () => {
    const body = { containers: containersOf(someImage) };
    const found = await rig.ask('POST', '/api/bundles/validate', { token: one.viewer, body });
    expect(found.body).toMatchObject({
      valid: true,
      errors: [],
      containers: [{ restart: 'unless-stopped', memoryBytes: null, ports: [] }],
    });
  });

  it('of another tenant do not exist', async () => {
    const id = await makeBundle(rig, one, 'private', ['1.0.0']);
    const body = { version: '2.0.0', containers: containersOf(someImage) };
    expect((await release(two, id, body)).status).toBe(404);
    for (const path of [
      `/api/bundles/${id}`,
      `/api/bundles/${id}/versions`,
      `/api/bundles/${id}/versions/1.0.0`,
    ]) {
      expect((await rig.ask('GET', path, { token: two.admin })).status).toBe(404);
    }
    const list = await rig.ask('GET', '/api/bundles', { token: two.viewer });
    expect(JSON.stringify(list.body)).not.toContain(id);
  });

  it('refuses a cursor that it never gave out', async () => {
    for (const cursor of ['x', Buffer.from('[1,2,3]').toString('base64url')]) {
      expect(
        await rig.ask('GET', `/api/bundles?cursor=${cursor}`, { token: one.viewer }),
      ).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    }
    expect((await rig.ask('GET', '/api/bundles?limit=1000', { token: one.viewer })).status).toBe(
      400,
    );
    expect((await rig.ask('GET', '/api/bundles?page=1', { token: one.viewer })).status).toBe(400);
  });

  it('leave a line in the audit log and an event', async () => {
    const id = await makeBundle(rig, one, 'audited', ['1.0.0']);
    const { rows } = await rig.owner.query<{ action: string; actor: string }>(
      'SELECT action, actor FROM platform.audit_log WHERE target = $1 ORDER BY id',
      [`bundle:${id}`],
    );
    expect(rows).toEqual([
      { action: 'bundle.create', actor: 'user:operator@one.example' },
      { action: 'bundle.release', actor: 'user:operator@one.example' },
    ]);
    const events = await rig.owner.query(
      `SELECT subject FROM platform.domain_events WHERE data ->> 'bundleId' = $1 ORDER BY position`,
      [id],
    );
    expect(events.rows).toEqual([
      { subject: 'signalbeam.bundles.created' },
      { subject: 'signalbeam.bundles.released' },
    ]);
  });

  it('are described in the OpenAPI document', async () => {
    const document = rig.service.app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: { title: 'x', version: '1' },
    });
    const rolloutPath = (part: string): string => `/api/rollouts/{id}/${part}`;
    expect(Object.keys(document.paths ?? {}).sort()).toEqual([
      '/api/artifacts',
      '/api/artifacts/blobs/{digest}',
      '/api/artifacts/linked/blobs/{digest}',
      '/api/artifacts/linked/images/{tenant}/{digest}',
      '/api/artifacts/links',
      '/api/artifacts/upload-parts/{id}/{index}',
      '/api/artifacts/uploads',
      '/api/artifacts/uploads/{id}',
      '/api/artifacts/uploads/{id}/finish',
      '/api/bundle-policy',
      '/api/bundles',
      '/api/bundles/image-tags',
      '/api/bundles/validate',
      '/api/bundles/validate/compose',
      '/api/bundles/{id}',
      '/api/bundles/{id}/deprecation',
      '/api/bundles/{id}/devices',
      '/api/bundles/{id}/versions',
      '/api/bundles/{id}/versions/{version}',
      '/api/bundles/{id}/versions/{version}/deprecation',
      '/api/bundles/{id}/versions/{version}/diff',
      '/api/devices/{id}/bundle',
      '/api/devices/{id}/bundle/{bundleId}',
      '/api/devices/{id}/desired-state',
      '/api/releases/{digest}',
      '/api/rollout-settings',
      '/api/rollouts',
      '/api/rollouts/preview',
      '/api/rollouts/{id}',
      ...['advance', 'approve', 'cancel', 'devices', 'failures'].map(rolloutPath),
      ...['heed-site-windows', 'ignore-site-windows', 'pause'].map(rolloutPath),
      ...['resume', 'retry', 'rollback'].map(rolloutPath),
      '/api/secrets',
      '/api/secrets/{id}',
    ]);
  });
});
