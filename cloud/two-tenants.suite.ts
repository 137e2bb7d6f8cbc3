/**
 * A whole cloud over HTTP with two tenants, each with people, devices, a bundle, an image and a
 * rollout; and for every operation of the API the request that it is meant for. For system tests.
 */

import { createService as createBundleOrchestrator } from '@signalbeam/bundle-orchestrator/service';
import { exampleRequest } from '@signalbeam/device-manager/api/certificates';
import { createTenant } from '@signalbeam/device-manager/create-tenant';
import { makeDevice } from '@signalbeam/device-manager/rig.suite';
import { createService as createDeviceManager } from '@signalbeam/device-manager/service';
import { buildImageTar } from '@signalbeam/launcher/rig/image';
import { createHost } from '@signalbeam/platform/http/host';
import { serve } from '@signalbeam/platform/http/serve';
import { issueDeviceToken } from '@signalbeam/platform/identity/tokens';
import type { Keyring } from '@signalbeam/platform/keys/keyring';
import { openTestPlatform } from '@signalbeam/platform/rig.suite';
import { sealRecord } from '@signalbeam/sync/wire/record-envelope';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { addDevices, openOwner } from '@signalbeam/telemetry-processor/rig.suite';
import { createService as createTelemetryProcessor } from '@signalbeam/telemetry-processor/service';
import type { Answer } from './document.suite.ts';

export const password = 'correct horse battery staple';
export const createServices = [
  createDeviceManager,
  createBundleOrchestrator,
  createTelemetryProcessor,
] as const;

export type Request = {
  token?: string | undefined;
  headers?: Record<string, string>;
  /** JSON, unless it is text or bytes. */
  body?: unknown;
};
export type Cloud = Awaited<ReturnType<typeof startCloud>>;

export const startCloud = async (postgresUrl: string) => {
  const { platform, world, close } = await openTestPlatform(postgresUrl);
  const services = createServices.map((create) => create(platform));
  const host = createHost({ ...platform, services, console: null });
  const served = await serve({ app: host.app, host: '127.0.0.1', port: 0 });
  for (const service of services) await service.start();
  const owner = openOwner(world.databaseUrl);
  const ask = async (method: string, path: string, given: Request = {}): Promise<Answer> => {
    const { token, body } = given;
    const plain = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(served.url + path, {
      method,
      // What sends a browser elsewhere is an answer like any other.
      redirect: 'manual',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined || body instanceof Uint8Array
          ? {}
          : { 'content-type': 'application/json' }),
        ...given.headers,
      },
      ...(body === undefined
        ? {}
        : { body: plain ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
    });
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    const { status, headers } = response;
    if (type !== 'text/event-stream') {
      return { status, type, headers, text: await response.text() };
    }
    await response.body?.cancel();
    return { status, type, headers, text: '' };
  };
  return {
    platform,
    services,
    owner,
    ask,
    url: served.url,
    stop: async () => {
      host.drain();
      platform.live.stop();
      await served.stop();
      for (const service of services) await service.stop();
      await owner.end();
      await close();
    },
  };
};

const must = async <T>(asked: Promise<Answer>): Promise<T> => {
  const { status, text } = await asked;
  if (status >= 300) throw new Error(`${status} ${text}`);
  return (text === '' ? null : JSON.parse(text)) as T;
};

export type Tenant = Awaited<ReturnType<typeof openTenant>>;

export const openTenant = async (
  { platform, owner, ask }: Cloud,
  name: string,
  natsUrl: string,
) => {
  const email = `admin@${name}.example`;
  const { tenantId, tenantKey } = await createTenant(platform, {
    name,
    adminEmail: email,
    password,
  });
  type Signed = { token: string; refreshToken: string };
  const signInAs = (who: string) =>
    must<Signed>(ask('POST', '/api/auth/login', { body: { email: who, password } }));
  const signIn = async () => (await signInAs(email)).token;
  const { token, refreshToken } = await signInAs(email);
  const spareSession = (await signInAs(email)).refreshToken.split('_')[1] ?? '';
  const post = <T>(path: string, body?: unknown) => must<T>(ask('POST', path, { token, body }));
  const site = { site: 'plant-7', maxUses: 1_000 };
  const registration = await post<{ id: string; token: string }>('/api/registration-tokens', site);
  const spare = await post<{ id: string }>('/api/registration-tokens', site);
  const [device, second, third, fourth] = await addDevices(
    owner,
    { tenantId, tenantKey, tokenId: registration.id },
    4,
  );
  if (!device || !second || !third || !fourth) throw new Error('no devices were made');
  const register = async () => {
    const body = makeDevice().registration(registration.token);
    return (await must<{ deviceId: string }>(ask('POST', '/api/devices', { body }))).deviceId;
  };
  const image = buildImageTar({ name: `app-${name}`, tag: '1', command: ['sleep', name] });
  await must(ask('POST', '/api/artifacts', { token, body: image.tar }));
  const containers = [{ name: 'web', image: `registry.example/web@sha256:${'a'.repeat(64)}` }];
  const [bundle, other] = [
    await post<{ id: string }>('/api/bundles', { name: `hello-${name}` }),
    await post<{ id: string }>('/api/bundles', { name: `other-${name}` }),
  ];
  const release = { version: '1.0.0', containers };
  const { releaseDigest } = await post<{ releaseDigest: string }>(
    `/api/bundles/${bundle.id}/versions`,
    release,
  );
  await post(`/api/bundles/${other.id}/versions`, release);
  const group = await post<{ id: string }>('/api/groups', { name: `static-${name}` });
  const dynamic = await post<{ id: string }>('/api/groups', {
    ...{ name: `dynamic-${name}`, query: `of=${name}` },
  });
  const empty = await post<{ name: string }>('/api/sites', { name: `empty-of-${name}` });
  const rolled = { bundleId: bundle.id, version: '1.0.0', deviceIds: [device.deviceId] };
  const rollout = await post<{ id: string }>('/api/rollouts', rolled);
  const waved = await post<{ id: string }>('/api/rollouts', {
    ...{ ...rolled, bundleId: other.id, deviceIds: [fourth.deviceId] },
    waves: [{ name: 'all', size: { kind: 'rest' }, gate: { approval: 'any-person' } }],
  });
  await post(`/api/devices/${second.deviceId}/bundle`, { bundleId: other.id, version: '1.0.0' });
  const keyPath = `/api/devices/${device.deviceId}/api-keys`;
  const apiKey = await post<{ id: string; apiKey: string }>(keyPath, {});
  const certificate = await must<{ serial: string }>(
    ask('POST', `/api/devices/${device.deviceId}/certificates`, {
      token: issueDeviceToken(device.signer, device.deviceId, Date.now()),
      body: { request: exampleRequest },
    }),
  );
  const person = { email: `ada@${name}.example`, name: 'Ada', role: 'viewer', password };
  const user = await post<{ id: string }>('/api/users', person);
  const leaver = await post<{ id: string }>('/api/users', {
    ...{ ...person, email: `eve@${name}.example` },
  });
  /** Somebody with this role, who is held to these sites. */
  const as = async (role: string, sites: string[] | null = null): Promise<string> => {
    const one = `${role}-${sites?.join('-') ?? 'everywhere'}@${name}.example`;
    await post('/api/users', { ...person, email: one, role, sites });
    return (await signInAs(one)).token;
  };
  const invite = (who: string) =>
    post<{ id: string; secret: string }>('/api/users/invitations', {
      ...{ email: `${who}@${name}.example`, role: 'viewer' },
    });
  const [invitation, withdrawn] = [await invite('invited'), await invite('withdrawn')];
  const program = { role: 'operator' };
  const service = await post<{ id: string }>('/api/service-accounts', { ...program, name: 'ci' });
  const doomed = await post<{ id: string }>('/api/service-accounts', { ...program, name: 'old' });
  const serviceToken = await post<{ id: string; token: string; prefix: string }>(
    `/api/service-accounts/${service.id}/tokens`,
    {},
  );
  const nc = await device.connect(natsUrl, platform.keyring, tenantId);
  for (const lane of ['metrics', 'events', 'reported'] as const) {
    device.write(lane, 3);
    await nc.request(deviceSubjects.lane(lane, device.deviceId), device.frame(lane, 0, 3), {
      timeout: 5_000,
    });
  }
  await nc.close();
  return {
    ...{ name, tenantId, email, token, signIn, registration, spare, device, second, third, image },
    ...{ group, dynamic, site: empty.name },
    ...{ bundle, other, releaseDigest, rollout, waved, apiKey, certificate, user, leaver, containers },
    ...{ as, refreshToken, spareSession, invitation, withdrawn, service, doomed, serviceToken },
    nextKeyset: await signNextKeyset(platform.keyring, tenantId),
    pending: [await register(), await register(), await register()] as const,
    deviceToken: () => issueDeviceToken(device.signer, device.deviceId, Date.now()),
  };
};

/** The key set after the one in force, with the same keys, as the root would sign it elsewhere. */
const signNextKeyset = async (keyring: Keyring, tenantId: string): Promise<string> => {
  const { root, records } = await keyring.tenant(tenantId);
  const { value } = records.keyset;
  const next = { ...value, version: value.version + 1 };
  return Buffer.from(sealRecord(payloadTypes.keyset, next, [root])).toString('base64');
};

export type Call = { path: string; by: 'user' | 'device' | 'nobody'; body?: unknown };

/** For every operation, the request it is meant for: what reads first, what takes away last. */
export const callsOf = (tenant: Tenant): Record<string, Call> => {
  const { bundle, other, rollout, waved, apiKey, user, containers, group, dynamic } = tenant;
  const { deviceId } = tenant.device;
  const device = `/api/devices/${deviceId}`;
  const service = `/api/service-accounts/${tenant.service.id}`;
  const inBundle = `/api/bundles/${bundle.id}`;
  const read = (path: string): Call => ({ path, by: 'user' });
  const post = (path: string, body?: unknown): Call => ({ path, by: 'user', body });
  const wish = { bundleId: other.id, version: '1.0.0' };
  const fresh = `${tenant.name}-${Date.now()}`;
  return {
    'post /api/auth/login': {
      ...post('/api/auth/login', { email: tenant.email, password }),
      by: 'nobody',
    },
    'post /api/auth/refresh': {
      ...post('/api/auth/refresh', { refreshToken: tenant.refreshToken }),
      by: 'nobody',
    },
    'post /api/auth/invitation': {
      ...post('/api/auth/invitation', {
        secret: tenant.invitation.secret,
        name: 'Grace',
        password,
      }),
      by: 'nobody',
    },
    'get /api/auth/providers': { path: '/api/auth/providers', by: 'nobody' },
    'get /api/auth/oidc': { path: `/api/auth/oidc?tenant=${tenant.tenantId}`, by: 'nobody' },
    'get /api/auth/oidc/callback': { path: '/api/auth/oidc/callback', by: 'nobody' },
    'get /api/auth/me': read('/api/auth/me'),
    'get /api/auth/sessions': read('/api/auth/sessions'),
    'delete /api/auth/sessions/{id}': read(`/api/auth/sessions/${tenant.spareSession}`),
    'post /api/auth/totp': post('/api/auth/totp', { password }),
    'post /api/auth/totp/confirmation': post('/api/auth/totp/confirmation', { code: '123456' }),
    'post /api/auth/totp/removal': post('/api/auth/totp/removal', { password }),
    'get /api/users/invitations': read('/api/users/invitations'),
    'post /api/users/invitations': post('/api/users/invitations', {
      ...{ email: `new@${fresh}.example`, role: 'viewer', sites: ['plant-7'] },
    }),
    'delete /api/users/invitations/{id}': read(`/api/users/invitations/${tenant.withdrawn.id}`),
    'get /api/service-accounts': read('/api/service-accounts'),
    'post /api/service-accounts': post('/api/service-accounts', {
      ...{ name: `ci-${fresh}`, role: 'viewer' },
    }),
    'post /api/service-accounts/{id}/tokens': post(`${service}/tokens`, { validityDays: 3 }),
    'delete /api/service-accounts/{id}/tokens/{tokenId}': read(
      `${service}/tokens/${tenant.serviceToken.id}`,
    ),
    'delete /api/service-accounts/{id}': read(`/api/service-accounts/${tenant.doomed.id}`),
    'put /api/identity-provider': post('/api/identity-provider', {
      ...{ name: 'Works', issuer: 'https://login.example.org', clientId: 'signalbeam' },
    }),
    'get /api/identity-provider': read('/api/identity-provider'),
    'delete /api/identity-provider': read('/api/identity-provider'),
    'get /api/users': read('/api/users'),
    'get /api/quotas': read('/api/quotas'),
    'post /api/users': post('/api/users', {
      ...{ email: `bob@${fresh}.example`, name: 'Bob', role: 'operator', password },
    }),
    'patch /api/users/{id}': post(`/api/users/${user.id}`, { name: 'Ada L.', disabled: true }),
    'delete /api/users/{id}/totp': read(`/api/users/${user.id}/totp`),
    'delete /api/users/{id}': read(`/api/users/${tenant.leaver.id}`),
    'get /api/registration-tokens': read('/api/registration-tokens'),
    'post /api/registration-tokens': post('/api/registration-tokens', { site: 'plant-7' }),
    'post /api/devices': {
      ...post('/api/devices', makeDevice().registration(tenant.registration.token)),
      by: 'nobody',
    },
    'get /api/devices': read('/api/devices'),
    'get /api/devices/count': read('/api/devices/count'),
    'post /api/devices/bulk': post('/api/devices/bulk', {
      devices: { ids: [deviceId] },
      action: { kind: 'join', group: group.id },
    }),
    'get /api/devices/{id}': read(device),
    'patch /api/devices/{id}/tags': post(`${device}/tags`, { set: [`of=${tenant.name}`] }),
    'get /api/devices/{id}/groups': read(`${device}/groups`),
    'get /api/devices/{id}/activity': read(`${device}/activity`),
    'get /api/sites': read('/api/sites'),
    'post /api/sites': post('/api/sites', { name: `s-${fresh}`, title: 'A site' }),
    'patch /api/sites/{name}': post(`/api/sites/${tenant.site}`, { title: 'Empty' }),
    'delete /api/sites/{name}': read(`/api/sites/${tenant.site}`),
    'get /api/tags': read('/api/tags'),
    'get /api/tags/suggestions': read('/api/tags/suggestions'),
    'get /api/groups': read('/api/groups'),
    'post /api/groups': post('/api/groups', { name: `group-${fresh}`, query: 'a AND NOT b' }),
    'get /api/groups/{id}': read(`/api/groups/${dynamic.id}`),
    'patch /api/groups/{id}': post(`/api/groups/${dynamic.id}`, { description: 'changed' }),
    'get /api/groups/{id}/members': read(`/api/groups/${group.id}/members`),
    'delete /api/groups/{id}': read(`/api/groups/${dynamic.id}`),
    'patch /api/devices/{id}': post(device, { name: 'pump' }),
    'get /api/devices/{id}/enrolment': { path: `${device}/enrolment`, by: 'device' },
    'post /api/devices/{id}/approve': post(`/api/devices/${tenant.pending[0]}/approve`),
    'post /api/devices/{id}/reject': post(`/api/devices/${tenant.pending[1]}/reject`, {
      reason: 'not ours',
    }),
    'get /api/devices/{id}/api-keys': read(`${device}/api-keys`),
    'post /api/devices/{id}/api-keys': post(`${device}/api-keys`, { validityDays: 3 }),
    'post /api/devices/{id}/certificates': {
      ...post(`${device}/certificates`, { request: exampleRequest }),
      by: 'device',
    },
    'get /api/devices/{id}/certificates': read(`${device}/certificates`),
    'get /api/devices/{id}/authentications': read(`${device}/authentications`),
    'get /api/certificates/authority': { ...read('/api/certificates/authority'), by: 'nobody' },
    'get /api/certificates/revoked': { ...read('/api/certificates/revoked'), by: 'nobody' },
    'get /api/audit': read('/api/audit'),
    'get /api/audit/verification': read('/api/audit/verification'),
    'get /api/keys': read('/api/keys'),
    'post /api/keys': post('/api/keys', { root: null, keyset: tenant.nextKeyset }),
    'post /api/keys/rotate': post('/api/keys/rotate', { role: 'membership', change: 'add' }),
    'post /api/artifacts': post('/api/artifacts', tenant.image.tar),
    'get /api/artifacts': read('/api/artifacts'),
    'get /api/artifacts/blobs/{digest}': read(`/api/artifacts/blobs/${tenant.image.configDigest}`),
    'get /api/bundles': read('/api/bundles'),
    'post /api/bundles': post('/api/bundles', { name: `b-${Date.now()}` }),
    'get /api/bundles/{id}': read(inBundle),
    'post /api/bundles/validate': post('/api/bundles/validate', { containers }),
    'get /api/bundles/{id}/versions': read(`${inBundle}/versions`),
    'post /api/bundles/{id}/versions': post(`${inBundle}/versions`, {
      ...{ version: `2.0.${Date.now()}`, containers },
    }),
    'get /api/bundles/{id}/versions/{version}': read(`${inBundle}/versions/1.0.0`),
    'get /api/releases/{digest}': { path: `/api/releases/${tenant.releaseDigest}`, by: 'device' },
    'get /api/devices/{id}/desired-state': read(`${device}/desired-state`),
    'get /api/rollouts': read('/api/rollouts'),
    'get /api/rollouts/{id}': read(`/api/rollouts/${rollout.id}`),
    'get /api/rollouts/{id}/devices': read(`/api/rollouts/${rollout.id}/devices`),
    'post /api/devices/{id}/heartbeat': {
      ...post(`${device}/heartbeat`, { nextBeatMs: 30_000 }),
      by: 'device',
    },
    'post /api/devices/{id}/metrics': {
      ...post(`${device}/metrics`, { samples: [{ cpuPercent: 3 }] }),
      by: 'device',
    },
    'get /api/devices/{id}/presence': read(`${device}/presence`),
    'get /api/devices/{id}/metrics': read(`${device}/metrics`),
    'get /api/devices/{id}/events': read(`${device}/events`),
    'get /api/devices/{id}/reported': read(`${device}/reported`),
    'get /api/stream': read('/api/stream'),
    'get /api/telemetry/session': read('/api/telemetry/session'),
    'post /api/devices/{id}/bundle': post(`${device}/bundle`, wish),
    'post /api/rollouts': post('/api/rollouts', {
      ...wish,
      deviceIds: [tenant.second.deviceId],
    }),
    'post /api/rollouts/preview': post('/api/rollouts/preview', {
      ...wish,
      deviceIds: [tenant.second.deviceId],
    }),
    'post /api/rollouts/{id}/pause': post(`/api/rollouts/${waved.id}/pause`),
    'post /api/rollouts/{id}/resume': post(`/api/rollouts/${waved.id}/resume`),
    'post /api/rollouts/{id}/approve': post(`/api/rollouts/${waved.id}/approve`),
    'post /api/rollouts/{id}/advance': post(`/api/rollouts/${waved.id}/advance`),
    'post /api/rollouts/{id}/rollback': post(`/api/rollouts/${waved.id}/rollback`),
    'post /api/rollouts/{id}/retry': post(`/api/rollouts/${rollout.id}/retry`),
    'post /api/rollouts/{id}/cancel': post(`/api/rollouts/${rollout.id}/cancel`),
    'delete /api/devices/{id}/bundle/{bundleId}': read(`${device}/bundle/${other.id}`),
    'delete /api/devices/{id}/certificates/{serial}': read(
      `${device}/certificates/${tenant.certificate.serial}`,
    ),
    'delete /api/devices/{id}/api-keys/{keyId}': read(`${device}/api-keys/${apiKey.id}`),
    'delete /api/registration-tokens/{id}': read(`/api/registration-tokens/${tenant.spare.id}`),
    'delete /api/devices/{id}': read(`/api/devices/${tenant.second.deviceId}`),
    'post /api/devices/{id}/replace': post(`/api/devices/${tenant.third.deviceId}/replace`, {
      by: tenant.pending[2],
    }),
    'post /api/devices/{id}/decommission': post(`${device}/decommission`, { wipe: 'data' }),
    'delete /api/devices/{id}/enrolment': { path: `${device}/enrolment`, by: 'device' },
    // The same again, so that it can be asked again.
    'post /api/auth/password': post('/api/auth/password', { password, newPassword: password }),
    'post /api/auth/logout': post('/api/auth/logout'),
  };
};

/** Without a credential: signing in and out, and registering with a registration token. */
export const open = [
  'post /api/auth/login',
  'post /api/auth/refresh',
  'post /api/auth/invitation',
  'get /api/auth/providers',
  'get /api/auth/oidc',
  'get /api/auth/oidc/callback',
  'post /api/auth/logout',
  'post /api/devices',
  // Whoever verifies a device's certificate needs both, and neither is a secret.
  ...['get /api/certificates/authority', 'get /api/certificates/revoked'],
];
/** Providers add what they like to the address they send a browser back to. */
export const walkedByBrowsers = ['get /api/auth/oidc', 'get /api/auth/oidc/callback'];
