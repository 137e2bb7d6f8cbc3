/**
 * History of a device that was cut off: samples that made way for newer ones land where metrics
 * do, sums in a table of their own, each once; charts count a sum with the weight of its samples.
 */
import '@signalbeam/launcher/rig/provided';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import { metricNames } from '@signalbeam/sync/wire/rows';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { type Background, startBackground } from '../background.ts';
import { addDevices, addTenant, openOwner, type TestTenant } from '../rig.suite.ts';
import { rollUp } from '../store/rollups.ts';
import { readSeries } from '../store/series.ts';
import type { VirtualDevice } from '../virtual-device.suite.ts';
import { createIngestFacts } from './facts.ts';

const minuteMs = 60_000;
const dayMs = 1_440 * minuteMs;
/** Noon some weeks ago. */
const hour = Math.floor(Date.now() / dayMs - 20) * dayMs + dayMs / 2;

let test: TestPlatform;
let owner: Pool;
let tenant: TestTenant;
let background: Background;
let device: VirtualDevice;
let nc: NatsConnection;

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  tenant = await addTenant(owner, test.platform);
  background = await startBackground(test.platform, createIngestFacts(test.platform.metrics));
  device = (await addDevices(owner, tenant, 1))[0] as VirtualDevice;
  nc = await device.connect(test.world.hub.url, test.platform.keyring, tenant.tenantId);
});
afterAll(async () => {
  await nc?.close();
  await background?.stop();
  await owner?.end();
  await test?.close();
});

const sample = (cpuPercent: number | null, networkReceivedBytes: number) => ({
  cpuPercent,
  memoryPercent: 50,
  memoryUsedBytes: 1,
  diskPercent: null,
  diskUsedBytes: null,
  networkReceivedBytes,
  networkSentBytes: null,
  loadAverage: null,
  temperatureCelsius: null,
  uptimeSeconds: null,
});
const thinned = (
  stepMs: number,
  cpu: [number, number, number, number],
  received: [number, number, number, number],
) => ({
  stepMs,
  columns: [cpu, null, null, null, null, received, null, null, null, null],
});

const send = (from: number, to: number) =>
  nc.request(deviceSubjects.lane('backfill', device.deviceId), device.frame('backfill', from, to), {
    timeout: 5_000,
  });

const counts = async (): Promise<[number, number, number]> => {
  const of = async (table: string): Promise<number> => {
    const { rows } = await owner.query<{ count: string }>(
      `SELECT count(*) FROM telemetry.${table} WHERE device_id = $1`,
      [device.deviceId],
    );
    return Number(rows[0]?.count);
  };
  return [await of('metrics'), await of('metrics_thinned'), await of('gaps')];
};

it('stores samples and sums once each, however often the frames come', async () => {
  const bodies = [
    [hour, sample(10, 100)],
    [hour + 15_000, sample(30, 200)],
    [hour + minuteMs, thinned(minuteMs, [40, 80, 360, 6], [300, 400, 2_000, 6])],
    [hour + 2 * minuteMs, sample(null, 500)],
    [hour + 3 * minuteMs, thinned(minuteMs, [5, 5, 5, 1], [600, 600, 600, 1])],
  ] as const;
  for (const [at, body] of bodies) {
    device.writeRaw('backfill', (seq) => JSON.stringify({ seq, at, body }));
  }
  device.writeRaw('backfill', (seq) => JSON.stringify({ seq, at: hour, body: { stepMs: 7 } }));
  await send(0, 3);
  await send(0, 3);
  await send(2, 6);
  await send(0, 6);
  await vi.waitFor(async () => expect(await counts()).toEqual([3, 2, 1]), { timeout: 20_000 });
  const { rows } = await owner.query<{ reason: string; lane: string }>(
    'SELECT reason, lane FROM telemetry.gaps WHERE device_id = $1',
    [device.deviceId],
  );
  expect(rows).toEqual([{ reason: 'refused', lane: 'backfill' }]);
});

it('gives a sum the weight of its samples in a chart', async () => {
  const wanted = {
    deviceIds: [device.deviceId],
    names: metricNames,
    fromMs: hour,
    toMs: hour + 60 * minuteMs,
    stepMs: dayMs,
    aggregate: 'usual' as const,
  };
  const read = (tenantId: string, source: 'samples' | 'hours' | 'days') =>
    withTenant(test.platform.pools.api, everySite(tenantId), (sql) =>
      readSeries(sql, { ...wanted, source }),
    );
  await rollUp(test.platform.pools.ingest);
  const named = (values: readonly (number | null)[] = []) =>
    Object.fromEntries(metricNames.map((name, index) => [name, values[index]]));
  for (const source of ['samples', 'hours', 'days'] as const) {
    const [series] = await read(tenant.tenantId, source);
    expect(series?.atMs).toHaveLength(1);
    const values = named(series?.values.map(([only]) => only ?? null));
    // 10 + 30 + six samples that sum up to 360 + one of 5, over nine.
    expect(values['cpuPercent']).toBeCloseTo((10 + 30 + 360 + 5) / 9);
    expect(values).toMatchObject({
      ...{ memoryPercent: 50, networkReceivedBytes: 600, diskPercent: null },
    });
    const other = await addTenant(owner, test.platform);
    expect(await read(other.tenantId, source)).toEqual([]);
  }
});
