/**
 * `delete-tenant` as a process that is killed at moments that chance names, and begun again until it is done;
 * then a hub that is given back its folder of accounts from before, with a device of the tenant at its door.
 */
import '@signalbeam/launcher/rig/provided';
import { spawn } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suspendTenant } from '@signalbeam/device-manager/suspend-tenant';
import { startHub } from '@signalbeam/launcher/infra/hub';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { readConfig } from '@signalbeam/platform/config';
import { deletionOf } from '@signalbeam/platform/erase/journal';
import type { TenantKeys } from '@signalbeam/platform/keys/keyring';
import { createLog } from '@signalbeam/platform/logging/log';
import { hubConfig, hubKeys } from '@signalbeam/platform/nats/hub-config';
import { openPlatform } from '@signalbeam/platform/open';
import { deviceSubjects, streams } from '@signalbeam/sync/wire/subjects';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { tenantDevices, tenantRows } from './tenant-rows.suite.ts';
import {
  type Cloud,
  createServices,
  openTenant,
  startCloud,
  type Tenant,
} from './two-tenants.suite.ts';

const killsMax = 3;
const killsMin = 2;
/** Of the first ones, so that there are some however fast it goes: as soon as it got anywhere. */
const soon = [0, 0];
const waitMaxMs = 300;

let cloud: Cloud;
let gone: Tenant;
let stays: Tenant;
let goneKeys: TenantKeys;
let goneDevices: string[];
let backup: string;
const rowsOf = async (tenantId: string) => {
  const devices =
    tenantId === gone.tenantId ? goneDevices : await tenantDevices(cloud.owner, tenantId);
  return tenantRows(cloud.owner, { tenantId, deviceIds: devices });
};

const progress = async (): Promise<string> => {
  const deletion = await deletionOf(cloud.platform.pools.system, gone.tenantId);
  return `${deletion?.step} ${deletion?.rowsDeleted}`;
};

/** The command as an operator starts it. `killAfterMs`: that long after it got anywhere; null: not at all. */
const runCommand = async (
  killAfterMs: number | null,
): Promise<{ killed: boolean; said: string }> => {
  const before = await progress();
  const child = spawn(
    process.execPath,
    [
      ...[join(import.meta.dirname, 'main.ts'), 'delete-tenant', '--tenant', 'gone', '--yes'],
      ...['--before-grace-ends', '--by', 'ada'],
    ],
    {
      env: { ...cloud.world.environment, PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  for (const from of [child.stdout, child.stderr]) {
    from.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  let isOver = false;
  const over = ended.finally(() => {
    isOver = true;
  });
  if (killAfterMs !== null) {
    while (!isOver && (await progress()) === before) await sleep(2);
    await Promise.race([sleep(killAfterMs), over]);
    child.kill('SIGKILL');
  }
  return { killed: (await over) === 'SIGKILL', said };
};

beforeAll(async () => {
  cloud = await startCloud(inject('postgresUrl'));
  const { natsUrl } = cloud.platform.config;
  gone = await openTenant(cloud, 'gone', natsUrl);
  stays = await openTenant(cloud, 'stays', natsUrl);
  goneKeys = await cloud.platform.keyring.tenant(gone.tenantId);
  goneDevices = await tenantDevices(cloud.owner, gone.tenantId);
  backup = join(cloud.world.folder, 'accounts-backup');
  await vi.waitFor(
    async () => {
      const { rows } = await cloud.owner.query<{ tenants: number }>(
        'SELECT count(DISTINCT tenant_id) AS tenants FROM telemetry.metrics',
      );
      expect(rows).toEqual([{ tenants: 2 }]);
    },
    { timeout: 30_000 },
  );
  // So many that they take several transactions.
  for (const [{ tenantId }, rows] of [
    [gone, 100_000],
    [stays, 2_000],
  ] as const) {
    await cloud.owner.query(
      `INSERT INTO platform.audit_log (tenant_id, actor, action, target)
       SELECT $1, 'test', 'device.register', 'device:' || n FROM generate_series(1, $2::integer) n`,
      [tenantId, rows],
    );
  }
  // A suspended one's devices are refused by the account itself.
  await cp(join(cloud.world.folder, 'accounts'), backup, { recursive: true });
  await suspendTenant(cloud.platform, { tenant: 'gone', reason: 'They left.' });
  await cloud.owner.query(
    `UPDATE device_manager.tenants SET suspended_at = now() - interval '2 minutes' WHERE id = $1`,
    [gone.tenantId],
  );
  // What loops write by themselves would differ otherwise.
  for (const service of cloud.services) await service.stop();
  await cloud.platform.attempts.flush();
});
afterAll(async () => {
  await cloud?.stop();
});

test('a deletion that is killed again and again ends, and the other tenant is as it was', async () => {
  const before = await rowsOf(stays.tenantId);
  const waitsMs: number[] = [];
  let kills = 0;
  while (kills < killsMax) {
    const waitMs = soon[kills] ?? Math.random() * waitMaxMs;
    waitsMs.push(Math.round(waitMs));
    const { killed, said } = await runCommand(waitMs);
    if (!killed) {
      expect(said).toMatch(/^Tenant gone \(.*\) is deleted/m);
      break;
    }
    kills += 1;
    expect(await rowsOf(stays.tenantId), `killed after ${waitsMs.join(', ')} ms`).toEqual(before);
  }
  expect(kills).toBeGreaterThanOrEqual(killsMin);
  if (kills === killsMax) {
    const { said } = await runCommand(null);
    expect(said, `killed after ${waitsMs.join(', ')} ms`).toMatch(
      /^Tenant gone \(.*\) is deleted/m,
    );
  }
  const deletion = await deletionOf(cloud.platform.pools.system, gone.tenantId);
  expect(deletion).toMatchObject({ step: 'done', finishedAt: expect.any(Date) });
  expect(await rowsOf(gone.tenantId)).toEqual({});
  expect(await rowsOf(stays.tenantId)).toEqual(before);
}, 300_000);

test('an account that comes back with an old folder of the hub goes when the cloud does', async () => {
  const [port, leafPort, monitorPort] = [await freePort(), await freePort(), await freePort()];
  const folder = join(cloud.world.folder, 'old-hub');
  const keys = await hubKeys(cloud.platform.keyring);
  const folders = { storeDir: join(folder, 'jetstream'), jwtDir: backup };
  const config = hubConfig({ keys, port, leafPort, monitorPort, ...folders });
  const hub = await startHub({ dir: folder, config, port, monitorPort });
  const url = `nats://127.0.0.1:${port}`;
  const remembered = { ...cloud.platform.keyring, tenant: async () => goneKeys };
  const connect = () => gone.device.connect(url, remembered, gone.tenantId);
  // Nobody is there who knows better.
  const connection = await connect();
  let isHungUp = false;
  const listening = (async () => {
    for await (const { type } of connection.status()) isHungUp ||= type === 'disconnect';
  })();
  const environment = { ...cloud.world.environment, NATS_URL: url };
  const opening = openPlatform({
    config: readConfig(environment),
    ...{ log: createLog({ name: 'again', level: 'silent' }), name: 'again' },
  });
  // It goes on sending all the while.
  gone.device.write('metrics', 1);
  const frame = gone.device.frame('metrics', 0, 4);
  const subject = deviceSubjects.lane('metrics', gone.device.deviceId);
  const sending = vi.waitFor(
    () => {
      if (!isHungUp) connection.publish(subject, frame);
      expect(isHungUp).toBe(true);
    },
    { timeout: 30_000, interval: 5 },
  );
  const again = await opening;
  const services = createServices.map((create) => create(again));
  for (const service of services) await service.start();
  await sending;
  await connection.close();
  await listening;
  await expect(connect()).rejects.toThrow(/authorization/i);
  const alive = await stays.device.connect(url, cloud.platform.keyring, stays.tenantId);
  stays.device.write('metrics', 1);
  const own = deviceSubjects.lane('metrics', stays.device.deviceId);
  await alive.request(own, stays.device.frame('metrics', 0, 4), { timeout: 5_000 });
  // What came before it has been looked at by then.
  await vi.waitFor(
    async () => {
      const { num_pending: pending, num_ack_pending: open } = await again.cloud.jsm.consumers.info(
        streams.up,
        'ingest',
      );
      expect([pending, open]).toEqual([0, 0]);
    },
    { timeout: 20_000 },
  );
  await alive.close();
  for (const service of services) await service.stop();
  await again.close();
  await hub.stop();
  expect(await rowsOf(gone.tenantId)).toEqual({});
}, 120_000);
