/**
 * A gate that leaves out whoever is not heard of: they are counted now and then, not for every report, and
 * still no wave passes by an old count, nor later than it could.
 */
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { emptyProgress } from '../core/rollout.ts';
import { setPresence, type TestDevice } from '../rig.suite.ts';
import { createKeptUnreached } from '../store/kept-unreached.ts';
import { type CountUnreached, wavesOf } from '../store/rollout-waves.ts';
import { type Fleet, openFleet } from './fleet.suite.ts';
import { advanceFor } from './hear-reports.ts';
import { atPace } from './pace.suite.ts';

let fleet: Fleet;
let open: ReturnType<typeof atPace>['open'];
let start: ReturnType<typeof atPace>['start'];
let until: ReturnType<typeof atPace>['until'];
beforeAll(async () => {
  fleet = await openFleet(inject('postgresUrl'));
  ({ open, start, until } = atPace(fleet));
});
afterAll(() => fleet.rig.stop());

const unreached = { rule: 'go-on', afterMs: 60_000, reachedPercentMin: 10 };
const gate = { succeededPercentMin: 100, failedPercentMax: 0, unreached };
/** Somebody has to approve what comes after it, so that a gate that is good is seen. */
const waves = [
  { name: 'first', size: { kind: 'count', count: 4 }, gate: { ...gate, approval: 'any-person' } },
  { name: 'rest', size: { kind: 'rest' }, gate },
];

/** Four devices in a wave that began an hour ago; the last of them is away. */
const begun = async () => {
  const { bundleId, devices } = await open([{}, {}, {}, {}, {}]);
  const { id } = await start(bundleId, devices, {}, { waves });
  const told = new Set(
    (await fleet.rows(id)).filter(({ status }) => status === 'pending').map((row) => row.deviceId),
  );
  const inWave = devices.filter(({ deviceId }) => told.has(deviceId));
  const [, , , away] = inWave as [TestDevice, TestDevice, TestDevice, TestDevice];
  await setPresence(fleet.rig, fleet.one, away.deviceId, 'offline');
  await fleet.rig.owner.query(
    `UPDATE bundle_orchestrator.rollout_waves SET opened_at = now() - interval '1 hour'
      WHERE rollout_id = $1 AND wave = 0`,
    [id],
  );
  return { id, bundleId, inWave };
};

/** How often Postgres was asked who is not heard of. */
const countingCounts = (pool: Pool): (() => number) => {
  let counts = 0;
  const counted = new WeakSet<object>();
  pool.on('acquire', (client) => {
    if (counted.has(client)) return;
    counted.add(client);
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    const counting = (...args: unknown[]): unknown => {
      if (/silent\.count/.test(String(args[0]))) counts += 1;
      return query(...args);
    };
    client.query = counting as typeof client.query;
  });
  return () => counts;
};

const isGood = { waiting: expect.stringMatching(/is good; waiting for somebody to approve it/) };

it('are counted once for many reports, and the gate is good as soon as the last that is reached confirmed', async () => {
  const { id, bundleId, inWave } = await begun();
  const [one, two, three] = inWave as [TestDevice, TestDevice, TestDevice];
  const { platform } = fleet.rig;
  const parts = {
    ...{ pools: platform.pools, keyring: platform.keyring, log: platform.log, now: platform.now },
    onChanged: () => undefined,
  };
  await fleet.says(one, bundleId, 'running');
  await until(id, { progress: { succeeded: 1 } });
  const counts = countingCounts(platform.pools.system);
  for (let report = 0; report < 5; report += 1)
    await advanceFor(parts, [{ tenantId: fleet.one.tenantId, deviceId: two.deviceId }]);
  expect(counts()).toBe(0);
  await fleet.says(two, bundleId, 'running');
  await fleet.says(three, bundleId, 'running');
  await until(id, { ...isGood, progress: { succeeded: 3, unreached: 1 } });
});

it('hold a gate up again once they are heard of, whatever was counted before', async () => {
  const { id, bundleId, inWave } = await begun();
  const [one, two, three, away] = inWave as [TestDevice, TestDevice, TestDevice, TestDevice];
  await fleet.says(one, bundleId, 'running');
  await until(id, { progress: { succeeded: 1, unreached: 1 } });
  await setPresence(fleet.rig, fleet.one, away.deviceId, 'online');
  await fleet.says(two, bundleId, 'running');
  await fleet.says(three, bundleId, 'running');
  await until(id, { progress: { succeeded: 3, pending: 1 } });
  const { rows } = await fleet.rig.owner.query(
    `SELECT good_since, unreached FROM bundle_orchestrator.rollout_waves
      WHERE rollout_id = $1 AND wave = 0`,
    [id],
  );
  expect(rows).toEqual([{ good_since: null, unreached: 0 }]);
  await fleet.says(away, bundleId, 'running');
  await until(id, isGood);
});

it('is counted at a look at many every ten seconds, and never as more than are at work', async () => {
  const { id, inWave } = await begun();
  const [one, other] = inWave as [TestDevice, TestDevice];
  const pool = fleet.rig.platform.pools.api;
  const counted = countingCounts(pool);
  let now = Date.now();
  const clock = { now: () => now };
  const kept = createKeptUnreached({ ...clock, devicesMin: 1 });
  const few = createKeptUnreached({ ...clock, devicesMin: 5 });
  const look = async (unreached: CountUnreached) => {
    const { tenantId } = fleet.one;
    const waves = await withTenant(pool, everySite(tenantId), (sql) =>
      wavesOf(sql, tenantId, [id], unreached),
    );
    const { pending, succeeded, unreached: silent } = waves.get(id)?.[0]?.counts ?? emptyProgress;
    return { pending, succeeded, silent };
  };
  const looks = counted();
  expect(await look(kept)).toEqual({ pending: 3, succeeded: 0, silent: 1 });
  for (const { deviceId } of [one, other]) {
    await setPresence(fleet.rig, fleet.one, deviceId, 'offline');
  }
  expect(await look(few)).toEqual({ pending: 1, succeeded: 0, silent: 3 });
  expect(counted() - looks).toBe(2);
  now += 9_999;
  expect(await look(kept)).toEqual({ pending: 3, succeeded: 0, silent: 1 });
  expect(counted() - looks).toBe(2);
  now += 1;
  expect(await look(kept)).toEqual({ pending: 1, succeeded: 0, silent: 3 });
  expect(counted() - looks).toBe(3);
  // Now all but one have confirmed: what was counted before is of more.
  await fleet.rig.owner.query(
    `UPDATE bundle_orchestrator.rollout_devices SET status = 'succeeded', completed_at = now()
      WHERE rollout_id = $1 AND status = 'pending' AND device_id <> $2`,
    [id, one.deviceId],
  );
  expect(await look(kept)).toEqual({ pending: 0, succeeded: 3, silent: 1 });
  expect(counted() - looks).toBe(3);
});
