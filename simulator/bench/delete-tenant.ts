/**
 * What it takes to delete a tenant with a large fleet for good (`delete-tenant`, as a process of its own), and what another
 * tenant's lists notice of it: asked by turns before it and all the while. Rows are made by SQL (./leaving.suite.ts),
 * its events are at the hub. Of a month of hours some devices have theirs: rows a second say what more would take.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenant } from '@signalbeam/device-manager/create-tenant';
import { foldCounts } from '@signalbeam/device-manager/store/fleet-counts';
import { suspendTenant } from '@signalbeam/device-manager/suspend-tenant';
import { deletionOf } from '@signalbeam/platform/erase/journal';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { signIn, startAsking } from './asking.suite.ts';
import { untilCalm } from './calm.suite.ts';
import {
  type BenchCloud,
  cpuMsOfFamily,
  loadAverage,
  openBenchCloud,
  quantile,
  rounded,
} from './cloud.suite.ts';
import { fillFleet } from './filled-fleet.suite.ts';
import { addPast } from './leaving.suite.ts';

const password = 'correct horse battery';
const clients = 1;
const eventsAtOnce = 500;
const lookMs = 50;

const sizes = {
  smoke: {
    ...{ devices: 300, months: 10, sampled: 2, days: 2, events: 600 },
    ...{ beforeMs: 2_000, calmMs: 500 },
  },
  canonical: {
    ...{ devices: 100_000, months: 2_000, sampled: 500, days: 30, events: 200_000 },
    ...{ beforeMs: 20_000, calmMs: 10_000 },
  },
};

const lists = {
  list: ['/api/devices', '/api/devices?site=plant-7'],
  presence: ['online', 'offline'].map((status) => `/api/devices?status=${status}`),
  search: ['/api/devices?search=pump'],
  tagQuery: [`/api/devices?query=${encodeURIComponent('environment=production')}`],
  audit: ['/api/audit'],
};

/** Of both tenants by turns, as they come in a week: only those of one go. */
const addEvents = async ({ test }: BenchCloud, tenantIds: readonly string[], count: number) => {
  const { js } = test.platform.cloud;
  const occurredAt = new Date().toISOString();
  const data = { deviceId: randomUUID(), presence: 'online', lastSeenAt: occurredAt };
  const event = (tenantId: string) => ({
    ...{ id: randomUUID(), type: 'device.online', version: 1, tenantId, occurredAt },
    data: { ...data, changedAt: occurredAt },
  });
  for (let at = 0; at < count; at += eventsAtOnce) {
    const some = Array.from({ length: Math.min(eventsAtOnce, count - at) }, (_, each) =>
      js.publish(
        'signalbeam.devices.presence',
        JSON.stringify(event(tenantIds[each % tenantIds.length] ?? '')),
      ),
    );
    await Promise.all(some);
  }
};

const root = join(import.meta.dirname, '..', '..');

/** As an operator runs it; what it says of how far it is goes to the terminal. */
const runCommand = (cloud: BenchCloud): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        ...[join(root, 'cloud/main.ts'), 'delete-tenant', '--tenant', 'leaving', '--yes'],
        '--before-grace-ends',
      ],
      {
        env: { ...cloud.test.world.environment, PATH: '/usr/bin:/bin' },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`delete-tenant ended with ${code}`)),
    );
  });

/** What the server logged of all that was written. */
const writtenMb = async (maker: Pool): Promise<number> => {
  const { rows } = await maker.query<{ mb: number }>(
    `SELECT ((pg_current_wal_lsn() - '0/0') / 1e6)::float8 AS mb`,
  );
  return rows[0]?.mb ?? 0;
};

/** The longest that any transaction of who deletes has lasted, looked at again and again. */
const watchLongest = (maker: Pool) => {
  let longest = 0;
  let isEnded = false;
  const watching = (async () => {
    while (!isEnded) {
      const { rows } = await maker.query<{ ms: number | null }>(
        `SELECT (extract(epoch FROM max(clock_timestamp() - xact_start)) * 1000)::float8 AS ms
           FROM pg_stat_activity WHERE query LIKE 'DELETE FROM %' AND state <> 'idle'`,
      );
      longest = Math.max(longest, rows[0]?.ms ?? 0);
      await sleep(lookMs);
    }
  })();
  return async (): Promise<number> => {
    isEnded = true;
    await watching;
    return longest;
  };
};

type Figures = Record<string, number>;

const listFigures = (took: ReadonlyMap<string, readonly number[]>, when: string): Figures =>
  Object.fromEntries(
    [...took].flatMap(([name, times]) => [
      [`${name}${when}P50Ms`, rounded(quantile(times, 0.5))],
      [`${name}${when}P99Ms`, rounded(quantile(times, 0.99))],
    ]),
  );

const measure = async (cloud: BenchCloud, maker: Pool, size: (typeof sizes)['smoke']) => {
  const { platform } = cloud.test;
  const open = async (name: string, devices: number): Promise<string> => {
    const adminEmail = `admin@${name}.example`;
    const { tenantId } = await createTenant(platform, { name, adminEmail, password });
    await fillFleet(maker, tenantId, devices);
    return tenantId;
  };
  const leaving = await open('leaving', size.devices);
  await addPast(maker, leaving, size);
  const staying = await open('staying', size.devices / 5);
  await addEvents(cloud, [leaving, staying], size.events);
  await foldCounts(platform.pools.system);
  await maker.query('VACUUM ANALYZE');
  await suspendTenant(platform, { tenant: 'leaving', reason: 'They left.' });
  await maker.query(
    `UPDATE device_manager.tenants SET suspended_at = now() - interval '2 minutes' WHERE id = $1`,
    [leaving],
  );
  const ask = await signIn(cloud, 'admin@staying.example', password);
  await untilCalm(cloud, size.calmMs);
  const asking = startAsking(ask, lists, clients);
  await sleep(size.beforeMs);
  const before = listFigures(await asking(), 'Before');
  const [beganMs, beganMb] = [performance.now(), await writtenMb(maker)];
  const beganCpuMs = cpuMsOfFamily(cloud.postgresPid);
  const stop = startAsking(ask, lists, clients);
  const watched = watchLongest(maker);
  await runCommand(cloud);
  const seconds = (performance.now() - beganMs) / 1_000;
  const longestTransactionMs = rounded(await watched());
  const meanwhile = listFigures(await stop(), 'Meanwhile');
  const deletion = await deletionOf(platform.pools.system, leaving);
  const rows = deletion?.rowsDeleted ?? 0;
  return {
    ...{ rows, eventsAtHub: size.events / 2 },
    seconds: rounded(seconds),
    rowsPerSecond: Math.round(rows / seconds),
    postgresCpuS: rounded((cpuMsOfFamily(cloud.postgresPid) - beganCpuMs) / 1_000),
    writtenMb: Math.round((await writtenMb(maker)) - beganMb),
    longestTransactionMs,
    ...before,
    ...meanwhile,
  };
};

export const run = async ({ smoke }: { smoke: boolean }) => {
  const size = sizes[smoke ? 'smoke' : 'canonical'];
  const loadBefore = loadAverage();
  const cloud = await openBenchCloud();
  const url = cloud.test.world.databaseUrl;
  const maker = openPool({ url, role: null, max: 2, statementTimeoutMs: 1_800_000 });
  try {
    const figures: Figures = await measure(cloud, maker, size);
    const { devices, months, sampled } = size;
    return {
      name: 'delete-tenant',
      figures: { devices, months, sampled, loadBefore, loadAfter: loadAverage(), ...figures },
    };
  } finally {
    await maker.end();
    await cloud.stop();
  }
};
