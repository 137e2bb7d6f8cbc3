/** Partitions made ahead where there are some, rows that came before theirs existed, retention, and the lease. */
import '@signalbeam/launcher/rig/provided';
import { randomUUID } from 'node:crypto';
import { type FreshDatabase, freshDatabase } from '@signalbeam/launcher/rig/database';
import { migrate } from '@signalbeam/platform/postgres/migrate';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { retentionOf } from '../core/retention.ts';
import { createLease } from './lease.ts';
import { ensurePartitions, removeAllOld, removeOld } from './maintenance.ts';
import { areSamplesHypertable } from './sample-storage.ts';

const dayMs = 86_400_000;
const now = Date.UTC(2026, 5, 15, 12);
let database: FreshDatabase;
let ingest: Pool;
let other: Pool;
let owner: Pool;
let isHypertable: boolean;

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
  owner = openPool({ url: database.url, role: null, max: 1 });
  other = openPool({ url: database.url, role: 'sb_ingest', max: 2 });
  isHypertable = await areSamplesHypertable(owner);
});
afterAll(async () => {
  await Promise.all([ingest.end(), other.end(), owner.end()]);
  await database.drop();
});

it('makes the days around today once, and moves rows that came early into theirs', async () => {
  await insert(now, now);
  await insert(now + 10 * dayMs, now);
  const makeDays = async () =>
    (await Promise.all([ensurePartitions(ingest, now), ensurePartitions(other, now)])).toSorted(
      (a, b) => a - b,
    );
  if (isHypertable) {
    // It makes its own, by when rows came.
    expect(await makeDays()).toEqual([0, 0]);
    expect(new Set(await whereRowsAre()).size).toBe(1);
    return;
  }
  expect(await whereRowsAre()).toEqual(['telemetry.metrics_other', 'telemetry.metrics_other']);
  expect(await makeDays()).toEqual([0, 18]);
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
  const retention = {
    ...retentionOf('paid', {}),
    metricsDays: 5,
    eventsDays: 5,
    deadLettersDays: 5,
  };
  await removeOld(ingest, now + 5 * dayMs, { ...retention, metricsDays: 30 });
  expect(await whereRowsAre()).toHaveLength(3);
  await removeOld(ingest, now + 8 * dayMs, retention);
  // In a hypertable all by arrival.
  expect(await whereRowsAre()).toEqual(isHypertable ? [] : ['telemetry.metrics_20260625']);
});

// Inventory §7.22
it('keeps what is a tenant’s for as long as it chose, within its tier', async () => {
  const [short, long] = [randomUUID(), randomUUID()];
  await owner.query(
    `INSERT INTO device_manager.tenants (id, name, tenant_key, tier)
     VALUES ($1, 'short', 'S', 'free'), ($2, 'long', 'L', 'paid')`,
    [short, long],
  );
  await owner.query(
    'INSERT INTO telemetry.retention (tenant_id, metrics_days, events_days) VALUES ($1, 90, 2)',
    [short],
  );
  const add = async (tenantId: string, at: number): Promise<void> => {
    const values = [tenantId, new Date(at)];
    await ingest.query(
      `INSERT INTO telemetry.metrics (tenant_id, device_id, received_at, epoch, seq, at)
       VALUES ($1, $1, $2, '0', 1, $2)`,
      values,
    );
    await ingest.query(
      `INSERT INTO telemetry.events
         (tenant_id, device_id, epoch, seq, at, received_at, type, severity, message, data)
       VALUES ($1, $1, '0', 1, $2, $2, 'link-up', 'info', '', '{}')`,
      values,
    );
  };
  for (const tenantId of [short, long]) {
    await ingest.query(
      `INSERT INTO telemetry.watermarks (device_id, lane, epoch, tenant_id)
       VALUES ($1, 'metrics', '0', $1)`,
      [tenantId],
    );
    for (const days of [1, 3, 8, 20, 100]) await add(tenantId, now - days * dayMs);
  }
  const left = async (table: string, tenantId: string): Promise<number[]> => {
    const { rows } = await ingest.query<{ at: Date }>(
      `SELECT at FROM telemetry.${table} WHERE tenant_id = $1 ORDER BY at DESC`,
      [tenantId],
    );
    return rows.map(({ at }) => (now - at.getTime()) / dayMs);
  };
  await removeAllOld(ingest, now);
  expect(await left('metrics', long)).toEqual([1, 3, 8, 20]);
  expect(await left('metrics', short)).toEqual([1, 3]);
  expect(await left('events', long)).toEqual([1, 3, 8, 20]);
  expect(await left('events', short)).toEqual([1]);
  await removeAllOld(ingest, now + 5 * dayMs);
  expect(await left('metrics', short)).toEqual([1]);
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
