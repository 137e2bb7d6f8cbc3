/** The tenant's policy: who may change it to what, and that no way of making a version gets by it. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import {
  containersOf,
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

const path = '/api/bundle-policy';
const change = (token: string, body: unknown, headers = {}) =>
  rig.ask('PATCH', path, { token, body, headers });

it('is all that the installation allows until an admin narrows it, under If-Match', async () => {
  const read = await rig.ask('GET', path, { token: one.viewer });
  expect(read.body).toEqual({
    registries: null,
    hostPaths: null,
    hostPorts: null,
    loopbackOnly: false,
    limitsRequired: false,
    memoryBytesMax: null,
    cpusMax: null,
    installation: { registries: null, hostPaths: [{ path: '/etc/localtime', writable: false }] },
  });
  const match = { 'if-match': read.headers.get('etag') ?? '' };
  const wish = { registries: ['ghcr.io/acme'], limitsRequired: true, cpusMax: 1 };
  for (const token of [one.viewer, one.operator]) {
    expect((await change(token, wish)).status).toBe(403);
  }
  expect(await change(one.admin, wish, match)).toMatchObject({ status: 200, body: wish });
  expect(await change(one.admin, { cpusMax: 2 }, match)).toMatchObject({
    status: 412,
    body: { code: 'version-changed' },
  });
  const { rows } = await rig.owner.query(
    `SELECT actor, after ->> 'cpusMax' AS cpus FROM platform.audit_log
      WHERE tenant_id = $1 AND action = 'bundle-policy.change'`,
    [one.tenantId],
  );
  expect(rows).toEqual([{ actor: 'user:admin@one.example', cpus: '1' }]);
  expect((await rig.ask('GET', path, { token: two.viewer })).body).toMatchObject({
    registries: null,
  });
});

it('never allows what the installation does not', async () => {
  const wish = { hostPaths: [{ path: '/etc', writable: true }] };
  expect(await change(two.admin, wish)).toMatchObject({
    status: 400,
    body: { code: 'invalid-request', errors: [{ path: 'hostPaths[0]' }] },
  });
  expect((await rig.ask('GET', path, { token: two.viewer })).body).toMatchObject({
    hostPaths: null,
  });
});

// Inventory §7.6
it('holds every way to make a version, and names where it is broken', async () => {
  await change(one.admin, { registries: ['ghcr.io/acme'], limitsRequired: true, cpusMax: 1 });
  const id = await makeBundle(rig, one, 'held');
  const limits = { memoryBytes: 64 * 1024 * 1024, cpus: 2 };
  const containers = containersOf(someImage, limits);
  const paths = ['containers[0].image', 'containers[0].cpus'];
  const released = await rig.ask('POST', `/api/bundles/${id}/versions`, {
    token: one.admin,
    body: { version: '1.0.0', containers },
  });
  expect(released).toMatchObject({ status: 422, body: { code: 'invalid-bundle' } });
  const judged = await rig.ask('POST', '/api/bundles/validate', {
    token: one.viewer,
    body: { containers },
  });
  const compose = `services:
  web:
    image: ${someImage}
    cpus: 2
    mem_limit: 64m
`;
  const imported = await rig.ask('POST', '/api/bundles/validate/compose', {
    token: one.viewer,
    body: { compose },
  });
  expect(imported).toMatchObject({
    status: 200,
    body: {
      valid: false,
      errors: [
        { line: 3, column: 12, path: 'services.web.image' },
        { line: 4, column: 11, path: 'services.web.cpus' },
      ],
    },
  });
  for (const { body } of [released, judged]) {
    const { errors } = body as { errors: { path: string }[] };
    expect(errors.map((error) => error.path)).toEqual(paths);
  }
  expect((await rig.ask('GET', `/api/bundles/${id}`, { token: one.viewer })).body).toMatchObject({
    versionCount: 0,
  });
  const good = containersOf(`ghcr.io/acme/web@sha256:${'a'.repeat(64)}`, { ...limits, cpus: 1 });
  const made = await rig.ask('POST', `/api/bundles/${id}/versions`, {
    token: one.operator,
    body: { version: '1.0.0', containers: good },
  });
  expect(made.status).toBe(201);
  // Another tenant's policy is its own.
  const theirs = await makeBundle(rig, two, 'held', ['1.0.0']);
  expect(theirs).not.toBe('');
});
