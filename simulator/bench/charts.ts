/**
 * How fast charts are: the ranges of the console and the query of several devices, asked over HTTP by
 * several people at once, each time of another device. Rows are made by SQL: hours and days of every
 * device, samples of some. A chart reads its devices' own rows by index, so a fleet is larger by what
 * the memory holds, not by what a chart reads. Nothing else runs on the cloud meanwhile.
 */
import { createTenant } from '@signalbeam/device-manager/create-tenant';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { metricColumns } from '@signalbeam/telemetry-processor/store/metric-columns';
import {
  type BenchCloud,
  cpuMsOf,
  loadAverage,
  openBenchCloud,
  quantile,
  rounded,
} from './cloud.suite.ts';

const password = 'correct horse battery';
const clients = 2;
const sizes = {
  smoke: { devices: 4, sampled: 2, days: 3, asks: 4 },
  canonical: { devices: 1_000, sampled: 100, days: 30, asks: 200 },
};
type Size = (typeof sizes)['smoke'];
/** What an agent takes when nobody looks. */
const sampleEverySeconds = 15;
const devicesTogether = 10;
const warmUpAsks = 10;

const addFleet = async (maker: Pool, tenantId: string, count: number): Promise<string[]> => {
  await maker.query(
    `INSERT INTO device_manager.registration_tokens
       (tenant_id, prefix, salt, secret_hash, site, max_uses, created_by, expires_at)
     VALUES ($1, 'bench', '', '', 'plant-0', 100000, 'bench', now())`,
    [tenantId],
  );
  const { rows } = await maker.query<{ id: string }>(
    `INSERT INTO device_manager.devices
       (tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version, os,
        architecture, hostname, registration_token_id)
     SELECT $1::uuid, 'device ' || i, 'plant-' || i % 50, 'approved', 'U' || md5($1::uuid::text || i), 'k', '',
            '0.1.0', 'linux', 'arm64', 'host', (SELECT id FROM device_manager.registration_tokens
                                                 WHERE tenant_id = $1::uuid)
       FROM generate_series(1, $2::integer) i RETURNING id`,
    [tenantId, count],
  );
  return rows.map(({ id }) => id);
};

/** By the hour, as they come: a device's rows lie far apart. */
const addRollups = async (maker: Pool, tenantId: string, ids: readonly string[], days: number) => {
  await maker.query(
    `SELECT telemetry.ensure_rollup_partitions(now() - $1 * interval '1 day', now())`,
    [days + 1],
  );
  const columns = metricColumns.flatMap((column) =>
    ['min', 'max', 'sum', 'count'].map((part) => `${column}_${part}`),
  );
  const values = metricColumns
    .map(() => 'random() * 40, 60 + random() * 40, 12000, 240')
    .join(', ');
  for (const [table, unit, since] of [
    ['metrics_minutes', '5 minutes', 1],
    ['metrics_hourly', '1 hour', days],
    ['metrics_daily', '1 day', days],
  ] as const) {
    await maker.query(
      `INSERT INTO telemetry.${table}
         (tenant_id, device_id, bucket, samples, misdated, newest, ${columns.join(', ')})
       SELECT $1::uuid, id, at, 240, 0,
              ARRAY[extract(epoch FROM at) * 1000] || array_fill(50::float8, ARRAY[${metricColumns.length}]),
              ${values}
         FROM generate_series(date_bin('${unit}', now() - $3 * interval '1 day', 'epoch'), now(),
                              interval '${unit}') at, unnest($2::uuid[]) id`,
      [tenantId, ids, since],
    );
  }
};

const addSamples = (maker: Pool, tenantId: string, ids: readonly string[]) =>
  maker.query(
    `INSERT INTO telemetry.metrics
       (tenant_id, device_id, received_at, epoch, seq, at, ${metricColumns.join(', ')})
     SELECT $1::uuid, id, at, '0', 1, at, ${metricColumns.map(() => 'random() * 100').join(', ')}
       FROM generate_series(now() - interval '1 day', now(), $3 * interval '1 second') at,
            unnest($2::uuid[]) id`,
    [tenantId, ids, sampleEverySeconds],
  );

type Ask = (path: string) => Promise<unknown>;

const signIn = async (cloud: BenchCloud, email: string): Promise<Ask> => {
  const answer = await fetch(`${cloud.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const { token } = (await answer.json()) as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  return async (path) => {
    const response = await fetch(cloud.url + path, { headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
};

/** Milliseconds of each request, `clients` at a time; `pathOf` gives each another device. */
const time = async (ask: Ask, pathOf: (index: number) => string, asks: number) => {
  const took: number[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < asks) {
      const path = pathOf(next);
      next += 1;
      const began = performance.now();
      await ask(path);
      took.push(performance.now() - began);
    }
  };
  for (let index = 0; index < warmUpAsks; index += 1) await ask(pathOf(index));
  await Promise.all(Array.from({ length: clients }, work));
  return took;
};

const dayMs = 86_400_000;

const measure = async (cloudPid: number, ask: Ask, ids: readonly string[], size: Size) => {
  const now = Date.now();
  const pick = (index: number, of: number): string => ids[(index * 7) % of] ?? '';
  const chart = (rangeMs: number, of: number) => (index: number) =>
    `/api/devices/${pick(index, of)}/metrics?from=${now - rangeMs}&to=${now}`;
  const together = (rangeMs: number, more: string) => (index: number) => {
    const devices = Array.from({ length: devicesTogether }, (_, each) =>
      pick(index * devicesTogether + each, size.devices),
    );
    return `/api/telemetry/metrics?devices=${[...new Set(devices)]}&from=${now - rangeMs}&to=${now}${more}`;
  };
  const charts = {
    hour: chart(dayMs / 24, size.sampled),
    day: chart(dayMs, size.sampled),
    week: chart(7 * dayMs, size.devices),
    month: chart(30 * dayMs, size.devices),
    year: chart(365 * dayMs, size.devices),
    monthByHour: (index: number) =>
      `/api/telemetry/metrics?devices=${pick(index, size.devices)}&step=1h&from=${now - 30 * dayMs}&to=${now}`,
    monthOfTen: together(30 * dayMs, '&metrics=cpuPercent,memoryPercent'),
    monthOfTenWhole: together(30 * dayMs, ''),
  };
  const figures: Record<string, number> = {};
  for (const [name, pathOf] of Object.entries(charts)) {
    const usedBefore = cpuMsOf(cloudPid);
    const took = await time(ask, pathOf, size.asks);
    // Of the cloud, what it does by itself included: on a machine that others use, too, it says more than time.
    figures[`${name}CpuMs`] = rounded((cpuMsOf(cloudPid) - usedBefore) / (size.asks + warmUpAsks));
    figures[`${name}P50Ms`] = rounded(quantile(took, 0.5));
    figures[`${name}P99Ms`] = rounded(quantile(took, 0.99));
  }
  return figures;
};

/** Of a device and day, indexes included. */
const bytesOf = async (maker: Pool, size: Size) => {
  const { rows } = await maker.query<{ parent: string; bytes: number }>(
    `SELECT inhparent::regclass::text AS parent, sum(pg_total_relation_size(inhrelid))::bigint AS bytes
       FROM pg_inherits WHERE inhparent::regclass::text LIKE 'telemetry.metrics%' GROUP BY inhparent`,
  );
  const of = (table: string): number =>
    rows.find(({ parent }) => parent === `telemetry.${table}`)?.bytes ?? 0;
  return {
    samplesBytesPerDeviceDay: Math.round(of('metrics') / size.sampled),
    minutesBytesPerDeviceDay: Math.round(of('metrics_minutes') / size.devices),
    hoursBytesPerDeviceDay: Math.round(of('metrics_hourly') / size.devices / size.days),
    daysBytesPerDeviceDay: Math.round(of('metrics_daily') / size.devices / size.days),
  };
};

export const run = async ({ smoke }: { smoke: boolean }) => {
  const size = sizes[smoke ? 'smoke' : 'canonical'];
  const loadBefore = loadAverage();
  const cloud = await openBenchCloud();
  const url = cloud.test.world.databaseUrl;
  const maker = openPool({ url, role: null, max: 1, statementTimeoutMs: 600_000 });
  try {
    const adminEmail = 'admin@charts.example';
    const wish = { name: 'charts', adminEmail, password };
    const { tenantId } = await createTenant(cloud.test.platform, wish);
    const ids = await addFleet(maker, tenantId, size.devices);
    await addRollups(maker, tenantId, ids, size.days);
    await addSamples(maker, tenantId, ids.slice(0, size.sampled));
    await maker.query('VACUUM ANALYZE');
    const figures = await measure(cloud.cloudPid, await signIn(cloud, adminEmail), ids, size);
    const { devices, sampled, days } = size;
    const bytes = await bytesOf(maker, size);
    return {
      name: 'charts',
      figures: { devices, sampled, days, clients, loadBefore, ...bytes, ...figures },
    };
  } finally {
    await maker.end();
    await cloud.stop();
  }
};
