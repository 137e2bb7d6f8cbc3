/** Devices that miss every window they were told of, against a real Postgres and hub. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { eventually, type TestDevice } from '../rig.suite.ts';
import { type Fleet, openFleet } from '../rollouts/fleet.suite.ts';
import { atPace } from '../rollouts/pace.suite.ts';

let fleet: Fleet;
let pace: ReturnType<typeof atPace>;
beforeAll(async () => {
  fleet = await openFleet(inject('postgresUrl'));
  pace = atPace(fleet);
});
afterAll(() => fleet.rig.stop());

const window = { cron: '* * * * *', timeZone: 'UTC', minutes: 1 };

// docs/rollouts.md: a device is told of six windows, and may miss all of them.
it('names a device other windows as often as it misses all, however long that takes', async () => {
  const { bundleId, devices } = await pace.open([{}, {}]);
  const [begun, done] = devices as [TestDevice, TestDevice];
  const rollout = await pace.start(bundleId, devices, { windows: [window] });
  await fleet.says(begun, bundleId, 'downloading');
  await fleet.says(done, bundleId, 'running');
  await pace.until(rollout.id, { progress: { inProgress: 1, succeeded: 1 } });
  const { requestedGeneration } = await fleet.slotOf(begun, bundleId);
  const missAll = (device: TestDevice) =>
    fleet.rig.owner.query(
      `UPDATE bundle_orchestrator.desired_states
          SET windows_due_at = now() - interval '1 hour',
              slots = jsonb_set(slots, '{0,windows}', '[[1000, 2000], [3000, 4000]]')
        WHERE device_id = $1`,
      [device.deviceId],
    );
  for (let times = 0; times < 2; times += 1) {
    const { generation } = await fleet.desired(begun);
    await missAll(begun);
    await eventually(async () => {
      const slot = await fleet.slotOf(begun, bundleId);
      expect(slot.windows?.[0]?.[1]).toBeGreaterThan(Date.now() / 1_000);
      // Nothing begins anew: it is asked for what it was asked for.
      expect(slot.requestedGeneration).toBe(requestedGeneration);
    });
    expect((await fleet.desired(begun)).generation).toBe(generation + 1);
    await fleet.says(begun, bundleId, 'downloading');
  }
  const isLeft = async () => {
    const { rows } = await fleet.rig.owner.query<{ device_id: string }>(
      `SELECT device_id FROM bundle_orchestrator.desired_states
        WHERE windows_due_at < now() AND device_id = ANY ($1)`,
      [devices.map(({ deviceId }) => deviceId)],
    );
    return rows.length > 0;
  };
  // What it said last is heard before that is taken back, or it would be heard after that.
  const { generation: last } = await fleet.desired(begun);
  await eventually(async () => {
    const { rows } = await fleet.rig.owner.query<{ generation: number }>(
      'SELECT generation FROM bundle_orchestrator.device_reports WHERE device_id = $1',
      [begun.deviceId],
    );
    expect(rows[0]?.generation).toBe(last);
  });
  // Who runs it needs none, and who has not heard of its state is waited for.
  const before = await fleet.desired(done);
  await missAll(done);
  await fleet.rig.owner.query(
    'UPDATE bundle_orchestrator.device_reports SET generation = 0 WHERE device_id = $1',
    [begun.deviceId],
  );
  const unheard = await fleet.desired(begun);
  await missAll(begun);
  await eventually(async () => expect(await isLeft()).toBe(false));
  expect((await fleet.desired(done)).generation).toBe(before.generation);
  expect((await fleet.desired(begun)).generation).toBe(unheard.generation);
  await fleet.says(begun, bundleId, 'running');
  await pace.until(rollout.id, { status: 'succeeded' });
});

it('names none any more to who has fetched and waits, once windows of sites are ignored', async () => {
  const { mark, bundleId, devices } = await pace.open([{}, {}]);
  const [waits, free] = devices as [TestDevice, TestDevice];
  await fleet.rig.owner.query('UPDATE device_manager.sites SET windows = $2 WHERE name = $1', [
    `plant-${mark}`,
    JSON.stringify([{ ...window, cron: '* * * * *' }]),
  ]);
  const rollout = await pace.start(bundleId, devices, {});
  await fleet.says(waits, bundleId, 'downloading');
  await fleet.says(free, bundleId, 'running');
  await pace.until(rollout.id, { progress: { inProgress: 1, succeeded: 1 } });
  const before = await fleet.slotOf(waits, bundleId);
  expect(before.windows).toHaveLength(6);
  const { generation } = await fleet.desired(free);
  const path = `/api/rollouts/${rollout.id}/ignore-site-windows`;
  const token = fleet.one.operator;
  const ignored = await fleet.rig.ask('POST', path, { token, body: { reason: 'It is used.' } });
  expect(ignored.status).toBe(200);
  await eventually(async () => {
    const slot = await fleet.slotOf(waits, bundleId);
    expect(slot.windows).toBeUndefined();
    expect(slot.requestedGeneration).toBe(before.requestedGeneration);
  });
  expect((await fleet.desired(free)).generation).toBe(generation);
});
