/**
 * Minutes, hours and days hold what a sum over everything that was ever sent holds: whatever came late,
 * twice, in pieces, summed up by the device or with a wrong clock, with two replicas adding at once
 * and samples deleted in between.
 */
import '@signalbeam/launcher/rig/provided';
import { randomUUID } from 'node:crypto';
import { type FreshDatabase, freshDatabase } from '@signalbeam/launcher/rig/database';
import { migrate } from '@signalbeam/platform/postgres/migrate';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import { publicKeyFromRaw } from '@signalbeam/sync/wire/keys';
import { type MetricsBody, metricNames, type ThinnedBody } from '@signalbeam/sync/wire/rows';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { isPlausible, placedHourOf } from '../core/placement.ts';
import type { Source } from '../core/resolution.ts';
import { retentionOf } from '../core/retention.ts';
import { decodeFrame } from '../ingest/decode.ts';
import type { KnownDevice } from '../ingest/directory.ts';
import { storeBatch } from '../ingest/store.ts';
import { createVirtualDevice } from '../virtual-device.suite.ts';
import { ensurePartitions, removeOld } from './maintenance.ts';
import { columnOf } from './metric-columns.ts';
import { rollUp } from './rollups.ts';
import { readSeries, readWritten } from './series.ts';
import { aggregates } from './series-steps.ts';
import { storeSimpleMetrics } from './simple-metrics.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const now = Date.UTC(2026, 5, 15, 12, 20);

let database: FreshDatabase;
let one: Pool;
let two: Pool;
let owner: Pool;

beforeAll(async () => {
  database = await freshDatabase(inject('postgresUrl'));
  await migrate({ url: database.url });
  one = openPool({ url: database.url, role: 'sb_ingest', max: 2 });
  two = openPool({ url: database.url, role: 'sb_ingest', max: 2 });
  owner = openPool({ url: database.url, role: null, max: 1 });
  await ensurePartitions(one, now);
});
afterAll(async () => {
  await Promise.all([one.end(), two.end(), owner.end()]);
  await database.drop();
});

type Summary = { min: number; max: number; sum: number; count: number };
type Bucket = {
  samples: number;
  misdated: number;
  newest: (number | null)[];
  metrics: Record<string, Summary>;
};
type Written = { at: number; receivedAt: number; body: MetricsBody | ThinnedBody };

/** Quarters: sums of them are exact, in whatever order. */
const value = fc.integer({ min: 0, max: 400 }).map((quarters) => quarters / 4);
const sample = fc
  .record({ cpu: fc.option(value), bytes: value, first: value })
  .map(({ cpu, bytes, first }): MetricsBody => {
    const nothing = Object.fromEntries(metricNames.map((name) => [name, null])) as MetricsBody;
    return { ...nothing, cpuPercent: cpu, networkReceivedBytes: bytes, loadAverage: first };
  });
const summedUp = fc
  .record({ stepMs: fc.constantFrom(60_000, 900_000, hourMs), min: value, spread: value })
  .map(({ stepMs, min, spread }): ThinnedBody => {
    const of = [min, min + spread, 2 * min + spread, 2] as [number, number, number, number];
    const columns = metricNames.map((name) => (name === 'cpuPercent' ? of : null));
    return { stepMs: stepMs as ThinnedBody['stepMs'], columns };
  });
const at = fc.oneof(
  fc.integer({ min: 0, max: 4 * hourMs }).map((ago) => now - ago),
  fc.integer({ min: 0, max: 60 * dayMs }).map((ago) => now - ago),
  fc.constantFrom(0, 86_400_000, now + 3 * hourMs, Date.UTC(2099, 0, 1)),
);
const row = fc.oneof(
  fc.record({ lane: fc.constantFrom('metrics' as const), at, body: sample }),
  fc.record({ lane: fc.constantFrom('backfill' as const), at, body: fc.oneof(sample, summedUp) }),
);
const act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), row }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('send' as const), back: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('roll' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const) }) },
);

const addTo = (bucket: Bucket, { at: time, receivedAt, body }: Written): void => {
  const columns = metricNames.map((name, index): Summary | null => {
    if ('columns' in body) {
      const [min = 0, max = 0, sum = 0, count = 0] = body.columns[index] ?? [];
      return body.columns[index] == null ? null : { min, max, sum, count };
    }
    const read = body[name];
    return read === null ? null : { min: read, max: read, sum: read, count: 1 };
  });
  const samples =
    'columns' in body ? Math.max(0, ...columns.map((column) => column?.count ?? 0)) : 1;
  bucket.samples += samples;
  const ownHour = time - (time % hourMs);
  if (placedHourOf(time, receivedAt) !== ownHour) bucket.misdated += samples;
  const values = columns.map((column) => (column === null ? null : column.sum / column.count));
  const newest = [time, ...values];
  // As Postgres compares arrays: the first that differ decide, and null is larger than any number.
  const different = newest.findIndex((each, index) => each !== bucket.newest[index]);
  const order = (each: number | null | undefined) => each ?? Number.POSITIVE_INFINITY;
  if (bucket.newest.length === 0) bucket.newest = newest;
  else if (different >= 0 && order(newest[different]) > order(bucket.newest[different])) {
    bucket.newest = newest;
  }
  for (const [index, column] of columns.entries()) {
    if (column === null) continue;
    const name = metricNames[index] as string;
    const known = bucket.metrics[name];
    bucket.metrics[name] =
      known === undefined
        ? { ...column }
        : {
            min: Math.min(known.min, column.min),
            max: Math.max(known.max, column.max),
            sum: known.sum + column.sum,
            count: known.count + column.count,
          };
  }
};

const summed = (written: readonly Written[], unitMs: number): Map<number, Bucket> => {
  const buckets = new Map<number, Bucket>();
  for (const each of written) {
    const time = isPlausible(each.at, each.receivedAt) ? each.at : each.receivedAt;
    const start = time - (time % unitMs);
    const bucket = buckets.get(start) ?? { samples: 0, misdated: 0, newest: [], metrics: {} };
    buckets.set(start, bucket);
    addTo(bucket, each);
  }
  return buckets;
};

const stored = async (table: string, deviceId: string): Promise<Map<number, Bucket>> => {
  const { rows } = await owner.query(`SELECT * FROM telemetry.${table} WHERE device_id = $1`, [
    deviceId,
  ]);
  return new Map(
    rows.map((found) => {
      const metrics: Record<string, Summary> = {};
      for (const name of metricNames) {
        const [min, max, sum, count] = ['min', 'max', 'sum', 'count'].map(
          (part) => found[`${columnOf(name)}_${part}`],
        );
        if (count > 0) metrics[name] = { min, max, sum, count };
        else expect([min, max, sum]).toEqual([null, null, null]);
      }
      const { samples, misdated, newest } = found;
      return [found.bucket.getTime(), { samples, misdated, newest, metrics }];
    }),
  );
};

it('counts each row once, as a sum over everything would', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 60 }), async (acts) => {
      const device = createVirtualDevice('plant-7');
      const known = {
        deviceId: device.deviceId,
        tenantId: randomUUID(),
        tenantKey: 'TENANT',
        site: 'plant-7',
        approved: true,
        publicKey: publicKeyFromRaw(Buffer.from(device.signer.publicKey, 'base64')),
      } as KnownDevice;
      const written: Written[] = [];
      const unsent = { metrics: [] as Written[], backfill: [] as Written[] };
      const sent = { metrics: 0, backfill: 0 };
      let receivedAt = now;
      const send = async (lane: 'metrics' | 'backfill', back: number): Promise<void> => {
        const to = device.laneOf(lane).lines.length;
        const from = Math.max(0, sent[lane] - back);
        if (from === to) return;
        const subject = `TENANT.${deviceSubjects.lane(lane, device.deviceId)}`;
        const data = device.frame(lane, from, to);
        receivedAt += 1;
        const frame = decodeFrame(
          { subject, data },
          new Map([[device.deviceId, known]]),
          receivedAt,
        );
        if (frame.kind !== 'frame') throw new Error(frame.reason);
        const twice = [
          { subject, frame },
          { subject, frame },
        ];
        await storeBatch(one, twice, []);
        await storeBatch(two, twice, []);
        sent[lane] = to;
        for (const each of unsent[lane]) written.push({ ...each, receivedAt });
        unsent[lane] = [];
      };
      for (const each of acts) {
        if (each.kind === 'write') {
          const { lane, ...rest } = each.row;
          device.writeRaw(lane, (seq) => JSON.stringify({ seq, ...rest }));
          unsent[lane].push({ ...rest, receivedAt: 0 });
        } else if (each.kind === 'send') {
          await send('metrics', each.back);
          await send('backfill', each.back);
        } else if (each.kind === 'roll') {
          await Promise.all([rollUp(one), rollUp(two)]);
        } else {
          // What was counted may go at any time; what was not is still marked.
          await rollUp(one);
          await owner.query('DELETE FROM telemetry.metrics WHERE device_id = $1', [
            device.deviceId,
          ]);
        }
      }
      await send('metrics', 0);
      await send('backfill', 0);
      await Promise.all([rollUp(one), rollUp(two)]);
      const minutes = await stored('metrics_minutes', device.deviceId);
      expect(minutes).toEqual(summed(written, 5 * 60_000));
      expect(await stored('metrics_hourly', device.deviceId)).toEqual(summed(written, hourMs));
      expect(await stored('metrics_daily', device.deviceId)).toEqual(summed(written, dayMs));
    }),
    { numRuns: 12 },
  );
});

it('counts what simple clients send, and keeps what a failed attempt would have counted', async () => {
  const device = { tenantId: randomUUID(), deviceId: randomUUID() };
  const body = Object.fromEntries(metricNames.map((name) => [name, 8])) as MetricsBody;
  await storeSimpleMetrics(one, device, [{ at: now - 40 * dayMs, body }], now);
  await owner.query('ALTER TABLE telemetry.metrics_daily RENAME TO metrics_daily_away');
  await expect(rollUp(one)).rejects.toThrow(/metrics_daily/);
  await owner.query('ALTER TABLE telemetry.metrics_daily_away RENAME TO metrics_daily');
  expect(await stored('metrics_hourly', device.deviceId)).toEqual(new Map());
  expect(await rollUp(one)).toEqual({ marks: 1, hours: 1 });
  expect(await rollUp(one)).toEqual({ marks: 0, hours: 0 });
  const [[bucket, found] = []] = await stored('metrics_daily', device.deviceId);
  expect(bucket).toBe(Date.UTC(2026, 4, 6));
  expect(found).toMatchObject({ samples: 1, metrics: { cpuPercent: { sum: 8, count: 1 } } });
});

it('keeps hours and days for as long as it is told, by whole partitions', async () => {
  const partitions = async (): Promise<string[]> => {
    const { rows } = await owner.query<{ name: string }>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits
        WHERE inhparent IN ('telemetry.metrics_hourly'::regclass, 'telemetry.metrics_daily'::regclass)`,
    );
    return rows.map(({ name }) => name);
  };
  const device = { tenantId: randomUUID(), deviceId: randomUUID() };
  const body = Object.fromEntries(metricNames.map((name) => [name, 8])) as MetricsBody;
  await storeSimpleMetrics(one, device, [{ at: now - 399 * dayMs, body }], now);
  await rollUp(one);
  const [oldHours, oldDays] = ['telemetry.metrics_hourly_202505', 'telemetry.metrics_daily_2025'];
  expect(await partitions()).toEqual(expect.arrayContaining([oldHours, oldDays]));
  await removeOld(one, Date.UTC(2026, 6, 5), retentionOf('paid', {}));
  expect(await partitions()).toContain(oldHours);
  await removeOld(one, Date.UTC(2026, 6, 6, 1), retentionOf('paid', {}));
  expect(await partitions()).not.toContain(oldHours);
  expect(await partitions()).toContain(oldDays);
});

it('gives the same chart from samples, minutes, hours and days', async () => {
  const device = { tenantId: randomUUID(), deviceId: randomUUID() };
  const today = now - (now % dayMs);
  const nothing = Object.fromEntries(metricNames.map((name) => [name, null])) as MetricsBody;
  const samples = Array.from({ length: 500 }, (_, index) => ({
    at: today + index * 60_000,
    body: { ...nothing, cpuPercent: (index * 37) % 100, uptimeSeconds: index },
  }));
  await storeSimpleMetrics(one, device, samples.slice(0, 90), now);
  await storeSimpleMetrics(one, device, samples.slice(90), now);
  await rollUp(one);
  const api = openPool({ url: database.url, role: 'sb_api', max: 1 });
  try {
    for (const aggregate of [...aggregates, 'usual' as const]) {
      const read = (source: Source, stepMs: number) =>
        withTenant(api, everySite(device.tenantId), async (sql) => {
          const deviceIds = [randomUUID(), device.deviceId];
          const names = ['uptimeSeconds', 'cpuPercent', 'temperatureCelsius'] as const;
          const wish = { deviceIds, source, stepMs, aggregate, names, fromMs: today, toMs: now };
          const series = await readSeries(sql, wish);
          // What is sent as it was written down says the same.
          const written = [...(await readWritten(sql, wish))].map(([deviceId, each]) => ({
            ...{ deviceId, atMs: each.atMs, misdated: each.misdated },
            values: names.map((_, metric) => each.written.map((step) => JSON.parse(step)[metric])),
          }));
          expect(written).toEqual(series);
          return series.map((each) => ({ ...each, values: each.values.slice(0, 2) }));
        });
      const byHour = await read('samples', hourMs);
      expect(byHour.map(({ deviceId, atMs }) => [deviceId, atMs.length])).toEqual([
        [device.deviceId, 9],
      ]);
      expect(await read('minutes', hourMs)).toEqual(byHour);
      expect(await read('hours', hourMs)).toEqual(byHour);
      expect(await read('minutes', 300_000)).toEqual(await read('samples', 300_000));
      const byQuarter = await read('samples', 900_000);
      expect(await read('minutes', 900_000)).toEqual(byQuarter);
      const byDay = await read('samples', dayMs);
      expect(byDay[0]?.atMs).toEqual([today]);
      expect(await read('hours', dayMs)).toEqual(byDay);
      expect(await read('days', dayMs)).toEqual(byDay);
      const cpu = samples.map(({ body }) => body.cpuPercent ?? 0);
      const sum = cpu.reduce((total, each) => total + each, 0);
      const due = {
        ...{ sum: [124_750, sum], avg: [249.5, sum / 500], usual: [499, sum / 500] },
        ...{ min: [0, 0], max: [499, 99], count: [500, 500], last: [499, cpu.at(-1)] },
      };
      expect(byDay[0]?.values).toEqual(due[aggregate].map((value) => [value]));
    }
  } finally {
    await api.end();
  }
});
