/** What an idle device measured comes a quarter of an hour at a time, and is judged as if it had come by itself. */
import '@signalbeam/launcher/rig/provided';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { keepLatest } from '../ingest/latest.ts';
import { addDevices, addTenant, openOwner, setPresence, type TestTenant } from '../rig.suite.ts';
import { evaluateAlerts } from './evaluate.ts';

let test: TestPlatform;
let owner: Pool;
let tenant: TestTenant;
let now = Date.now();
beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  tenant = await addTenant(owner, test.platform);
});
afterAll(async () => {
  await owner?.end();
  await test?.close();
});

const passAndLook = async (seconds: number): Promise<void> => {
  now += seconds * 1_000;
  await evaluateAlerts(test.platform.pools.system, { now, graceUntilMs: 0 });
};

/** A clock that is a year behind: nothing is judged by it but against itself. */
const behindMs = 365 * 86_400_000;

/** One sample each 15 s; the last of them is the newest now. */
const frame = async (deviceId: string, cpuOf: (index: number) => number): Promise<void> => {
  const { tenantId } = tenant;
  const at = now - behindMs;
  const cpu = Array.from({ length: 60 }, (_, index) => cpuOf(index));
  await owner.query(
    `INSERT INTO telemetry.metrics (tenant_id, device_id, received_at, epoch, seq, at, cpu_percent)
     SELECT $1, $2, $3, '0', n, $4::timestamptz - (60 - n) * interval '15 seconds', cpu
       FROM unnest($5::float8[]) WITH ORDINALITY AS s (cpu, n)`,
    [tenantId, deviceId, new Date(now), new Date(at), cpu],
  );
  const body = { cpuPercent: cpuOf(59), memoryPercent: 10, diskPercent: 10 };
  await keepLatest(test.platform.pools.ingest, [
    { device: { tenantId, deviceId }, ...{ at, receivedAt: now, body } },
  ]);
};

it('is bad for as long as its samples say, not since the last of them came, nor by that one alone', async () => {
  const devices = await addDevices(owner, tenant, 3, 'mill');
  const [busy = '', spiky = '', late = ''] = devices.map(({ deviceId }) => deviceId);
  const told = async (): Promise<string[]> => {
    const { rows } = await owner.query<{ device_id: string }>(
      'SELECT device_id FROM telemetry.alerts WHERE tenant_id = $1 ORDER BY raised_at',
      [tenant.tenantId],
    );
    return rows.map((row) => row.device_id);
  };
  const frames = async (lateFrom: number): Promise<void> => {
    const ids = [busy, spiky, late];
    await setPresence(owner, tenant.tenantId, ids, 'online', new Date(now));
    await frame(busy, (index) => (index < 10 ? 20 : 97));
    await frame(spiky, (index) => (index < 59 ? 20 : 97));
    await frame(late, (index) => (index < lateFrom ? 20 : 97));
    await passAndLook(0);
    await passAndLook(5);
  };
  await frames(40);
  // Twelve minutes of it came at once.
  expect(await told()).toEqual([busy]);
  // One sample, or five minutes of them, is all that is known of the others.
  for (const seconds of [300, 300, 290]) await passAndLook(seconds);
  expect(await told()).toEqual([busy]);
  now += 5_000;
  await frames(0);
  expect(await told()).toEqual([busy, late]);
  now += 895_000;
  await frames(0);
  expect(await told()).toEqual([busy, late]);
});
