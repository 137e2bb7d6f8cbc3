/** Percentiles of steps that are over are kept, and made anew when something is added to them, on Postgres. */
import '@signalbeam/launcher/rig/provided';
import type { Pool, Sql } from '@signalbeam/platform/postgres/pool';
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import { type MetricsBody, metricNames } from '@signalbeam/sync/wire/rows';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { addDevices, addTenant, openOwner, type TestTenant } from '../rig.suite.ts';
import { createKeptSpread } from './kept-spread.ts';
import { ensurePartitions } from './maintenance.ts';
import { type PercentilePoint, readPercentiles } from './percentiles.ts';
import { rollUp } from './rollups.ts';
import type { SeriesWish } from './series-steps.ts';
import { storeSimpleMetrics } from './simple-metrics.ts';

const hourMs = 3_600_000;
const deviceCount = 60;
const nothing = Object.fromEntries(metricNames.map((name) => [name, null])) as MetricsBody;

let test: TestPlatform;
let owner: Pool;
let tenant: TestTenant;
let devices: { deviceId: string }[];
const thisHour = Date.now() - (Date.now() % hourMs);

const add = async (index: number, at: number, cpuPercent: number): Promise<void> => {
  const deviceId = devices[index]?.deviceId ?? '';
  const sample = { at, body: { ...nothing, cpuPercent } };
  const device = { tenantId: tenant.tenantId, deviceId };
  await storeSimpleMetrics(test.platform.pools.ingest, device, [sample], Date.now());
};

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  tenant = await addTenant(owner, test.platform);
  devices = await addDevices(owner, tenant, deviceCount, 'plant-9');
  await ensurePartitions(test.platform.pools.ingest, Date.now());
  for (let hour = 0; hour <= 6; hour += 1) {
    const at = thisHour - hour * hourMs;
    await Promise.all(devices.map((_, index) => add(index, at, index)));
  }
  await rollUp(test.platform.pools.ingest);
}, 60_000);
afterAll(async () => {
  await owner?.end();
  await test?.close();
});

const wishTo = (toMs: number): SeriesWish => ({
  deviceIds: devices.map(({ deviceId }) => deviceId),
  names: ['cpuPercent'],
  ...{ aggregate: 'avg', source: 'hours', stepMs: hourMs, fromMs: thisHour - 8 * hourMs, toMs },
});
const within = <T>(read: (sql: Sql) => Promise<T>): Promise<T> =>
  withTenant(test.platform.pools.api, everySite(tenant.tenantId), read);
/** As who keeps what it was asked for. */
const newReplica = () => {
  const spread = createKeptSpread();
  return (toMs = Date.now()) => within((sql) => spread.read(sql, tenant.tenantId, wishTo(toMs)));
};
const readAnew = (toMs = Date.now()) => within((sql) => readPercentiles(sql, wishTo(toMs)));

const largest = (points: readonly PercentilePoint[]): number[] => points.map(({ max }) => max);

it('reads no step again that is over, and each again that something is added to', async () => {
  const ask = newReplica();
  expect(largest(await ask())).toEqual(Array(7).fill(deviceCount - 1));
  // Behind its back, as nothing does: what is read again shows it.
  await owner.query(
    'UPDATE telemetry.metrics_hourly SET cpu_percent_sum = 1000 WHERE tenant_id = $1',
    [tenant.tenantId],
  );
  // Not those of this hour, and of the one before not always.
  const then = largest(await ask());
  expect([...then.slice(0, 5), then.at(-1)]).toEqual([59, 59, 59, 59, 59, 1000]);
  expect(largest(await readAnew())).toEqual(Array(7).fill(1000));
  await add(3, thisHour - 4 * hourMs + 60_000, 7);
  await rollUp(test.platform.pools.ingest);
  expect(largest(await ask())).toEqual([59, 59, ...Array(5).fill(1000)]);
});

it('answers at every moment what a replica answers that keeps nothing', async () => {
  const ask = newReplica();
  for (let round = 0; round < 12; round += 1) {
    const index = (round * 17) % deviceCount;
    const at = thisHour - ((round * 5) % 9) * hourMs + round * 1_000;
    if (at < Date.now()) await add(index, at, round * 1_000);
    if (round % 4 !== 3) await rollUp(test.platform.pools.ingest);
    const toMs = round % 3 === 0 ? thisHour - hourMs : Date.now();
    expect(await ask(toMs)).toEqual(await readAnew(toMs));
  }
});

it('keeps nothing while a process may run that does not note what it adds', async () => {
  const setSince = (since: string) =>
    owner.query(`UPDATE telemetry.rollup_starts SET late_since = now() ${since}`);
  await setSince(`+ interval '1 minute'`);
  const ask = newReplica();
  await ask();
  await owner.query(
    'UPDATE telemetry.metrics_hourly SET cpu_percent_sum = 2000 WHERE tenant_id = $1',
    [tenant.tenantId],
  );
  expect(largest(await ask())[0]).toBe(2_000);
  await setSince('');
});

it('asks again for what a transaction adds that had begun before a look and ends after it', async () => {
  const ask = newReplica();
  const before = largest(await ask());
  const client = await owner.connect();
  const hour = new Date(thisHour - 5 * hourMs);
  await client.query('BEGIN');
  await client.query(
    'UPDATE telemetry.metrics_hourly SET cpu_percent_sum = 5000 WHERE tenant_id = $1 AND bucket = $2',
    [tenant.tenantId, hour],
  );
  await client.query(
    `INSERT INTO telemetry.late_hours (tenant_id, device_id, hour) VALUES ($1, $2, $3)
     ON CONFLICT (device_id, hour) DO UPDATE SET added_by = excluded.added_by`,
    [tenant.tenantId, devices[0]?.deviceId, hour],
  );
  // Others write meanwhile, so that its number is not the newest.
  await add(1, Date.now(), 1);
  expect(largest(await ask())).toEqual(before);
  await client.query('COMMIT');
  client.release();
  const after = await ask();
  expect(largest(after)).not.toEqual(before);
  expect(after).toEqual(await readAnew());
});
