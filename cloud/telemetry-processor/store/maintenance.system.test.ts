/** Partitions made ahead, rows that came before theirs existed, retention, and the lease. */
import '@signalbeam/launcher/rig/provided';
import { randomUUID } from 'node:crypto';
import { type FreshDatabase, freshDatabase } from '@signalbeam/launcher/rig/database';
import { migrate } from '@signalbeam/platform/postgres/migrate';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createLease } from './lease.ts';
import { defaultRetention, ensurePartitions, removeOld } from './maintenance.ts';

const dayMs = 86_400_000;
const now = Date.UTC(2026, 5, 15, 12);
let database: FreshDatabase;
let ingest: Pool;
let other: Pool;

const insert = (at: number, receivedAt: number) =>
  ingest.query(
    `INSERT INTO telemetry.metrics (tenant_id, device_id, received_at, epoch, seq, at)
     VALUES ($1, $1, $2, '0', 1, $3)`,
    [randomUUID(), new Date(receivedAt), new Date(at)],
  );
const whereRowsAre = async (): Promise<string[]> => {
  const { rows } = await ingest.query<{ part: string }>(
    'SELECT tableoid::regclass::text AS part FROM telemetry.metrics ORDER BY at',
  );
  return rows.map(({ part }) => part);
};

beforeAll(async () => {
  database = await freshDatabase(inject('postgresUrl'));
  await migrate({ url: database.url });
  ingest = openPool({ url: database.url, role: 'sb_ingest', max: 2 });
  other = openPool({ url: database.url, role: 'sb_ingest', max: 2 });
});
afterAll(async () => {
  await Promise.all([ingest.end(), other.end()]);
  await database.drop();
});

it('makes the days around today once, and moves rows that came early into theirs', async () => {
  await insert(now, now);
  await insert(now + 10 * dayMs, now);
  expect(await whereRowsAre()).toEqual(['telemetry.metrics_other', 'telemetry.metrics_other']);
  const made = await Promise.all([ensurePartitions(ingest, now), ensurePartitions(other, now)]);
  expect(made.sort((a, b) => a - b)).toEqual([0, 18]);
  expect(await whereRowsAre()).toEqual(['telemetry.metrics_20260615', 'telemetry.metrics_other']);
  expect(await ensurePartitions(ingest, now + 8 * dayMs)).toBe(8);
  expect(await whereRowsAre()).toEqual([
    'telemetry.metrics_20260615',
    'telemetry.metrics_20260625',
  ]);
});

it('removes what is past its time, by day or, with a wrong clock, by arrival', async () => {
  await insert(0, now);
  await insert(0, now - 40 * dayMs);
  const retention = { ...defaultRetention, metricsDays: 5, eventsDays: 5, deadLettersDays: 5 };
  await removeOld(ingest, now + 5 * dayMs, { ...retention, metricsDays: 30 });
  expect(await whereRowsAre()).toHaveLength(3);
  await removeOld(ingest, now + 8 * dayMs, retention);
  expect(await whereRowsAre()).toEqual(['telemetry.metrics_20260625']);
});

it('has one holder at a time, and another when that one is gone', async () => {
  const [one, two] = [createLease(ingest, 4711), createLease(other, 4711)];
  expect(await one.hold()).toBe(true);
  expect(await two.hold()).toBe(false);
  expect(await one.hold()).toBe(true);
  await one.release();
  await expect.poll(() => two.hold()).toBe(true);
  expect(await one.hold()).toBe(false);
  await two.release();
});
