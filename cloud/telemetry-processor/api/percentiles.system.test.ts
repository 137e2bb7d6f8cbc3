/** Percentiles over the devices of a site or a group, through the service, on Postgres. */
import { randomUUID } from 'node:crypto';
import '@signalbeam/launcher/rig/provided';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import type { Service } from '@signalbeam/platform/service';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { addDevices, addTenant, openOwner, signIn, type TestTenant } from '../rig.suite.ts';
import { createService } from '../service.ts';
import { metricColumns } from '../store/metric-columns.ts';

let test: TestPlatform;
let owner: Pool;
let service: Service;
let tenant: TestTenant;
let other: TestTenant;
let viewer: string;

beforeAll(async () => {
  test = await openTestPlatform(inject('postgresUrl'));
  owner = openOwner(test.world.databaseUrl);
  service = createService(test.platform);
  tenant = await addTenant(owner, test.platform);
  other = await addTenant(owner, test.platform);
  viewer = (await signIn(owner, test.platform, tenant)).token;
});
afterAll(async () => {
  await owner?.end();
  await test?.close();
});

const ask = async (path: string): Promise<{ status: number; body: Record<string, unknown> }> => {
  const headers = { authorization: `Bearer ${viewer}` };
  const response = await service.app.request(path, { headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

it('is spread over the devices of a site or a group, each of which counts by its mean', async () => {
  const devices = await addDevices(owner, tenant, 5, 'plant-9');
  // Of the device n two samples, 0 and 20 n.
  await owner.query(
    `INSERT INTO telemetry.metrics_minutes
       (tenant_id, device_id, bucket, samples, misdated, newest, cpu_percent_min, cpu_percent_max,
        cpu_percent_sum, ${metricColumns.map((column) => `${column}_count`).join(', ')})
     SELECT $1, id, date_bin('5 minutes', now() - interval '20 minutes', 'epoch'), 2, 0, '{}', 0,
            20 * n, 20 * n, ${metricColumns.map((column) => (column === 'cpu_percent' ? 2 : 0)).join(', ')}
       FROM unnest($2::uuid[]) WITH ORDINALITY AS device (id, n)`,
    [tenant.tenantId, devices.map(({ deviceId }) => deviceId)],
  );
  const group = async ({ tenantId }: TestTenant, query: string | null): Promise<string> => {
    const { rows } = await owner.query<{ id: string }>(
      `INSERT INTO device_manager.groups (tenant_id, name, query, created_by)
       VALUES ($1, $2, $3, 'test') RETURNING id`,
      [tenantId, randomUUID(), query],
    );
    return rows[0]?.id ?? '';
  };
  const of = (query: string) => ask(`/api/telemetry/percentiles?metric=cpuPercent&${query}`);
  const point = { devices: 5, min: 10, p50: 30, p95: 48, p99: 49.6, max: 50 };
  expect((await of('site=plant-9')).body).toMatchObject({
    ...{ source: 'minutes', stepMs: 300_000, each: 'avg', devices: 5, points: [point] },
  });
  const fixed = await group(tenant, null);
  await owner.query(
    `INSERT INTO device_manager.group_members (tenant_id, group_id, device_id, added_by)
     SELECT $1, $2, id, 'test' FROM unnest($3::uuid[]) id`,
    [tenant.tenantId, fixed, devices.slice(0, 3).map(({ deviceId }) => deviceId)],
  );
  expect((await of(`groupId=${fixed}&each=max&step=1h`)).body).toMatchObject({
    ...{ source: 'hours', stepMs: 3_600_000, devices: 3, points: [] },
  });
  expect((await of(`groupId=${fixed}&each=max&step=30m`)).body).toMatchObject({
    points: [{ devices: 3, min: 20, p50: 40, max: 60 }],
  });
  const dynamic = await group(tenant, 'site=plant-9 AND NOT status=online');
  expect((await of(`groupId=${dynamic}`)).body).toMatchObject({ devices: 5, points: [point] });
  expect((await of(`groupId=${await group(other, 'site=plant-9')}`)).status).toBe(404);
  expect((await of('site=nowhere')).body).toMatchObject({ devices: 0, points: [] });
  for (const query of ['', `site=plant-9&groupId=${fixed}`, 'site=plant-9&from=5&to=5']) {
    expect(await of(query)).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
  }
  const counter = '/api/telemetry/percentiles?metric=uptimeSeconds&site=plant-9';
  expect((await ask(counter)).status).toBe(400);
});
