/**
 * A whole platform for system tests: a fresh database on the rig's Postgres, a hub of its own with
 * this database's keys, folder blobs. Everything is real; `close` leaves nothing behind.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Hub, startHub } from '@signalbeam/launcher/infra/hub';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { copiedDatabase } from '@signalbeam/launcher/rig/database';
import { readConfig } from './config.ts';
import { kekFromText } from './keys/kek.ts';
import { createTenantKeys, openKeyring } from './keys/keyring.ts';
import { createLog } from './logging/log.ts';
import { hubConfig, hubKeys } from './nats/hub-config.ts';
import { type OpenedPlatform, openPlatform } from './open.ts';
import { migrate, versionOf } from './postgres/migrate.ts';
import { openPool } from './postgres/pool.ts';

export type TestHub = {
  url: string;
  port: number;
  leafPort: number;
  leafUrl: string;
  /** Where NATS tells about itself over HTTP. */
  monitorUrl: string;
  /** JetStream's folder, for tests that take it away. */
  storeDir: string;
  pid: () => number;
  stop: () => Promise<void>;
  kill: () => Promise<void>;
  /** Starts it again on the same ports and folders. */
  start: () => Promise<void>;
};

export type TestWorld = {
  /** The environment of the processes: for `startServices` and `readConfig`. */
  environment: Record<string, string>;
  databaseUrl: string;
  hub: TestHub;
  folder: string;
  /** Drops the database, stops the hub, removes the folder. */
  close: () => Promise<void>;
};

const startTestHub = async (folder: string, databaseUrl: string, kek: string): Promise<TestHub> => {
  const pool = openPool({ url: databaseUrl, role: null, max: 1 });
  const keys = await hubKeys(await openKeyring(pool, kekFromText(kek)));
  await pool.end();
  const [port, leafPort, monitorPort] = [await freePort(), await freePort(), await freePort()];
  const storeDir = join(folder, 'jetstream');
  const jwtDir = join(folder, 'accounts');
  const config = hubConfig({ keys, port, leafPort, monitorPort, storeDir, jwtDir });
  const start = (): Promise<Hub> =>
    startHub({ dir: join(folder, 'hub'), config, port, monitorPort });
  let hub = await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    leafPort,
    leafUrl: `nats-leaf://127.0.0.1:${leafPort}`,
    monitorUrl: `http://127.0.0.1:${monitorPort}`,
    storeDir,
    pid: () => hub.pid,
    stop: () => hub.stop(),
    kill: () => hub.kill(),
    start: async () => {
      hub = await start();
    },
  };
};

/** Database, keys and hub, without a platform on them. */
export const openTestWorld = async (postgresUrl: string): Promise<TestWorld> => {
  const database = await copiedDatabase(postgresUrl, await versionOf(), (url) => migrate({ url }));
  const folder = await mkdtemp(join(tmpdir(), 'platform-'));
  const kek = randomBytes(32).toString('base64');
  const hub = await startTestHub(folder, database.url, kek);
  const environment = {
    DATABASE_URL: database.url,
    NATS_URL: hub.url,
    SIGNALBEAM_KEK: kek,
    SIGNALBEAM_BLOB_DIR: join(folder, 'blobs'),
    SIGNALBEAM_LEAF_URL: hub.leafUrl,
    SIGNALBEAM_LOG_LEVEL: 'silent',
    SIGNALBEAM_POOL_MAX: '4',
    // Tests and benches ask faster than anybody; those of the limits set their own.
    SIGNALBEAM_RATE_LIMITS: 'off',
    PORT: '0',
  };
  return {
    environment,
    databaseUrl: database.url,
    hub,
    folder,
    close: async () => {
      await hub.stop();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

export type TestPlatform = {
  platform: OpenedPlatform;
  world: TestWorld;
  close: () => Promise<void>;
};

/** A platform on a world of its own. */
export const openTestPlatform = async (
  postgresUrl: string,
  now?: () => number,
): Promise<TestPlatform> => {
  const world = await openTestWorld(postgresUrl);
  const platform = await openPlatform({
    config: readConfig(world.environment),
    log: createLog({ name: 'test', level: 'silent' }),
    name: 'test',
    ...(now === undefined ? {} : { now }),
  });
  return {
    platform,
    world,
    close: async () => {
      await platform.close();
      await world.close();
    },
  };
};

/** Keys and account of a tenant that has no rows in device-manager; returns its account's key. */
export const addTestTenant = async (
  platform: OpenedPlatform,
  tenantId: string,
): Promise<string> => {
  const keys = await createTenantKeys(platform.pools.system, platform.kek, tenantId);
  await platform.pushTenant(tenantId);
  return keys.account.publicKey;
};
