/**
 * What the system tests of this service stand on: a database of their own, a real hub, the
 * platform opened on both, and people and devices that behave as real ones do.
 * Time can be moved forward, for what expires. Not a fake: every part is the one that `up` runs.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHub } from '@signalbeam/launcher/infra/hub';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { freshDatabase } from '@signalbeam/launcher/rig/database';
import { readConfig } from '@signalbeam/platform/config';
import { issueDeviceToken } from '@signalbeam/platform/identity/tokens';
import { readKek } from '@signalbeam/platform/keys/kek';
import { openKeyring } from '@signalbeam/platform/keys/keyring';
import { createLog } from '@signalbeam/platform/logging/log';
import { hubConfig, hubKeys } from '@signalbeam/platform/nats/hub-config';
import { openPlatform } from '@signalbeam/platform/open';
import { migrate } from '@signalbeam/platform/postgres/migrate';
import { openPool } from '@signalbeam/platform/postgres/pool';
import { createSealingPair } from '@signalbeam/sync/wire/keys';
import { createDeviceKey, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import { createTenant } from './create-tenant.ts';
import { createService } from './service.ts';

type Answer = { status: number; body: never; headers: Headers };
export type Rig = Awaited<ReturnType<typeof startRig>>;

const openHub = async (dir: string, environment: Record<string, string>) => {
  const config = readConfig(environment);
  await migrate({ url: config.databaseUrl });
  const pool = openPool({ url: config.databaseUrl, role: 'sb_system', max: 2 });
  const keyring = await openKeyring(pool, await readKek(config.kek));
  const keys = await hubKeys(keyring);
  await pool.end();
  const [port, leafPort, monitorPort] = [await freePort(), await freePort(), await freePort()];
  const text = hubConfig({
    ...{ keys, port, leafPort, monitorPort },
    storeDir: join(dir, 'jetstream'),
    jwtDir: join(dir, 'jwt'),
  });
  const hub = await startHub({ dir, config: text, port, monitorPort });
  return { hub, url: `nats://127.0.0.1:${port}`, leafUrl: `nats-leaf://127.0.0.1:${leafPort}` };
};

export const startRig = async (postgresUrl: string) => {
  const dir = mkdtempSync(join(tmpdir(), 'device-manager-'));
  const database = await freshDatabase(postgresUrl);
  const environment = {
    DATABASE_URL: database.url,
    SIGNALBEAM_KEK: randomBytes(32).toString('base64'),
    SIGNALBEAM_BLOB_DIR: join(dir, 'blobs'),
    SIGNALBEAM_LOG_LEVEL: 'silent',
  };
  const { hub, url, leafUrl } = await openHub(dir, environment);
  let aheadMs = 0;
  const platform = await openPlatform({
    config: readConfig({ ...environment, NATS_URL: url, SIGNALBEAM_LEAF_URL: leafUrl }),
    log: createLog({ name: 'test', level: 'error' }),
    name: 'device-manager-test',
    now: () => Date.now() + aheadMs,
  });
  const service = createService(platform);
  await service.start();

  const ask = async (
    method: string,
    path: string,
    options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> => {
    const { token, body } = options;
    const response = await service.app.request(path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed = text === '' ? null : JSON.parse(text);
    return { status: response.status, body: parsed as never, headers: response.headers };
  };

  return {
    platform,
    service,
    database,
    natsUrl: url,
    ask,
    passTime: (ms: number) => {
      aheadMs += ms;
    },
    /** The database as its owner sees it: nothing is hidden by row security. */
    owner: openPool({ url: database.url, role: null, max: 2 }),
    stop: async (rig: { owner: { end: () => Promise<void> } }) => {
      await service.stop();
      await rig.owner.end();
      await platform.close();
      await hub.stop();
      await database.drop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

export const adminPassword = 'correct horse battery';

/** A tenant with an admin, an operator and a viewer, all signed in. */
export const openTenant = async ({ ask, platform }: Rig, name: string) => {
  const email = (who: string): string => `${who}@${name}.example`;
  const made = await createTenant(platform, {
    name,
    adminEmail: email('admin'),
    password: adminPassword,
  });
  const signIn = async (who: string): Promise<string> => {
    const body = { email: email(who), password: adminPassword };
    const answer = await ask('POST', '/api/auth/login', { body });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return (answer.body as { token: string }).token;
  };
  const admin = await signIn('admin');
  for (const role of ['operator', 'viewer']) {
    const body = { email: email(role), name: role, role, password: adminPassword };
    await ask('POST', '/api/users', { token: admin, body });
  }
  return {
    ...made,
    admin,
    operator: await signIn('operator'),
    viewer: await signIn('viewer'),
    email,
    signIn,
  };
};
export type OpenedTenant = Awaited<ReturnType<typeof openTenant>>;

export const makeToken = async (
  { ask }: Rig,
  tenant: { operator: string },
  options: Record<string, unknown> = {},
): Promise<{ id: string; token: string; prefix: string }> => {
  const body = { site: 'plant-7', ...options };
  const answer = await ask('POST', '/api/registration-tokens', { token: tenant.operator, body });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body;
};

/** A device with keys of its own, as the agent makes them. */
export const makeDevice = (name = 'pump') => {
  const { nkey, seed } = createDeviceKey();
  const signer = signerFromNkeySeed(seed);
  return {
    nkey,
    seed,
    signer,
    registration: (registrationToken: string) => ({
      registrationToken,
      name,
      publicKey: nkey,
      sealingKey: createSealingPair().publicKey,
      agentVersion: '0.1.0',
      platform: { os: 'linux', architecture: 'x64', hostname: `${name}.local` },
    }),
    /** A fresh proof of itself, five minutes long. */
    proof: (deviceId: string, nowMs: number) => issueDeviceToken(signer, deviceId, nowMs),
  };
};

export const register = async (
  rig: Rig,
  token: string,
  name?: string,
): Promise<{ id: string; device: ReturnType<typeof makeDevice> }> => {
  const device = makeDevice(name);
  const answer = await rig.ask('POST', '/api/devices', { body: device.registration(token) });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return { id: (answer.body as { deviceId: string }).deviceId, device };
};
