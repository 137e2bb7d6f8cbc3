/**
 * The wire's accounts on a real hub and real leafs: what a device can do through its leaf and
 * straight at the hub, and everything that it and its gateway can't.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import '@signalbeam/launcher/rig/provided';
import { createUser, encodeUser, fmtCreds } from '@nats-io/jwt';
import { fromSeed } from '@nats-io/nkeys';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { startHub } from '@signalbeam/launcher/infra/hub';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { createDeviceKey } from '@signalbeam/sync/wire/nkey';
import { cloudSubjects, deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { addTestTenant, openTestPlatform, type TestPlatform } from '../rig.suite.ts';
import { leafTrust } from './accounts.ts';
import { deviceUserJwt, gatewayUserJwt } from './users.ts';

const site = 'plant-7';
let test: TestPlatform;
const ending: (() => Promise<unknown>)[] = [];

type Device = { id: string; seed: string; publicKey: string; tenantId: string };
type Tenant = { tenantId: string; key: string; leafUrl: string; device: Device; other: Device };

const newDevice = (tenantId: string): Device => {
  const { nkey, seed } = createDeviceKey();
  return { id: randomUUID(), seed, publicKey: nkey, tenantId };
};

const userOf = (device: Device) => ({
  tenantId: device.tenantId,
  site,
  deviceId: device.id,
  publicKey: device.publicKey,
});

const credsOf = (jwt: string, device: Device): Uint8Array =>
  fmtCreds(jwt, fromSeed(new TextEncoder().encode(device.seed)));

const logIn = async (url: string, jwt: string, device: Device): Promise<NatsConnection> => {
  const connection = await connect({
    servers: url,
    authenticator: credsAuthenticator(credsOf(jwt, device)),
    inboxPrefix: deviceSubjects.inboxPrefix(site, device.id),
    reconnect: false,
  });
  ending.push(() => connection.close());
  return connection;
};

const logInDevice = async (url: string, device: Device): Promise<NatsConnection> =>
  logIn(url, await deviceUserJwt(test.platform.keyring, userOf(device)), device);

/** A site's leaf as an agent runs it. */
const startLeaf = async (tenantId: string, key: string, gateway: Device): Promise<string> => {
  const { keyring } = test.platform;
  const [port, monitorPort] = [await freePort(), await freePort()];
  const trust = await leafTrust(keyring, tenantId);
  const folder = join(test.world.folder, `leaf-${port}`);
  await mkdir(folder, { recursive: true });
  const creds = join(folder, 'gateway.creds');
  await writeFile(creds, credsOf(await gatewayUserJwt(keyring, userOf(gateway)), gateway));
  const config = `listen: 127.0.0.1:${port}
http: 127.0.0.1:${monitorPort}
server_name: leaf-${port}
leafnodes { reconnect: 1, remotes: [ { url: "${test.world.hub.leafUrl}", credentials: "${creds}", account: ${key} } ] }
operator: ${trust.operatorJwt}
system_account: ${trust.systemAccountKey}
resolver: MEMORY
resolver_preload: { ${trust.systemAccountKey}: ${trust.systemAccountJwt}, ${key}: ${trust.leafAccountJwt} }
`;
  const leaf = await startHub({ dir: folder, config, port, monitorPort });
  ending.unshift(() => leaf.stop());
  return `nats://127.0.0.1:${port}`;
};

const newTenant = async (): Promise<Tenant> => {
  const tenantId = randomUUID();
  const key = await addTestTenant(test.platform, tenantId);
  const [device, other] = [newDevice(tenantId), newDevice(tenantId)];
  for (const { id } of [device, other]) {
    const record = Buffer.from(`record of ${id}`);
    await test.platform.desired.put(cloudSubjects.recordKey(key, site, id), record);
  }
  const leafUrl = await startLeaf(tenantId, key, device);
  return { tenantId, key, device, other, leafUrl };
};

/** Until the leaf link stands, a request finds nobody. */
const linked = (connection: NatsConnection, subject: string) =>
  vi.waitFor(() => connection.request(subject, '', { timeout: 500 }), { timeout: 20_000 });

let one: Tenant;
let two: Tenant;

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  [one, two] = [await newTenant(), await newTenant()];
  const { connection } = test.platform.cloud;
  connection.subscribe(cloudSubjects.hellos, {
    callback: (_, message) => {
      message.respond(message.subject);
    },
  });
  for (const { leafUrl, device } of [one, two]) {
    const probe = await logInDevice(leafUrl, device);
    await linked(probe, deviceSubjects.hello(site, device.id));
  }
});
afterAll(async () => {
  for (const end of ending.toReversed()) await end();
  await test.close();
});

const ways = [
  ['through its leaf', (tenant: Tenant) => tenant.leafUrl],
  ['straight at the hub', () => test.world.hub.url],
] as const;

describe.each(ways)('a device %s', (_, urlOf) => {
  const open = (tenant: Tenant): Promise<NatsConnection> =>
    logInDevice(urlOf(tenant), tenant.device);
  const ask = (connection: NatsConnection, subject: string, body = '') =>
    connection.request(subject, body, { timeout: 1_500 });

  it('gets an answer to its hello, stamped with its tenant', async () => {
    const connection = await open(one);
    const subject = deviceSubjects.hello(site, one.device.id);
    expect((await ask(connection, subject)).string()).toBe(`${one.key}.${subject}`);
  });

  it("gets the hub's acknowledgement of a durable frame, stored under its tenant", async () => {
    const connection = await open(one);
    for (const lane of ['events', 'reported', 'metrics', 'logs'] as const) {
      const subject = deviceSubjects.lane(lane, one.device.id);
      const ack = (await ask(connection, subject, 'frame')).json<{ stream: string; seq: number }>();
      expect(ack.stream).toBe('UP');
      const stored = await test.platform.cloud.jsm.streams.getMessage('UP', { seq: ack.seq });
      expect(stored?.subject).toBe(`${one.key}.${subject}`);
    }
  });

  it("reads its own record and its site's, and no other device's", async () => {
    const connection = await open(one);
    const own = await ask(connection, deviceSubjects.record(site, one.device.id));
    expect(own.string()).toBe(`record of ${one.device.id}`);
    await test.platform.desired.put(
      cloudSubjects.recordKey(one.key, site, 'roster'),
      Buffer.from('roster'),
    );
    await test.platform.desired.put(
      cloudSubjects.recordKey(one.key, 'tenant', 'keyset'),
      Buffer.from('keyset'),
    );
    expect((await ask(connection, deviceSubjects.record(site, 'roster'))).string()).toBe('roster');
    expect((await ask(connection, deviceSubjects.record('tenant', 'keyset'))).string()).toBe(
      'keyset',
    );
    for (const foreign of [one.other.id, two.device.id]) {
      await expect(ask(connection, deviceSubjects.record(site, foreign))).rejects.toThrow();
    }
  });

  it('hears its own pokes, no other device’s and no other tenant’s', async () => {
    const connection = await open(one);
    const heard: string[] = [];
    connection.subscribe(deviceSubjects.downAll(site, one.device.id), {
      callback: (_error, message) => {
        heard.push(message.string());
      },
    });
    await connection.flush();
    const cloud = test.platform.cloud.connection;
    const poke = (key: string, device: string, text: string) =>
      cloud.publish(cloudSubjects.down(key, site, device, 'poke'), text);
    await expect
      .poll(
        () => {
          poke(two.key, one.device.id, 'foreign tenant');
          poke(one.key, one.other.id, 'other device');
          poke(one.key, one.device.id, 'own');
          return heard.length;
        },
        { timeout: 10_000, interval: 100 },
      )
      .toBeGreaterThan(2);
    expect(new Set(heard)).toEqual(new Set(['own']));
  });

  it('can publish for no other device, reach no JetStream API and hear nobody', async () => {
    const connection = await open(one);
    const refused: string[] = [];
    (async () => {
      for await (const status of connection.status()) {
        if (status.type === 'error') refused.push(status.error.message);
      }
    })().catch(() => {});
    const forbidden = [
      deviceSubjects.lane('metrics', one.other.id),
      deviceSubjects.logs(one.other.id),
      deviceSubjects.hello(site, one.other.id),
      deviceSubjects.hello('elsewhere', one.device.id),
      '$JS.API.STREAM.NAMES',
      '$JS.API.STREAM.DELETE.UP',
      '$JS.hub.API.STREAM.DELETE.UP',
      '$KV.desired.x',
      '$SYS.REQ.CLAIMS.LIST',
      `down.${one.key}.${site}.${one.device.id}.poke`,
      deviceSubjects.down(site, one.device.id, 'poke'),
      'signalbeam.devices.registered',
    ];
    for (const subject of forbidden) connection.publish(subject, 'x');
    const deaf = ['>', '_INBOX.>', 'signalbeam.down.>', `_INBOX.${site}.>`, '$SYS.>'];
    for (const subject of deaf) {
      connection.subscribe(subject, { callback: () => {} });
    }
    await connection.flush();
    await expect
      .poll(() => refused.filter((text) => /permissions violation/i.test(text)).length, {
        timeout: 5_000,
      })
      .toBeGreaterThanOrEqual(forbidden.length + deaf.length);
  });
});

describe("a gateway's credentials", () => {
  it('open no ordinary connection', async () => {
    const jwt = await gatewayUserJwt(test.platform.keyring, userOf(one.device));
    await expect(logIn(test.world.hub.url, jwt, one.device)).rejects.toThrow();
  });

  it('do not open with another key', async () => {
    const jwt = await deviceUserJwt(test.platform.keyring, userOf(one.device));
    await expect(logIn(test.world.hub.url, jwt, one.other)).rejects.toThrow();
  });

  it('refuse names that are wildcards or several tokens', async () => {
    for (const bad of ['*', '>', 'a.b', '', 'a b']) {
      const user = { ...userOf(one.device), site: bad };
      await expect(gatewayUserJwt(test.platform.keyring, user)).rejects.toThrow(TypeError);
      await expect(deviceUserJwt(test.platform.keyring, user)).rejects.toThrow(TypeError);
    }
  });

  it('reach no JetStream API and no other site through the leaf link', async () => {
    const gateway = newDevice(one.tenantId);
    // A whole leaf in hostile hands: its own clients may do anything that the link lets through.
    const { keyring } = test.platform;
    const url = await startLeaf(one.tenantId, one.key, gateway);
    const { account } = await keyring.tenant(one.tenantId);
    const user = createUser();
    const creds = fmtCreds(await encodeUser('hostile', user, account.keyPair, {}), user);
    const connection = await connect({
      servers: url,
      authenticator: credsAuthenticator(creds),
      inboxPrefix: `_INBOX.${site}.hostile`,
      reconnect: false,
    });
    ending.push(() => connection.close());
    const hello = deviceSubjects.hello(site, 'any');
    await linked(connection, hello);
    for (const subject of [
      '$JS.API.STREAM.NAMES',
      '$JS.hub.API.STREAM.NAMES',
      '$JS.API.DIRECT.GET.KV_desired.$KV.desired.x',
      deviceSubjects.hello('elsewhere', 'any'),
      deviceSubjects.record('elsewhere', one.device.id),
      '$SYS.REQ.SERVER.PING',
    ]) {
      await expect(connection.request(subject, '', { timeout: 700 })).rejects.toThrow();
    }
    const heard: string[] = [];
    connection.subscribe('>', {
      callback: (_error, message) => {
        heard.push(message.subject);
      },
    });
    await connection.flush();
    const cloud = test.platform.cloud.connection;
    for (let count = 0; count < 5; count += 1) {
      cloud.publish(cloudSubjects.down(one.key, 'elsewhere', one.device.id, 'poke'), '');
      cloud.publish(cloudSubjects.down(two.key, site, two.device.id, 'poke'), '');
      cloud.publish('signalbeam.devices.registered', '');
    }
    await cloud.flush();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const leaked = heard.filter(
      (subject) => !subject.startsWith('_INBOX') && !subject.startsWith('$'),
    );
    expect(leaked).toEqual([]);
  });
});

describe('of a suspended tenant', () => {
  const stand = async (suspension: string | null): Promise<void> => {
    await test.platform.pools.system.query(
      `UPDATE device_manager.tenants
          SET suspended_at = CASE WHEN $2::text IS NOT NULL THEN now() END, suspended_reason = $2
        WHERE id = $1`,
      [two.tenantId, suspension],
    );
    await test.platform.pushTenant(two.tenantId);
  };

  it("a site's leaf is cut off, and only that; it links again by itself afterwards", async () => {
    await test.platform.pools.system.query(
      'INSERT INTO device_manager.tenants (id, name, tenant_key) VALUES ($1, $2, $3)',
      [two.tenantId, 'two', two.key],
    );
    const hello = ({ device }: Tenant) => deviceSubjects.hello(site, device.id);
    const [cut, whole] = [
      await logInDevice(two.leafUrl, two.device),
      await logInDevice(one.leafUrl, one.device),
    ];
    await linked(cut, hello(two));
    await stand('an invoice is open');
    await vi.waitFor(
      () => expect(cut.request(hello(two), '', { timeout: 200 })).rejects.toThrow(),
      { timeout: 10_000 },
    );
    // Its devices still have their leaf, and nobody else is touched.
    await cut.flush();
    await whole.request(hello(one), '', { timeout: 5_000 });
    await expect(logInDevice(test.world.hub.url, two.device)).rejects.toThrow();
    await stand(null);
    await linked(cut, hello(two));
  });
});
