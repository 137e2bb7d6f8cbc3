/**
 * A gate that leaves out whoever is not heard of: they are counted now and then, not for every report, and
 * still no wave passes by an old count, nor later than it could.
 */
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { setPresence, type TestDevice } from '../rig.suite.ts';
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
