/** Rows of a tenant that is erased, while a loop is about to put some of them elsewhere: none is left. */
import '@signalbeam/launcher/rig/provided';
import { randomUUID } from 'node:crypto';
import { type FreshDatabase, freshDatabase } from '@signalbeam/launcher/rig/database';
import { isMoved } from '@signalbeam/platform/erase/moving';
import { eraseTable } from '@signalbeam/platform/erase/rows';
import { tenantTables } from '@signalbeam/platform/erase/tables';
import { migrate } from '@signalbeam/platform/postgres/migrate';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { type MetricsBody, metricNames } from '@signalbeam/sync/wire/rows';
import type { PoolClient } from 'pg';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { gatherHours } from './gather.ts';
import { ensurePartitions } from './maintenance.ts';
import { rollUp } from './rollups.ts';
import { storeSimpleMetrics } from './simple-metrics.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const day = Date.UTC(2026, 5, 14);
const settled = day + dayMs + 6 * hourMs;
const body = Object.fromEntries(metricNames.map((name) => [name, 8])) as MetricsBody;

let database: FreshDatabase;
let ingest: Pool;
let eraser: Pool;
let owner: Pool;
beforeAll(async () => {
  database = await freshDatabase(inject('postgresUrl'));
  await migrate({ url: database.url });
  const { url } = database;
  ingest = openPool({ url, role: 'sb_ingest', max: 2 });
  eraser = openPool({ url, role: 'sb_eraser', max: 1 });
  owner = openPool({ url, role: null, max: 2 });
  await ensurePartitions(ingest, day);
});
afterAll(async () => {
  for (const pool of [ingest, eraser, owner]) await pool?.end();
  await database?.drop();
});

type Device = { tenantId: string; deviceId: string };
const newDevice = (): Device => ({ tenantId: randomUUID(), deviceId: randomUUID() });

const samplesOf = async (device: Device): Promise<void> => {
  for (let hour = 0; hour < 3; hour += 1) {
    const at = day + hour * hourMs;
    await storeSimpleMetrics(ingest, device, [{ at, body }], at);
  }
};

/** Stops whoever of this pool is about to say this, in its transaction. */
const stopBefore = (pool: Pool, pattern: RegExp) => {
  type Query = (...args: unknown[]) => unknown;
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const stopped = new Set<PoolClient>();
  const onAcquire = (client: PoolClient): void => {
    if (stopped.has(client)) return;
    stopped.add(client);
    const query = client.query.bind(client) as Query;
    const stopping: Query = async (...args) => {
      const [given] = args;
      const text = typeof given === 'string' ? given : (given as { text?: string }).text;
      if (pattern.test(text ?? '')) {
        reached.resolve();
        await gate.promise;
      }
      return query(...args);
    };
    client.query = stopping as typeof client.query;
  };
  pool.on('acquire', onAcquire);
  const goOn = (): void => {
    pool.off('acquire', onAcquire);
    for (const client of stopped) Reflect.deleteProperty(client, 'query');
    gate.resolve();
  };
  return { reached: reached.promise, goOn };
};

/** In the order in which they are erased; once. */
const erase = async ({ tenantId, deviceId }: Device): Promise<void> => {
  const { beforeDevices } = await tenantTables(owner);
  for (const table of beforeDevices.filter(({ name }) => isMoved(name)))
    await eraseTable({ pool: eraser, tenantId, deviceIds: [deviceId] }, table);
};

const untilEraserWaits = (): Promise<void> =>
  vi.waitFor(async () => {
    const { rows } = await owner.query(
      `SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    expect(rows).toHaveLength(1);
  }, 20_000);

const leftOf = async ({ deviceId }: Device): Promise<Record<string, number>> => {
  const { beforeDevices } = await tenantTables(owner);
  const left: Record<string, number> = {};
  for (const { name } of beforeDevices.filter((table) => isMoved(table.name))) {
    const text = `SELECT count(*) AS count FROM ${name} WHERE device_id = $1`;
    left[name] = (await owner.query<{ count: number }>(text, [deviceId])).rows[0]?.count ?? 0;
  }
  return left;
};
const nothing = {
  'telemetry.rollup_marks': 0,
  'telemetry.late_hours': 0,
  'telemetry.metrics_daily': 0,
  'telemetry.metrics_hourly': 0,
  'telemetry.metrics_minutes': 0,
};

it('hours that are being laid together do not come back', async () => {
  const [gone, stays] = [newDevice(), newDevice()];
  for (const device of [gone, stays]) await samplesOf(device);
  await rollUp(ingest);
  await owner.query('UPDATE telemetry.hours_gathered SET day = $1', [new Date(day)]);
  const stop = stopBefore(ingest, /^UPDATE telemetry\.hours_gathered/);
  const gathering = gatherHours(ingest, settled);
  await stop.reached;
  const erasing = erase(gone);
  await untilEraserWaits();
  stop.goOn();
  expect(await gathering).toBe(6);
  await erasing;
  expect(await leftOf(gone)).toEqual(nothing);
  expect(await leftOf(stays)).toMatchObject({ 'telemetry.metrics_hourly': 3 });
});

it('nor do hours that are being made', async () => {
  const [gone, stays] = [newDevice(), newDevice()];
  for (const device of [gone, stays]) await samplesOf(device);
  const stop = stopBefore(ingest, /device_health/);
  const rolling = rollUp(ingest);
  await stop.reached;
  const erasing = erase(gone);
  await untilEraserWaits();
  stop.goOn();
  expect(await rolling).toMatchObject({ marks: 6 });
  await erasing;
  expect(await leftOf(gone)).toEqual(nothing);
  expect(await leftOf(stays)).toMatchObject({ 'telemetry.metrics_hourly': 3 });
});
