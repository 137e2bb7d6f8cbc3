/**
 * What holds of samples however they are stored: taken whatever their clock says, counted once however late, kept
 * until they are past their time and gone when they are, read and deleted by tenant. In which part of the
 * table a row lies is the storage's own business: see maintenance.system.test.ts for partitions.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { eraseRows } from '@signalbeam/platform/erase/tenant-rows';
import { migrate } from '@signalbeam/platform/postgres/migrate';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import { type MetricsBody, metricNames } from '@signalbeam/sync/wire/rows';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Source } from '../core/resolution.ts';
import { retentionOf } from '../core/retention.ts';
import { ensurePartitions, removeAllOld, removeOld } from './maintenance.ts';
import { rollUp } from './rollups.ts';
import { readSampleStorage } from './sample-storage.ts';
import { readSeries } from './series.ts';
import { storeSimpleMetrics } from './simple-metrics.ts';

export type StorageUnderTest = {
  isHypertable: boolean;
  /** Of an empty database, for its owner; in it more than 100 rows are too many to be decompressed at once. */
  open: () => Promise<{ url: string; drop: () => Promise<void> }>;
  /** How many partitions or chunks there are. */
  parts: string;
  /** Compresses all that there is, where that can be done: after it everything must hold as before. */
  compress?: string;
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const now = Date.UTC(2026, 5, 15, 12, 20);
const wrongTimes = [0, Date.UTC(1987, 3, 1), Date.UTC(2031, 0, 1), Date.UTC(2099, 11, 31)];
const body: MetricsBody = {
  ...(Object.fromEntries(metricNames.map((name) => [name, null])) as MetricsBody),
  cpuPercent: 8,
};
type Device = { tenantId: string; deviceId: string };
const somebody = (): Device => ({ tenantId: randomUUID(), deviceId: randomUUID() });

export const sampleStorageSuite = (storage: StorageUnderTest): void => {
  let drop: () => Promise<void>;
  const pools = {} as Record<'owner' | 'ingest' | 'api' | 'system' | 'eraser', Pool>;

  beforeAll(async () => {
    const database = await storage.open();
    drop = database.drop;
    await migrate({ url: database.url });
    const open = (role: 'sb_ingest' | 'sb_api' | 'sb_system' | 'sb_eraser' | null) =>
      openPool({ url: database.url, role, max: 2 });
    pools.owner = open(null);
    pools.ingest = open('sb_ingest');
    pools.api = open('sb_api');
    pools.system = open('sb_system');
    pools.eraser = open('sb_eraser');
    await ensurePartitions(pools.ingest, now);
  });
  afterAll(async () => {
    await Promise.all(Object.values(pools).map((pool) => pool.end()));
    await drop?.();
  });

  const send = (device: Device, times: readonly number[], receivedAt: number): Promise<void> =>
    storeSimpleMetrics(
      pools.ingest,
      device,
      times.map((at) => ({ at, body })),
      receivedAt,
    );
  const timesOf = async ({ deviceId }: Device): Promise<number[]> => {
    const { rows } = await pools.ingest.query<{ at: Date }>(
      'SELECT at FROM telemetry.metrics WHERE device_id = $1 ORDER BY at',
      [deviceId],
    );
    return rows.map(({ at }) => at.getTime());
  };
  const hoursOf = async ({ deviceId }: Device): Promise<[number, number, number][]> => {
    const { rows } = await pools.ingest.query<{ bucket: Date; samples: number; misdated: number }>(
      'SELECT * FROM telemetry.metrics_hourly WHERE device_id = $1 ORDER BY bucket',
      [deviceId],
    );
    return rows.map(({ bucket, samples, misdated }) => [bucket.getTime(), samples, misdated]);
  };
  const chart = async (
    { tenantId, deviceId }: Device,
    source: Source,
    [fromMs, toMs]: [number, number],
  ) => {
    const wish = { deviceIds: [deviceId], names: ['cpuPercent'] as const, aggregate: 'count' };
    const [series] = await withTenant(pools.api, everySite(tenantId), (sql) =>
      readSeries(sql, { ...wish, aggregate: 'count', fromMs, toMs, stepMs: hourMs, source }),
    );
    return series === undefined
      ? []
      : series.atMs.map((at, step) => [at, series.values[0]?.[step]]);
  };
  const partsNow = async (): Promise<number> =>
    (await pools.owner.query<{ parts: number }>(storage.parts)).rows[0]?.parts ?? 0;

  const compress = async (): Promise<void> => {
    if (storage.compress !== undefined) await pools.owner.query(storage.compress);
  };

  it('is the storage that the server has', async () => {
    const { isHypertable } = await readSampleStorage(pools.system);
    expect(isHypertable).toBe(storage.isHypertable);
  });

  it('takes samples of any time, in parts by days of ours alone', async () => {
    const device = somebody();
    await send(device, [now], now);
    const before = await partsNow();
    const late = [now - 20 * dayMs, now - 60 * dayMs];
    await send(device, [now - minuteMs, ...late, ...wrongTimes], now);
    expect(await partsNow()).toBe(before);
    expect(await timesOf(device)).toHaveLength(8);
    await rollUp(pools.ingest);
    await compress();
    const hour = now - (now % hourMs);
    expect(await hoursOf(device)).toEqual([
      [hour - 60 * dayMs, 1, 0],
      [hour - 20 * dayMs, 1, 0],
      [hour, 6, 4],
    ]);
    expect(await chart(device, 'samples', [hour, hour + hourMs])).toEqual([[hour, 2]]);
    expect(await chart(device, 'hours', [hour, hour + hourMs])).toEqual([[hour, 6]]);
    const then = hour - 20 * dayMs;
    expect(await chart(device, 'samples', [then, then + hourMs])).toEqual([[then, 1]]);
    // Nobody is shown what a clock that is wrong says.
    expect(await chart(device, 'samples', [0, hourMs])).toEqual([]);
    expect(await chart({ ...device, tenantId: randomUUID() }, 'samples', [hour, now])).toEqual([]);
  });

  it('counts once what comes weeks late, beside samples that are gone', async () => {
    const device = somebody();
    const hour = now - (now % hourMs);
    await send(device, [hour, hour + minuteMs], hour + 2 * minuteMs);
    await rollUp(pools.ingest);
    await compress();
    const later = now + 40 * dayMs;
    await ensurePartitions(pools.ingest, later);
    await removeOld(pools.ingest, later, retentionOf('paid', {}));
    expect(await timesOf(device)).toEqual([]);
    const wrong = [0, Date.UTC(2099, 11, 31)];
    await send(device, [hour + 3 * minuteMs, ...wrong], later);
    // Nothing that came is past its time, whatever it says of itself.
    await removeOld(pools.ingest, later, retentionOf('paid', {}));
    await rollUp(pools.ingest);
    const arrival = later - (later % hourMs);
    expect(await hoursOf(device)).toEqual([
      [hour, 3, 0],
      [arrival, 2, 2],
    ]);
    expect(await chart(device, 'samples', [hour, hour + hourMs])).toEqual([[hour, 1]]);
  });

  it('keeps samples until they are past their time, and no longer than that since they came', async () => {
    const device = somebody();
    const today = now + 200 * dayMs;
    const [old, kept] = [today - 40 * dayMs, today - 29 * dayMs];
    await ensurePartitions(pools.ingest, old);
    await send(device, [old, ...wrongTimes], old);
    await ensurePartitions(pools.ingest, kept);
    await send(device, [kept], kept);
    await ensurePartitions(pools.ingest, today);
    await removeOld(pools.ingest, today, retentionOf('paid', {}));
    expect(await timesOf(device)).toEqual([kept]);
    await send(device, [today, old - dayMs, ...wrongTimes], today);
    await removeOld(pools.ingest, today, retentionOf('paid', {}));
    const left = [today, kept, old - dayMs, ...wrongTimes];
    expect(await timesOf(device)).toEqual(left.toSorted((a, b) => a - b));
  });

  const addTenant = async (tier: 'free' | 'paid'): Promise<Device> => {
    const device = somebody();
    const { tenantId, deviceId } = device;
    await pools.system.query(
      'INSERT INTO device_manager.tenants (id, name, tenant_key, tier) VALUES ($1, $2, $3, $4)',
      [tenantId, `tenant ${tenantId}`, `A${tenantId}`, tier],
    );
    const key = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x;
    await pools.system.query(
      `WITH token AS (
         INSERT INTO device_manager.registration_tokens
           (tenant_id, prefix, salt, secret_hash, site, max_uses, created_by, expires_at)
         VALUES ($1, 'test', '', '', 'plant-7', 1, 'test', now() + interval '1 day') RETURNING id)
       INSERT INTO device_manager.devices
         (id, tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version,
          os, architecture, hostname, registration_token_id)
       SELECT $2, $1, 'device', 'plant-7', 'approved', $3, '', '', '', '', '', '', id FROM token`,
      [tenantId, deviceId, key],
    );
    return device;
  };
  const daysAgo = [1, 3, 8, 20];
  /** Of some days 150 samples, which are more than may be decompressed without a word. */
  const fill = async (device: Device, today: number): Promise<void> => {
    for (const days of daysAgo) {
      const start = today - days * dayMs;
      await ensurePartitions(pools.ingest, start);
      const times = Array.from({ length: 150 }, (_, index) => start + index * 1_000);
      await send(device, times, start + 150_000);
    }
    await ensurePartitions(pools.ingest, today);
  };
  const daysOf = async (device: Device, today: number): Promise<number[]> => {
    const days = (await timesOf(device)).map((at) => Math.ceil((today - at) / dayMs));
    return [...new Set(days)].toSorted((a, b) => a - b);
  };

  it('removes what a tenant keeps for less long than others do, and takes it late', async () => {
    const today = now - 400 * dayMs;
    const [short, long] = [await addTenant('free'), await addTenant('paid')];
    await fill(short, today);
    await fill(long, today);
    await compress();
    await removeAllOld(pools.ingest, today);
    expect(await daysOf(long, today)).toEqual(daysAgo);
    expect(await daysOf(short, today)).toEqual([1, 3]);
    await send(short, [today - 9 * dayMs], today);
    await removeAllOld(pools.ingest, today + minuteMs);
    expect(await daysOf(short, today)).toEqual([1, 3, 9]);
  });

  it('deletes all of a tenant and nothing of another', async () => {
    const today = now - 420 * dayMs;
    const [gone, stays] = [await addTenant('paid'), await addTenant('paid')];
    await fill(gone, today);
    await send(gone, wrongTimes, today);
    await fill(stays, today);
    await compress();
    await rollUp(pools.ingest);
    await eraseRows(pools, gone.tenantId);
    const samples = 'SELECT 1 FROM telemetry.metrics WHERE tenant_id = $1';
    expect((await pools.ingest.query(samples, [gone.tenantId])).rowCount).toBe(0);
    expect((await pools.ingest.query(samples, [stays.tenantId])).rowCount).toBe(600);
    expect(await hoursOf(gone)).toEqual([]);
    expect(await hoursOf(stays)).toHaveLength(4);
  });
};
