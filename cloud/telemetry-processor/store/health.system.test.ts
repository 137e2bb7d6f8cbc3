/**
 * Presence and health as the holder of the lease decides them, over Postgres: who goes and comes
 * back is told once, in bounded steps; a score follows its facts, and is left alone while they stay.
 */
import '@signalbeam/launcher/rig/provided';
import { randomUUID } from 'node:crypto';
import { type FreshDatabase, freshDatabase } from '@signalbeam/launcher/rig/database';
import { migrate } from '@signalbeam/platform/postgres/migrate';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import { publicKeyFromRaw } from '@signalbeam/sync/wire/keys';
import { type MetricsBody, metricNames } from '@signalbeam/sync/wire/rows';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { healthLimits } from '../core/health.ts';
import { decodeFrame } from '../ingest/decode.ts';
import type { KnownDevice } from '../ingest/directory.ts';
import { storeBatch } from '../ingest/store.ts';
import { flushPresence, takeOffline } from '../presence/flush.ts';
import { addDevices } from '../rig.suite.ts';
import type { VirtualDevice } from '../virtual-device.suite.ts';
import { judgeDevices } from './health.ts';
import { readHealth, readHealthSummary } from './health-reads.ts';
import { rollUp } from './rollups.ts';
import { storeSimpleMetrics } from './simple-metrics.ts';

const now = Date.UTC(2026, 5, 15, 12);
const minuteMs = 60_000;
const tenantId = randomUUID();
const tenantKey = 'TENANT';

let database: FreshDatabase;
let one: Pool;
let two: Pool;
let api: Pool;
let owner: Pool;
let devices: VirtualDevice[];
let device: VirtualDevice;

beforeAll(async () => {
  database = await freshDatabase(inject('postgresUrl'));
  await migrate({ url: database.url });
  one = openPool({ url: database.url, role: 'sb_ingest', max: 2 });
  two = openPool({ url: database.url, role: 'sb_ingest', max: 2 });
  api = openPool({ url: database.url, role: 'sb_api', max: 1 });
  owner = openPool({ url: database.url, role: null, max: 1 });
  await owner.query(
    'INSERT INTO device_manager.tenants (id, name, tenant_key) VALUES ($1, $2, $3)',
    [tenantId, 'one', tenantKey],
  );
  const { rows } = await owner.query<{ id: string }>(
    `INSERT INTO device_manager.registration_tokens
       (tenant_id, prefix, salt, secret_hash, site, max_uses, created_by, expires_at)
     VALUES ($1, 'test', '\\x00', '\\x00', 'plant-7', 9, 'test', now() + interval '1 day')
     RETURNING id`,
    [tenantId],
  );
  devices = await addDevices(owner, { tenantId, tenantKey, tokenId: rows[0]?.id ?? '' }, 3);
  device = devices[0] as VirtualDevice;
});
afterAll(async () => {
  await Promise.all([one.end(), two.end(), api.end(), owner.end()]);
  await database.drop();
});

const beats = (of: readonly VirtualDevice[], lastSeenAt: number) =>
  of.map(({ deviceId }) => ({ deviceId, tenantId, lastSeenAt, nextBeatMs: minuteMs }));
const told = async (deviceId: string): Promise<string[]> => {
  const { rows } = await owner.query<{ type: string }>(
    `SELECT type FROM platform.domain_events
      WHERE data ->> 'deviceId' = $1 AND subject = 'signalbeam.devices.presence' ORDER BY position`,
    [deviceId],
  );
  return rows.map(({ type }) => type);
};
const health = (deviceId = device.deviceId) =>
  withTenant(api, everySite(tenantId), (sql) => readHealth(sql, deviceId));
const summary = () => withTenant(api, everySite(tenantId), readHealthSummary);

const send = async (lane: 'events' | 'reported', receivedAt: number): Promise<void> => {
  const subject = `${tenantKey}.${deviceSubjects.lane(lane, device.deviceId)}`;
  const data = device.frame(lane, 0, device.laneOf(lane).lines.length);
  const known = {
    ...{ deviceId: device.deviceId, tenantId, tenantKey, site: 'plant-7', approved: true },
    publicKey: publicKeyFromRaw(Buffer.from(device.signer.publicKey, 'base64')),
  } as KnownDevice;
  const frame = decodeFrame({ subject, data }, new Map([[device.deviceId, known]]), receivedAt);
  if (frame.kind !== 'frame') throw new Error(frame.reason);
  await storeBatch(one, [{ subject, frame }], []);
};
const sample = async (cpuPercent: number, at: number): Promise<void> => {
  const nothing = Object.fromEntries(metricNames.map((name) => [name, null])) as MetricsBody;
  const { deviceId } = device;
  const samples = [{ at, body: { ...nothing, cpuPercent } }];
  await storeSimpleMetrics(one, { tenantId, deviceId }, samples, at);
  await rollUp(one);
};

it('starts with what is known, which is little', async () => {
  expect(await summary()).toEqual({
    ...{ healthy: 0, degraded: 0, critical: 0, silent: 0, neverHeard: 3, averageScore: null },
  });
  expect(await flushPresence(one, beats(devices.slice(0, 2), now), now)).toBe(2);
  expect(await flushPresence(two, beats(devices.slice(0, 2), now), now)).toBe(0);
  expect(await judgeDevices(one, now)).toBe(2);
  expect(await health()).toMatchObject({ score: 75, not_heard_since: null });
  expect(await summary()).toMatchObject({ healthy: 2, neverHeard: 1, averageScore: 75 });
});

it('follows its facts, and judges nothing while they stay', async () => {
  await sample(50, now);
  await judgeDevices(one, now);
  expect(await health()).toMatchObject({ score: 85, parts: { resources: { points: 20 } } });
  await sample(55, now + 1_000);
  expect(await judgeDevices(one, now)).toBe(0);
  await sample(96, now + 2_000);
  expect(await judgeDevices(one, now)).toBe(1);
  expect(await health()).toMatchObject({ score: 78, parts: { resources: { points: 13 } } });
  // What was measured long before says nothing of now.
  await sample(10, now - 5 * 3_600_000);
  await judgeDevices(one, now);
  expect(await health()).toMatchObject({ score: 78 });
  device.write('reported', 1, now);
  await send('reported', now);
  expect(await judgeDevices(one, now)).toBe(1);
  const says = (await health())?.parts.reconciliation.says;
  expect(says).not.toBe('It has not reported what it runs yet.');
});

it('forgets trouble a day after it happened', async () => {
  const body = { type: 'update-failed', severity: 'error', message: 'no', data: {} };
  device.writeRaw('events', (seq) => JSON.stringify({ seq, at: now, body }));
  await send('events', now + 1);
  expect(await judgeDevices(one, now + 2)).toBe(1);
  expect((await health())?.parts.stability).toMatchObject({ points: 14 });
  expect(await judgeDevices(one, now + healthLimits.troubleMs - 1)).toBe(0);
  expect(await judgeDevices(one, now + healthLimits.troubleMs)).toBe(1);
  expect((await health())?.parts.stability).toMatchObject({ points: 20 });
});

it('takes nobody offline whose tenant is suspended, and gives them time to come back', async () => {
  const at = now + 3 * minuteMs + 1;
  const standing = (suspended: Date | null, resumed: Date | null) =>
    owner.query(
      `UPDATE device_manager.tenants
          SET suspended_at = $2, suspended_reason = CASE WHEN $2::timestamptz IS NOT NULL THEN 'x' END,
              resumed_at = $3 WHERE id = $1`,
      [tenantId, suspended, resumed],
    );
  for (const [suspended, resumed] of [
    [new Date(now), null],
    [null, new Date(at - 4 * minuteMs)],
  ] as const) {
    await standing(suspended, resumed);
    expect(await takeOffline(one, { listeningSince: now, now: () => at })).toBe(0);
  }
  await standing(null, new Date(at - 6 * minuteMs));
});

// Inventory §7.20
it('tells once who went and who came back, whichever replica decides', async () => {
  const { deviceId } = devices[1] as VirtualDevice;
  const at = now + 3 * minuteMs + 1;
  const times = { listeningSince: now, now: () => at };
  expect(await takeOffline(one, { ...times, listeningSince: now + minuteMs })).toBe(0);
  const both = await Promise.all([takeOffline(one, times), takeOffline(two, times)]);
  expect(both.reduce((sum, offline) => sum + offline, 0)).toBe(2);
  expect(await told(deviceId)).toEqual(['device.online', 'device.offline']);
  await judgeDevices(one, at);
  expect(await health(deviceId)).toMatchObject({ score: 45, not_heard_since: new Date(now) });
  expect(await judgeDevices(one, now + healthLimits.silentMs)).toBe(2);
  expect(await health(deviceId)).toMatchObject({ score: null, not_heard_since: new Date(now) });
  expect(await summary()).toMatchObject({ silent: 2, neverHeard: 1, averageScore: null });
  const back = now + 2 * healthLimits.silentMs;
  await Promise.all([one, two].map((pool) => flushPresence(pool, beats(devices, back), back)));
  expect(await told(deviceId)).toEqual(['device.online', 'device.offline', 'device.online']);
});

it('takes a fleet offline in bounded steps', async () => {
  await owner.query(
    `INSERT INTO telemetry.presence
       (device_id, tenant_id, last_seen_at, next_beat_ms, presence, changed_at)
     SELECT gen_random_uuid(), $1, $2, 60000, 'online', $2 FROM generate_series(1, 2500)`,
    [tenantId, new Date(now)],
  );
  const at = new Date(now + 4 * minuteMs);
  expect(await takeOffline(one, { listeningSince: now, now: () => at.getTime() })).toBe(2_500);
  const { rows } = await owner.query<{ devices: number }>(
    `SELECT count(*)::integer AS devices FROM telemetry.presence WHERE changed_at = $1 GROUP BY xmin::text`,
    [at],
  );
  expect(Math.max(...rows.map(({ devices }) => devices))).toBeLessThanOrEqual(1_000);
});

it('forgets a device that is nobody’s any more', async () => {
  await owner.query('UPDATE device_manager.devices SET deleted_at = now() WHERE id = $1', [
    device.deviceId,
  ]);
  await flushPresence(one, beats([device], now + 5 * 86_400_000), now + 5 * 86_400_000);
  await takeOffline(one, { listeningSince: now, now: () => now + 6 * 86_400_000 });
  await judgeDevices(one, now);
  const { rows } = await owner.query('SELECT 1 FROM telemetry.device_health WHERE device_id = $1', [
    device.deviceId,
  ]);
  expect(rows).toEqual([]);
});
