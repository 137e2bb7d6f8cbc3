/**
 * A tenant whose devices are watched, for the tests of alerts: a clock that is handed in, devices that are
 * there, away or busy, and what is told of them. Registers its own opening and closing.
 */
import '@signalbeam/launcher/rig/provided';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import { afterAll, beforeAll, inject } from 'vitest';
import { keepLatest } from '../ingest/latest.ts';
import { addDevices, addTenant, openOwner, signIn, type TestTenant } from '../rig.suite.ts';
import { createService } from '../service.ts';
import type { AlertRow } from '../store/alert-rows.ts';
import { evaluateAlerts } from './evaluate.ts';

type Answer = { status: number; body: Record<string, unknown> };
type Opened = { test: TestPlatform; owner: Pool; tenant: TestTenant; token: string };

export const watchAlerts = () => {
  /** Far ahead, so that no other evaluation of this database has a say. */
  let now = Date.now();
  let opened: Opened;
  let service: ReturnType<typeof createService>;
  beforeAll(async () => {
    const test = await openTestPlatform(inject('postgresUrl'));
    const owner = openOwner(test.world.databaseUrl);
    service = createService({ ...test.platform, now: () => now });
    const tenant = await addTenant(owner, test.platform);
    const { token } = await signIn(owner, test.platform, tenant, 'operator');
    opened = { test, owner, tenant, token };
  });
  afterAll(async () => {
    await opened?.owner.end();
    await opened?.test.close();
  });
  return {
    test: () => opened.test,
    owner: () => opened.owner,
    tenant: () => opened.tenant,
    now: () => now,
    pass: (seconds: number): Date => {
      now += seconds * 1_000;
      return new Date(now);
    },
    look: () => evaluateAlerts(opened.test.platform.pools.system, { now, graceUntilMs: 0 }),
    ask: async (method: string, path: string, body?: unknown): Promise<Answer> => {
      const { token } = opened;
      const response = await service.app.request(path, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
    },
    alertsOf: async (more = ''): Promise<AlertRow[]> => {
      const { rows } = await opened.owner.query<AlertRow>(
        `SELECT * FROM telemetry.alerts WHERE tenant_id = $1 ${more} ORDER BY raised_at, title`,
        [opened.tenant.tenantId],
      );
      return rows;
    },
    sample: (deviceId: string, cpuPercent: number) =>
      keepLatest(opened.test.platform.pools.ingest, [
        {
          device: { deviceId, tenantId: opened.tenant.tenantId },
          ...{ at: now, receivedAt: now },
          body: { cpuPercent, memoryPercent: 10, diskPercent: 10, temperatureCelsius: null },
        },
      ]),
    idsAt: async (site: string, count: number): Promise<string[]> =>
      (await addDevices(opened.owner, opened.tenant, count, site)).map(({ deviceId }) => deviceId),
  };
};
