/**
 * What the system tests of this service stand on: a database of their own, a real hub, the platform
 * opened on both and the service started. People and devices are rows as device-manager writes
 * them; reports come as telemetry-processor sends them, through the outbox and the hub.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { exampleOf } from '@signalbeam/platform/events/catalogue.fixture';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { serviceTokens } from '@signalbeam/platform/identity/secret-tokens';
import { issueDeviceToken, issueUserToken } from '@signalbeam/platform/identity/tokens';
import { openPool } from '@signalbeam/platform/postgres/pool';
import { addTestTenant, openTestPlatform } from '@signalbeam/platform/rig.suite';
import type { Platform } from '@signalbeam/platform/service';
import type { Slot } from '@signalbeam/sync/core/manifest';
import { createSealingPair, type Signer } from '@signalbeam/sync/wire/keys';
import { createDeviceKey, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import { type Keyset, thresholdOne } from '@signalbeam/sync/wire/records';
import type { ReportedBody } from '@signalbeam/sync/wire/rows';
import { createService } from './service.ts';

export type Answer = { status: number; body: never; headers: Headers };
export type Rig = Awaited<ReturnType<typeof startRig>>;

export const startRig = async (postgresUrl: string) => {
  const { platform, world, close } = await openTestPlatform(postgresUrl);
  const service = createService(platform);
  await service.start();
  const ask = async (
    method: string,
    path: string,
    options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> => {
    const { token, body } = options;
    const raw = body instanceof Uint8Array;
    const response = await service.app.request(path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined || raw ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body === undefined
        ? {}
        : {
            body: raw
              ? Uint8Array.from(body)
              : typeof body === 'string'
                ? body
                : JSON.stringify(body),
          }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    const parsed = isJson && text !== '' ? JSON.parse(text) : text;
    return { status: response.status, body: parsed as never, headers: response.headers };
  };
  /** The database as its owner sees it: nothing is hidden by row security. */
  const owner = openPool({ url: world.databaseUrl, role: null, max: 2 });
  return {
    platform,
    service,
    world,
    owner,
    ask,
    stop: async () => {
      await service.stop();
      await owner.end();
      await close();
    },
  };
};

export type TestTenant = Awaited<ReturnType<typeof openTenant>>;

/** A tenant with an admin, an operator and a viewer, all signed in, and a token to register with. */
export const openTenant = async ({ platform, owner }: Rig, name: string) => {
  const tenantId = randomUUID();
  const tenantKey = await addTestTenant(platform, tenantId);
  await owner.query(
    'INSERT INTO device_manager.tenants (id, name, tenant_key) VALUES ($1, $2, $3)',
    [tenantId, name, tenantKey],
  );
  const signIn = async (role: 'admin' | 'operator' | 'viewer'): Promise<string> => {
    const email = `${role}@${name}.example`;
    const { rows } = await owner.query<{ user_id: string; session_id: string }>(
      `WITH person AS (
         INSERT INTO device_manager.users (tenant_id, email, name, role, password_hash)
         VALUES ($1, $2, $3, $3, 'none') RETURNING id)
       INSERT INTO device_manager.sessions (tenant_id, user_id, expires_at)
       SELECT $1, id, now() + interval '1 day' FROM person
       RETURNING user_id, id AS session_id`,
      [tenantId, email, role],
    );
    const { user_id: userId = '', session_id: sessionId = '' } = rows[0] ?? {};
    const claims = { sessionId, userId, tenantId, email, role };
    return issueUserToken(platform.keyring.users, claims, Date.now()).token;
  };
  const { rows } = await owner.query<{ id: string }>(
    `INSERT INTO device_manager.registration_tokens
       (tenant_id, prefix, salt, secret_hash, site, max_uses, created_by, expires_at)
     VALUES ($1, 'test', 'x', 'x', 'plant-7', 100000, 'test', now() + interval '1 day')
     RETURNING id`,
    [tenantId],
  );
  return {
    tenantId,
    tenantKey,
    registrationTokenId: rows[0]?.id ?? '',
    admin: await signIn('admin'),
    operator: await signIn('operator'),
    viewer: await signIn('viewer'),
  };
};

/** The token of a program whose account this person, or this other program, made. */
export const programOf = async (
  { owner }: Rig,
  tenant: TestTenant,
  name: string,
  createdBy: string,
): Promise<string> => {
  const { text, prefix, salt, hash } = serviceTokens.create();
  await owner.query(
    `WITH account AS (
       INSERT INTO device_manager.service_accounts (tenant_id, name, role, created_by)
       VALUES ($1, $2, 'operator', $3) RETURNING id)
     INSERT INTO device_manager.service_tokens
       (tenant_id, account_id, role, prefix, salt, secret_hash, created_by, expires_at)
     SELECT $1, id, 'operator', $4, $5, $6, $3, now() + interval '1 day' FROM account`,
    [tenant.tenantId, name, createdBy, prefix, salt, hash],
  );
  return text;
};

export type TestDevice = {
  deviceId: string;
  name: string;
  site: string;
  signer: Signer;
  seed: string;
  nkey: string;
  token: string;
  sealing: ReturnType<typeof createSealingPair>;
};

export const addDevice = async (
  { owner }: Rig,
  tenant: TestTenant,
  name: string,
  more: { status?: string; presence?: 'online' | 'offline'; lastSeenAt?: Date } = {},
): Promise<TestDevice> => {
  const { nkey, seed } = createDeviceKey();
  const signer = signerFromNkeySeed(seed);
  const sealing = createSealingPair();
  const { rows } = await owner.query<{ id: string }>(
    `INSERT INTO device_manager.devices
       (tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version, os,
        architecture, hostname, registration_token_id)
     VALUES ($1, $2, 'plant-7', $3, $4, $5, 'none', '0.2.0', 'linux', 'x64', $2, $6) RETURNING id`,
    [
      tenant.tenantId,
      name,
      more.status ?? 'approved',
      nkey,
      sealing.publicKey,
      tenant.registrationTokenId,
    ],
  );
  const deviceId = rows[0]?.id ?? '';
  const { presence = 'online', lastSeenAt = new Date() } = more;
  await setPresence({ owner } as Rig, tenant, deviceId, presence, lastSeenAt);
  const token = issueDeviceToken(signer, deviceId, Date.now());
  return { deviceId, name, site: 'plant-7', signer, seed, nkey, token, sealing };
};

export const setPresence = async (
  { owner }: Pick<Rig, 'owner'>,
  tenant: TestTenant,
  deviceId: string,
  presence: 'online' | 'offline',
  lastSeenAt = new Date(),
): Promise<void> => {
  await owner.query(
    `INSERT INTO telemetry.presence
       (device_id, tenant_id, last_seen_at, next_beat_ms, presence, changed_at)
     VALUES ($1, $2, $3, 30000, $4, $3)
     ON CONFLICT (device_id) DO UPDATE SET presence = $4, last_seen_at = $3`,
    [deviceId, tenant.tenantId, lastSeenAt, presence],
  );
};

export const keysetOf = async (platform: Platform, tenantId: string): Promise<Keyset> => {
  const keys = await platform.keyring.tenant(tenantId);
  const trusted = ({ keyId, publicKey }: Signer) => [{ keyId, publicKey }];
  return {
    tenantId,
    version: 1,
    issuedAt: new Date().toISOString(),
    roles: {
      release: trusted(keys.release),
      director: trusted(keys.director),
      ingest: trusted(keys.ingest),
      membership: [],
    },
    thresholds: thresholdOne,
  };
};

let seq = 0;

/** A device's report about its slots, on the way on which telemetry-processor sends it. */
export const sendReport = async (
  { platform }: Rig,
  tenant: TestTenant,
  deviceId: string,
  slots: readonly (Partial<ReportedBody['slots'][number]> & { slot: Slot })[],
  more: { epoch?: string; seq?: number; generation?: number } = {},
): Promise<void> => {
  seq += 1;
  const reported: ReportedBody = {
    generation: more.generation ?? 1,
    bootId: 'boot',
    agentVersion: '0.2.0',
    engine: { kind: 'docker', version: '20.10', reachable: true },
    waiting: '',
    containers: [],
    slots: slots.map(({ slot, ...said }) => ({
      bundleId: slot.bundleId,
      bundleName: slot.bundleName,
      version: slot.version,
      rolloutId: slot.rolloutId,
      requestedGeneration: slot.requestedGeneration,
      runningVersion: null,
      status: 'pending',
      reason: null,
      logTail: [],
      ...said,
    })),
  };
  await recordEvent(platform.pools.system, {
    tenantId: tenant.tenantId,
    type: 'device.reported',
    subject: `signalbeam.devices.status.${deviceId}`,
    data: {
      deviceId,
      receivedAt: new Date().toISOString(),
      epoch: more.epoch ?? '0123456789abcdef',
      seq: more.seq ?? seq,
      reported,
    },
  });
};

/** What device-manager tells of a device. */
export const tellOfDevice = (
  { platform }: Pick<Rig, 'platform'>,
  type: 'device.approved' | 'device.deleted' | 'device.moved' | 'device.tagged',
  { tenantId, deviceId }: { tenantId: string; deviceId: string },
): Promise<void> => {
  const { subject, data } = exampleOf(type);
  const event = { tenantId, type, subject, data: { ...data, deviceId } };
  return recordEvent(platform.pools.system, event);
};

/** Looks again until it is so; fails with the last difference when it never is. */
export const eventually = async (look: () => Promise<void>, withinMs = 15_000): Promise<void> => {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(50);
    }
  }
};

export const containersOf = (image: string, more: Record<string, unknown> = {}) => [
  { name: 'web', image, ...more },
];

/** A registry's image that nobody pulls here. */
export const someImage = `registry.example/web@sha256:${'a'.repeat(64)}`;

export const makeBundle = async (
  { ask }: Rig,
  tenant: TestTenant,
  name: string,
  versions: readonly string[] = [],
): Promise<string> => {
  const made = await ask('POST', '/api/bundles', { token: tenant.operator, body: { name } });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  const { id } = made.body as { id: string };
  for (const version of versions) {
    const body = { version, containers: containersOf(someImage) };
    const released = await ask('POST', `/api/bundles/${id}/versions`, {
      token: tenant.operator,
      body,
    });
    if (released.status !== 201) throw new Error(JSON.stringify(released.body));
  }
  return id;
};
