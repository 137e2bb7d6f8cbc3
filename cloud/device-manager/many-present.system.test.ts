/** Lists by presence of a fleet that went offline a moment ago, or of which nobody was never heard of: little is read. */
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { filterOf } from './choose-devices.ts';
import { makeToken, openTenant, type Rig, startRig } from './rig.suite.ts';
import { pickDevices } from './store/device-list.ts';
import { type MarkPlace, noteHeard } from './store/unheard.ts';

const nowMs = Date.now();
let rig: Rig;

beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
});
afterAll(async () => rig?.stop());

/** Names of those that bear the mark. */
const marked = async (tenantId: string): Promise<string[]> => {
  const { rows } = await rig.owner.query<{ name: string }>(
    `SELECT name FROM device_manager.devices
      WHERE tenant_id = $1 AND may_be_unheard ORDER BY listed_as, id`,
    [tenantId],
  );
  return rows.map(({ name }) => name);
};

describe('a fleet that went offline a moment ago', () => {
  const count = 6_000;
  const limit = 50;
  /** Rows of presence that this connection read since it last told of them, which may be some transactions ago. */
  const readSoFar = async (sql: Sql): Promise<number> => {
    const { rows } = await sql.query<{ read: number }>(
      `SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS read
         FROM pg_stat_xact_user_tables WHERE relid = 'telemetry.presence'::regclass`,
    );
    return rows[0]?.read ?? 0;
  };

  test('is listed by reading little more than a page, whatever the planner knows of it', async () => {
    const lost = await openTenant(rig, 'lost');
    const { tenantId } = lost;
    const { id: tokenId } = await makeToken(rig, lost, { maxUses: 1 });
    await rig.owner.query(
      `WITH made AS (
         INSERT INTO device_manager.devices
           (tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version, os,
            architecture, hostname, registration_token_id)
         SELECT $1, 'd' || n, 's-' || n % 500, 'approved', 'U' || md5(n::text), 'k', 'f', '0.1.0', 'linux', 'x64', 'h', $3
           FROM generate_series(1, $2::integer) n RETURNING id)
       INSERT INTO telemetry.presence SELECT id, $1, now(), 30000, 'online', now() FROM made`,
      [tenantId, count, tokenId],
    );
    await rig.owner.query('ANALYZE telemetry.presence, device_manager.devices');
    await rig.owner.query(
      `UPDATE telemetry.presence SET presence = 'offline' WHERE tenant_id = $1`,
      [tenantId],
    );
    for (const choice of [{ status: 'offline' as const }, { query: 'status=offline' }]) {
      const read = await withTenant(rig.platform.pools.api, everySite(tenantId), async (sql) => {
        const before = await readSoFar(sql);
        const filter = await filterOf(sql, choice, 'page');
        const found = await pickDevices(sql, filter, { limit }, nowMs);
        expect(found.length).toBe(limit);
        return (await readSoFar(sql)) - before;
      });
      expect(read).toBeLessThan(count / 2);
    }
    // Those that were never heard of are none, which the marks say.
    // The service that runs beside this may be clearing some of them at the moment.
    await noteHeard(rig.platform.pools.system, null);
    await expect.poll(() => marked(tenantId), { timeout: 15_000 }).toEqual([]);
    for (const choice of [{ status: 'never' as const }, { query: 'status=never' }]) {
      const read = await withTenant(rig.platform.pools.api, everySite(tenantId), async (sql) => {
        const before = await readSoFar(sql);
        const filter = await filterOf(sql, choice, 'page');
        expect(await pickDevices(sql, filter, { limit }, nowMs)).toEqual([]);
        return (await readSoFar(sql)) - before;
      });
      expect(read).toBeLessThan(limit);
    }
    const online = await withTenant(rig.platform.pools.api, everySite(tenantId), async (sql) =>
      pickDevices(sql, await filterOf(sql, { status: 'online' }, 'page'), { limit }, nowMs),
    );
    expect(online).toEqual([]);
  });
});

test('who was never heard of is gone round in small steps, and whoever was heard of is found', async () => {
  const boxes = await openTenant(rig, 'boxes');
  const { id: tokenId } = await makeToken(rig, boxes, { maxUses: 1 });
  await rig.owner.query(
    `INSERT INTO device_manager.devices
       (tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version, os,
        architecture, hostname, registration_token_id)
     SELECT $1, 'box ' || n, 's', 'approved', 'U' || md5('box ' || n), 'k', 'f', '0.1.0', 'linux', 'x64', 'h', $2
       FROM generate_series(1, 40) n`,
    [boxes.tenantId, tokenId],
  );
  const pool = rig.platform.pools.system;
  const goRound = async (): Promise<number> => {
    let after: MarkPlace | null = null;
    for (let steps = 1; ; steps += 1) {
      after = (await noteHeard(pool, after, 10)).next;
      if (after === null) return steps;
    }
  };
  await goRound();
  // None was heard of, so each step ends after the ten that it may look at.
  expect(await goRound()).toBeGreaterThanOrEqual(4);
  const boxed = await marked(boxes.tenantId);
  expect(boxed.length).toBe(40);
  await rig.owner.query(
    `INSERT INTO telemetry.presence
     SELECT id, tenant_id, now(), 30000, 'online', now() FROM device_manager.devices
      WHERE tenant_id = $1 AND name IN ('box 1', 'box 17', 'box 40')`,
    [boxes.tenantId],
  );
  await goRound();
  const still = boxed.filter((name) => !['box 1', 'box 17', 'box 40'].includes(name));
  await expect.poll(() => marked(boxes.tenantId), { timeout: 15_000 }).toEqual(still);
});
