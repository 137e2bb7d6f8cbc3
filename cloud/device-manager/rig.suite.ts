/**
 * What the system tests of this service stand on: a database of their own, a real hub, the
 * platform opened on both, and people and devices that behave as real ones do.
 * Time can be moved forward, for what expires. Not a fake: every part is the one that `up` runs.
 */
import { issueDeviceToken } from '@signalbeam/platform/identity/tokens';
import { openPool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform } from '@signalbeam/platform/rig.suite';
import { createSealingPair } from '@signalbeam/sync/wire/keys';
import { createDeviceKey, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import { createTenant } from './create-tenant.ts';
import { createService } from './service.ts';

type Answer = { status: number; body: never; headers: Headers };
export type Rig = Awaited<ReturnType<typeof startRig>>;

export const startRig = async (postgresUrl: string) => {
  let aheadMs = 0;
  const { platform, world, close } = await openTestPlatform(
    postgresUrl,
    () => Date.now() + aheadMs,
  );
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

  /** The database as its owner sees it: nothing is hidden by row security. */
  const owner = openPool({ url: world.databaseUrl, role: null, max: 2 });
  return {
    platform,
    service,
    world,
    owner,
    ask,
    passTime: (ms: number) => {
      aheadMs += ms;
    },
    stop: async () => {
      await service.stop();
      await owner.end();
      await close();
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
  const sealing = createSealingPair();
  return {
    nkey,
    seed,
    signer,
    sealing,
    registration: (registrationToken: string) => ({
      registrationToken,
      name,
      publicKey: nkey,
      sealingKey: sealing.publicKey,
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
