/**
 * A whole cloud over HTTP with two tenants, each with people, devices, a bundle, an image and a
 * rollout; and for every operation of the API the request that it is meant for. For system tests.
 */

import { createHash } from 'node:crypto';
import { createService as createBundleOrchestrator } from '@signalbeam/bundle-orchestrator/service';
import { exampleRequest } from '@signalbeam/device-manager/api/certificates';
import { createTenant } from '@signalbeam/device-manager/create-tenant';
import { makeDevice } from '@signalbeam/device-manager/rig.suite';
import { createService as createDeviceManager } from '@signalbeam/device-manager/service';
import { signUpSecret } from '@signalbeam/device-manager/sign-up';
import { buildImageTar } from '@signalbeam/launcher/rig/image';
import { createHost } from '@signalbeam/platform/http/host';
import { serve } from '@signalbeam/platform/http/serve';
import { issueDeviceToken } from '@signalbeam/platform/identity/tokens';
import type { Keyring } from '@signalbeam/platform/keys/keyring';
import { openTestPlatform } from '@signalbeam/platform/rig.suite';
import { sealRecord } from '@signalbeam/sync/wire/record-envelope';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { addAlert, addDevices, openOwner } from '@signalbeam/telemetry-processor/rig.suite';
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
  const { platform: opened, world, close } = await openTestPlatform(postgresUrl);
  const mail = { host: '127.0.0.1', port: 1, security: 'none', username: null } as const;
  const signUp = {
    mail: { ...mail, password: null, from: 'fleet@signalbeam.example' },
    publicUrl: 'http://127.0.0.1:8080',
  };
  // Whatever bodies are tried: no registry of the internet is asked for a tag by a test.
  const imageRegistries = ['registry.example', '10.0.0.1'];
  const platform = { ...opened, config: { ...opened.config, signUp, imageRegistries } };
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
    world,
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
  const linkTo = async (wish: object): Promise<string> => {
    const { url } = await post<{ url: string }>('/api/artifacts/links', wish);
    const { pathname, search } = new URL(url);
    return `${pathname}${search}`;
  };
  const links = {
    blob: await linkTo({ kind: 'blob', digest: image.configDigest }),
    image: await linkTo({ kind: 'image', name: `app-${name}`, digest: image.manifestDigest }),
  };
  const containers = [{ name: 'web', image: `registry.example/web@sha256:${'a'.repeat(64)}` }];
  const [bundle, other, spareBundle] = [
    await post<{ id: string }>('/api/bundles', { name: `hello-${name}` }),
    await post<{ id: string }>('/api/bundles', { name: `other-${name}` }),
    await post<{ id: string }>('/api/bundles', { name: `spare-${name}` }),
  ];
  const release = { version: '1.0.0', containers };
  const { releaseDigest } = await post<{ releaseDigest: string }>(
    `/api/bundles/${bundle.id}/versions`,
    release,
  );
  await post(`/api/bundles/${other.id}/versions`, release);
  await post(`/api/bundles/${spareBundle.id}/versions`, release);
  const group = await post<{ id: string }>('/api/groups', { name: `static-${name}` });
  const dynamic = await post<{ id: string }>('/api/groups', {
    ...{ name: `dynamic-${name}`, query: `of=${name}` },
  });
  const empty = await post<{ name: string }>('/api/sites', { name: `empty-of-${name}` });
  const granted = await post<{ name: string }>('/api/sites', { name: `granted-of-${name}` });
  const grant = await post<{ id: string }>(`/api/sites/${granted.name}/grants`, { holder: 'Ada' });
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
  await must(ask('POST', '/api/auth/sign-up', { body: { email: `ida@${name}.example` } }));
  const asked = await owner.query<{ id: string }>(
    'SELECT id FROM device_manager.sign_ups WHERE email = $1',
    [`ida@${name}.example`],
  );
  const signUp = signUpSecret(platform.kek, asked.rows[0]?.id ?? '');
  const [invitation, withdrawn] = [await invite('invited'), await invite('withdrawn')];
  const hook = { kind: 'webhook', settings: { url: 'https://10.0.0.1/hook' }, enabled: false };
  const channels = '/api/notification-channels';
  const channel = await post<{ id: string }>(channels, { ...hook, name: `hook-${name}` });
  const lost = await post<{ id: string }>(channels, { ...hook, name: `lost-${name}` });
  await post(`${channels}/${channel.id}/test`);
  const { deliveries } = await must<{ deliveries: { id: string }[] }>(
    ask('GET', `${channels}/${channel.id}/deliveries`, { token }),
  );
  const secret = (of: string) =>
    post<{ id: string }>('/api/secrets', { name: `${of}-password`, value: `value of ${of}` });
  const [kept, unused] = [await secret('kept'), await secret('unused')];
  const digestOf = (bytes: Uint8Array) =>
    `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  /** The same image in an archive of its own. */
  const upload = async (more: number): Promise<{ id: string; bytes: Uint8Array }> => {
    const bytes = Buffer.concat([image.tar, Buffer.alloc(more * 512)]);
    const digest = digestOf(bytes);
    const wish = { digest, sizeBytes: bytes.byteLength, parts: [digest] };
    const { id } = await post<{ id: string }>('/api/artifacts/uploads', wish);
    return { id, bytes };
  };
  const uploads = { kept: await upload(1), spare: await upload(2) };
  const program = { role: 'operator' };
  const service = await post<{ id: string }>('/api/service-accounts', { ...program, name: 'ci' });
  const doomed = await post<{ id: string }>('/api/service-accounts', { ...program, name: 'old' });
  const serviceToken = await post<{ id: string; token: string; prefix: string }>(
    `/api/service-accounts/${service.id}/tokens`,
    {},
  );
  const alert = await addAlert(owner, tenantId, { deviceId: device.deviceId, site: 'plant-7' });
  const alertRule = await post<{ id: string }>('/api/alert-rules', {
    ...{ type: 'high-cpu', name: `rule of ${name}`, site: empty.name },
  });
  const silence = await post<{ id: string }>('/api/alert-silences', {
    ...{ site: 'plant-7', reason: 'Works.' },
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
  });
  const nc = await device.connect(natsUrl, platform.keyring, tenantId);
  for (const lane of ['metrics', 'events', 'reported'] as const) {
    device.write(lane, 3);
    await nc.request(deviceSubjects.lane(lane, device.deviceId), device.frame(lane, 0, 3), {
      timeout: 5_000,
    });
  }
  await nc.close();
  const letter = async (code = 'device-not-approved'): Promise<string> => {
    const { rows } = await owner.query<{ id: number }>(
      `INSERT INTO telemetry.dead_letters
         (tenant_id, device_id, subject, code, reason, payload, digest, at)
       VALUES ($1, $2, $3, $4, 'it was not', '\\x01', gen_random_uuid()::text, now())
       RETURNING id`,
      [
        tenantId,
        device.deviceId,
        `${tenantKey}.${deviceSubjects.lane('metrics', device.deviceId)}`,
        code,
      ],
    );
    return `ingest-${rows[0]?.id}`;
  };
  const letters = [await letter(), await letter()] as const;
  await letter('replayed-together');
  await letter('discarded-together');
  return {
    ...{
      name,
      tenantId,
      email,
      token,
      signIn,
      registration,
      spare,
      device,
      second,
      third,
      image,
      links,
    },
    ...{ group, dynamic, site: empty.name, channel, lost, delivery: deliveries[0]?.id ?? '' },
    ...{ grantSite: granted.name, grant, secrets: { kept, unused }, uploads },
    ...{
      bundle,
      other,
      spareBundle,
      releaseDigest,
      rollout,
      waved,
      apiKey,
      certificate,
      user,
      leaver,
      containers,
    },
    ...{
      signUp,
      as,
      refreshToken,
      spareSession,
      invitation,
      withdrawn,
      service,
      doomed,
      serviceToken,
    },
    ...{ alert, alertRule, silence },
    letters,
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
