/** The hours of a day that is over, laid together: the same rows on fewer pages, whatever else is at work on them. */
import '@signalbeam/launcher/rig/provided';
import { randomUUID } from 'node:crypto';
import { type FreshDatabase, freshDatabase } from '@signalbeam/launcher/rig/database';
import { migrate } from '@signalbeam/platform/postgres/migrate';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import { type MetricsBody, metricNames } from '@signalbeam/sync/wire/rows';
import { afterAll, beforeEach, expect, inject, it } from 'vitest';
import { gatherHours } from './gather.ts';
import { ensurePartitions } from './maintenance.ts';
import { rollUp } from './rollups.ts';
import { readWritten } from './series.ts';
import { storeSimpleMetrics } from './simple-metrics.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const day = Date.UTC(2026, 5, 14);
const settled = day + dayMs + 6 * hourMs;
const devices = Array.from({ length: 20 }, () => ({
  tenantId: randomUUID(),
  deviceId: randomUUID(),
}));

let database: FreshDatabase;
let ingest: Pool;
let owner: Pool;
const opened: (() => Promise<unknown>)[] = [];

const bodyOf = (cpuPercent: number): MetricsBody => ({
  ...(Object.fromEntries(metricNames.map((name) => [name, 8])) as MetricsBody),
  cpuPercent,
});

/** Hour after hour, as it comes: of the day, and of the one after it. */
beforeEach(async () => {
  database = await freshDatabase(inject('postgresUrl'));
  await migrate({ url: database.url });
  ingest = openPool({ url: database.url, role: 'sb_ingest', max: 2 });
  owner = openPool({ url: database.url, role: null, max: 2 });
  const { drop } = database;
  const pools = [ingest, owner];
  opened.push(() => Promise.all(pools.map((pool) => pool.end())).then(drop));
  await ensurePartitions(ingest, day);
  await owner.query('UPDATE telemetry.hours_gathered SET day = $1', [new Date(day)]);
  for (let hour = 0; hour < 30; hour += 1) {
    const at = day + hour * hourMs;
    await Promise.all(
      devices.map((device) => storeSimpleMetrics(ingest, device, [{ at, body: bodyOf(hour) }], at)),
    );
    await rollUp(ingest);
  }
});
afterAll(async () => {
  for (const close of opened) await close();
});

const rowsOfAll = async (): Promise<unknown[]> => {
  const { rows } = await owner.query(
    'SELECT * FROM telemetry.metrics_hourly ORDER BY device_id, bucket',
  );
  return rows;
};

/** On how many pages the hours of a device lie, at most. */
const pagesOf = async (fromMs: number, toMs: number): Promise<number> => {
  const { rows } = await owner.query<{ pages: number }>(
    `SELECT max(pages)::integer AS pages FROM (
       SELECT count(DISTINCT split_part(ctid::text, ',', 1)) AS pages FROM telemetry.metrics_hourly
        WHERE bucket >= $1 AND bucket < $2 GROUP BY device_id) AS each`,
    [new Date(fromMs), new Date(toMs)],
  );
  return rows[0]?.pages ?? 0;
};

it('leaves every row as it was, on few pages, once the day is over and has settled', async () => {
  const before = await rowsOfAll();
  expect(before).toHaveLength(30 * devices.length);
  expect(await pagesOf(day, day + dayMs)).toBe(24);
  expect(await gatherHours(ingest, settled - 1)).toBe(0);
  expect(await pagesOf(day, day + dayMs)).toBe(24);
  expect(await gatherHours(ingest, settled)).toBe(24 * devices.length);
  expect(await rowsOfAll()).toEqual(before);
  expect(await pagesOf(day, day + dayMs)).toBeLessThanOrEqual(4);
  // The next day is not over.
  expect(await pagesOf(day + dayMs, day + 2 * dayMs)).toBe(6);
  expect(await gatherHours(ingest, settled)).toBe(0);
});

it('is read for a chart by asking for its pages together', async () => {
  await gatherHours(ingest, settled);
  await owner.query('VACUUM (ANALYZE) telemetry.metrics_hourly');
  const api = openPool({ url: database.url, role: 'sb_api', max: 1 });
  opened.push(() => api.end());
  const [device] = devices;
  if (device === undefined) throw new Error('there is no device');
  const wish = {
    ...{ deviceIds: [device.deviceId], names: ['cpuPercent'] as const, aggregate: 'avg' as const },
    ...{ source: 'hours' as const, stepMs: hourMs, fromMs: day, toMs: day + dayMs },
  };
  const { points, found } = await withTenant(api, everySite(device.tenantId), async (sql) => {
    const written = await readWritten(sql, wish);
    const { rows } = await sql.query<{ entries: number; byRow: number }>(
      `SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid))::integer AS entries,
              sum(pg_stat_get_xact_tuples_fetched(indexrelid))::integer AS "byRow"
         FROM pg_index WHERE indrelid IN (
           SELECT inhrelid FROM pg_inherits WHERE inhparent = 'telemetry.metrics_hourly'::regclass)`,
    );
    return { points: written.get(device.deviceId)?.written.length, found: rows[0] };
  });
  expect(points).toBe(24);
  expect(found).toEqual({ entries: 24, byRow: 0 });
});

it('loses nothing of what is added to a row while it is moved', async () => {
  const [device] = devices;
  if (device === undefined) throw new Error('there is no device');
  const late = { at: day + 5 * hourMs + 60_000, body: bodyOf(50) };
  await storeSimpleMetrics(ingest, device, [late], day + 2 * dayMs);
  const client = await owner.connect();
  await client.query('BEGIN');
  await client.query(
    `UPDATE telemetry.metrics_hourly SET samples = samples + 7 WHERE device_id = $1 AND bucket = $2`,
    [device.deviceId, new Date(day + 6 * hourMs)],
  );
  const moving = gatherHours(ingest, settled);
  const adding = rollUp(ingest);
  await client.query('COMMIT');
  client.release();
  expect(await moving).toBe(24 * devices.length);
  expect(await adding).toEqual({ marks: 1, hours: 1 });
  const { rows } = await owner.query<{ samples: number; sum: number }>(
    `SELECT samples, cpu_percent_sum AS sum FROM telemetry.metrics_hourly
      WHERE device_id = $1 AND bucket IN ($2, $3) ORDER BY bucket`,
    [device.deviceId, new Date(day + 5 * hourMs), new Date(day + 6 * hourMs)],
  );
  expect(rows).toEqual([
    { samples: 2, sum: 55 },
    { samples: 8, sum: 6 },
  ]);
});

it('goes on where it stopped, a day after the other', async () => {
  await owner.query('UPDATE telemetry.hours_gathered SET after = $1', [
    devices.map(({ deviceId }) => deviceId).sort()[9],
  ]);
  expect(await gatherHours(ingest, settled)).toBe(24 * 10);
  expect(await gatherHours(ingest, settled + 2 * dayMs)).toBe(6 * devices.length);
  const { rows } = await owner.query('SELECT day FROM telemetry.hours_gathered');
  expect(rows).toEqual([{ day: new Date(day + 3 * dayMs) }]);
});
