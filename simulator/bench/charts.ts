/**
 * How fast charts are among 100,000 devices: the ranges of the console, several devices together and the spread over a
 * site, asked over HTTP by two people at once, each time of another device. First cold: what Postgres and the machine
 * remember of the tables is dropped before, so that each chart comes from the disk; then the same charts once more; then
 * again while the frames of 100,000 devices at rest come in. Of the spread over a site that is what a later look takes, for
 * the cloud keeps steps that are over; the first looks at other metrics are measured apart. What the tables hold: ./charts-fleet.suite.ts.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createTenant } from '@signalbeam/device-manager/create-tenant';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { metricNames } from '@signalbeam/sync/wire/rows';
import { isCounter } from '@signalbeam/telemetry-processor/store/metric-columns';
import { addFleet, type FleetSize } from './charts-fleet.suite.ts';
import {
  type BenchCloud,
  cpuMsOf,
  cpuMsOfFamily,
  loadAverage,
  openBenchCloud,
  quantile,
  rounded,
} from './cloud.suite.ts';
import { startFrames } from './frames.suite.ts';

const password = 'correct horse battery';
const clients = 2;
const devicesTogether = 10;
const warmUpAsks = 10;
const dayMs = 86_400_000;
/** A frame of each device every quarter of an hour; a small fleet sends more. */
const frameSeconds = 900;
const framesPerSecondMin = 2;

type Size = FleetSize & { asks: number; sendSeconds: number };
const sizes: Record<'smoke' | 'canonical', Size> = {
  smoke: {
    ...{ devices: 60, months: 40, near: 20, sampled: 4, days: 3, yearDays: 5, siteDevices: 10 },
    ...{ asks: 4, sendSeconds: 20 },
  },
  canonical: {
    ...{ devices: 100_000, months: 30_000, near: 4_000, sampled: 1_000, days: 30, yearDays: 365 },
    ...{ siteDevices: 2_000, asks: 200, sendSeconds: 180 },
  },
};

/** Nothing of the fill is logged, which is what makes it possible in minutes. */
const settings = { wal_level: 'minimal', max_wal_senders: 0, max_wal_size: '4GB' };

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
  await Promise.all(Array.from({ length: clients }, work));
  return took;
};

type Charts = Record<string, (index: number) => string>;

const chartsOf = (ids: readonly string[], size: Size): Charts => {
  const now = Date.now();
  // Far apart, and none twice among as many as there are.
  const pick = (index: number, of: number): string => ids[(index * 7_919) % of] ?? '';
  const chart = (rangeMs: number, of: number) => (index: number) =>
    `/api/devices/${pick(index, of)}/metrics?from=${now - rangeMs}&to=${now}`;
  const together = (rangeMs: number, more: string) => (index: number) => {
    const devices = Array.from({ length: devicesTogether }, (_, each) =>
      pick(index * devicesTogether + each, size.months),
    );
    return `/api/telemetry/metrics?devices=${[...new Set(devices)]}&from=${now - rangeMs}&to=${now}${more}`;
  };
  const site = (days: number) => (index: number) =>
    `/api/telemetry/percentiles?site=plant-${index % (size.near / size.siteDevices)}&metric=cpuPercent&from=${now - days * dayMs}&to=${now}`;
  return {
    hour: chart(dayMs / 24, size.sampled),
    day: chart(dayMs, size.near),
    week: chart(7 * dayMs, size.months),
    month: chart(30 * dayMs, size.months),
    year: chart(365 * dayMs, size.near),
    monthByHour: (index: number) =>
      `/api/telemetry/metrics?devices=${pick(index, size.months)}&step=1h&from=${now - 30 * dayMs}&to=${now}`,
    monthOfTen: together(30 * dayMs, '&metrics=cpuPercent,memoryPercent'),
    monthOfTenWhole: together(30 * dayMs, ''),
    siteDay: site(1),
    siteMonth: site(30),
  };
};

/** Looks of which none was asked before: each at another metric of a site, by another value of its devices. */
const firstLooksOf = (size: Size): Charts => {
  const now = Date.now();
  const sites = size.near / size.siteDevices;
  const looks = ['max', 'min', 'avg'].flatMap((each) =>
    metricNames
      .filter((name) => !isCounter(name) && (each !== 'avg' || name !== 'cpuPercent'))
      .flatMap((metric) =>
        Array.from(
          { length: sites },
          (_, site) => `site=plant-${site}&metric=${metric}&each=${each}`,
        ),
      ),
  );
  const look = (days: number) => (index: number) =>
    `/api/telemetry/percentiles?${looks[index % looks.length]}&from=${now - days * dayMs}&to=${now}`;
  return { siteDayFirst: look(1), siteMonthFirst: look(30) };
};

/** As after a restart of the machine, but for the 128 MB that Postgres holds: what lies in the database's files. */
const forget = async (cloud: BenchCloud, maker: Pool): Promise<void> => {
  await maker.query('CHECKPOINT');
  const { rows } = await maker.query<{ oid: string }>(
    'SELECT oid::text FROM pg_database WHERE datname = current_database()',
  );
  const folder = join(cloud.postgresDir, 'base', rows[0]?.oid ?? '');
  for (const file of readdirSync(folder)) {
    const args = [`if=${join(folder, file)}`, 'iflag=nocache', 'count=0', 'status=none'];
    if (spawnSync('dd', args).status !== 0) throw new Error(`${file} stays in the page cache`);
  }
};

type Figures = Record<string, number>;

/** A site is a hundred times a device. */
const asksOf = (name: string, { asks }: Size): number =>
  name.startsWith('site') ? Math.ceil(asks / 5) : asks;

/** Of each kind of chart; `more` are figures of the processors. */
const measure = async (ask: Ask, charts: Charts, size: Size, pass: string): Promise<Figures> => {
  const figures: Figures = {};
  for (const [name, pathOf] of Object.entries(charts)) {
    const took = await time(ask, pathOf, asksOf(name, size));
    figures[`${name}${pass}P50Ms`] = rounded(quantile(took, 0.5));
    figures[`${name}${pass}P99Ms`] = rounded(quantile(took, 0.99));
  }
  return figures;
};

/** What a chart takes of the processors, all that the cloud and Postgres do by themselves included. */
const measureProcessors = async (cloud: BenchCloud, ask: Ask, charts: Charts, size: Size) => {
  const figures: Figures = {};
  for (const [name, pathOf] of Object.entries(charts)) {
    const asks = asksOf(name, size);
    const cloudBefore = cpuMsOf(cloud.cloudPid);
    const postgresBefore = cpuMsOfFamily(cloud.postgresPid);
    await time(ask, pathOf, asks);
    figures[`${name}CloudCpuMs`] = rounded((cpuMsOf(cloud.cloudPid) - cloudBefore) / asks);
    figures[`${name}PostgresCpuMs`] = rounded(
      (cpuMsOfFamily(cloud.postgresPid) - postgresBefore) / asks,
    );
  }
  return figures;
};

/** Of a device and day, indexes included. */
const bytesOf = async (maker: Pool, size: Size): Promise<Figures> => {
  const { rows } = await maker.query<{ parent: string; bytes: number }>(
    `SELECT inhparent::regclass::text AS parent, sum(pg_total_relation_size(inhrelid))::bigint AS bytes
       FROM pg_inherits WHERE inhparent::regclass::text LIKE 'telemetry.metrics%' GROUP BY inhparent`,
  );
  const of = (table: string): number =>
    rows.find(({ parent }) => parent === `telemetry.${table}`)?.bytes ?? 0;
  const total = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    samplesBytesPerDeviceDay: Math.round(of('metrics') / size.sampled),
    minutesBytesPerDeviceDay: Math.round(of('metrics_minutes') / size.near),
    hoursBytesPerDeviceDay: Math.round(of('metrics_hourly') / size.months / size.days),
    daysBytesPerDeviceDay: Math.round(of('metrics_daily') / size.near / size.yearDays),
    metricsGb: rounded(total / 1e9, 2),
  };
};

const measureAll = async (cloud: BenchCloud, maker: Pool, size: Size): Promise<Figures> => {
  const adminEmail = 'admin@charts.example';
  const wish = { name: 'charts', adminEmail, password };
  const { tenantId } = await createTenant(cloud.test.platform, wish);
  const began = performance.now();
  const { ids, tokenId } = await addFleet(maker, tenantId, size);
  const fillSeconds = rounded((performance.now() - began) / 1_000);
  const charts = chartsOf(ids, size);
  const ask = await signIn(cloud, adminEmail);
  await forget(cloud, maker);
  // Of others than are measured: programs, plans and the upper pages of indexes are warm on any server.
  for (const pathOf of Object.values(charts)) {
    for (let index = 0; index < warmUpAsks; index += 1) await ask(pathOf(size.asks + index));
  }
  const cold = await measure(ask, charts, size, 'Cold');
  const warm = await measure(ask, charts, size, '');
  const first = await measure(ask, firstLooksOf(size), size, '');
  const processors = await measureProcessors(cloud, ask, charts, size);
  const framesPerSecond = Math.max(framesPerSecondMin, size.devices / frameSeconds);
  const load = { framesPerSecond, seconds: size.sendSeconds };
  const frames = await startFrames(cloud, { tenantId, tokenId }, load);
  const sendingBegan = performance.now();
  const sending = await measure(ask, charts, size, 'Sending');
  const sendingSeconds = rounded((performance.now() - sendingBegan) / 1_000);
  const { framesPerSecond: framesPerSecondStored, seconds: framesSeconds } = await frames.stop();
  const sent = {
    sendingSeconds,
    framesSeconds: rounded(framesSeconds),
    framesPerSecondStored: rounded(framesPerSecondStored, 2),
  };
  return {
    fillSeconds,
    ...(await bytesOf(maker, size)),
    ...cold,
    ...warm,
    ...first,
    ...processors,
    ...sending,
    ...sent,
  };
};

export const run = async ({ smoke }: { smoke: boolean }) => {
  const size = sizes[smoke ? 'smoke' : 'canonical'];
  const loadBefore = loadAverage();
  const cloud = await openBenchCloud({}, settings);
  const url = cloud.test.world.databaseUrl;
  const maker = openPool({ url, role: null, max: 1, statementTimeoutMs: 1_800_000 });
  try {
    const { devices, months, near, sampled, days } = size;
    const figures = await measureAll(cloud, maker, size);
    return {
      name: 'charts',
      figures: { devices, months, near, sampled, days, clients, loadBefore, ...figures },
    };
  } finally {
    await maker.end();
    await cloud.stop();
  }
};
