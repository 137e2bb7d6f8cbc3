/** Devices that failed get back what they had, also where that takes one of a redundancy group down. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { eventually, sendReport, type TestDevice } from '../rig.suite.ts';
import { type Fleet, openFleet } from './fleet.suite.ts';
import { atPace } from './pace.suite.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await openFleet(inject('postgresUrl'));
});
afterAll(() => fleet.rig.stop());

const pace = { redundancyTag: 'redundancy' };

/** It says what its rollout is to be looked at for anyway, within half a minute. */
const lookAgain = (id: string) =>
  fleet.rig.owner.query(
    'UPDATE bundle_orchestrator.rollouts SET tell_due_at = now() WHERE id = $1',
    [id],
  );
const dueInMs = async (id: string): Promise<number> => {
  const { rows } = await fleet.rig.owner.query<{ due: Date | null }>(
    'SELECT tell_due_at AS due FROM bundle_orchestrator.rollouts WHERE id = $1',
    [id],
  );
  return (rows[0]?.due?.getTime() ?? 0) - Date.now();
};
const removed = async (device: TestDevice): Promise<void> => {
  const { generation } = await fleet.desired(device);
  await sendReport(fleet.rig, fleet.one, device.deviceId, [], { generation });
};

// Simulated seed 589: both of a pair were down, each asked by another rollout.
it('what was withdrawn under a failed device is taken away when its group is whole', async () => {
  const { open, start, until } = atPace(fleet);
  const tag: [string, string] = ['redundancy', `pair-${Date.now()}`];
  const { bundleId, devices } = await open([{ tag }, { tag }]);
  const [failing, other] = devices as [TestDevice, TestDevice];
  const older = await start(bundleId, devices, pace);
  for (const device of devices) {
    await eventually(async () => expect((await fleet.desired(device)).slots).toHaveLength(1));
    await fleet.says(device, bundleId, 'running');
  }
  await until(older.id, { status: 'succeeded' });
  const newer = await start(bundleId, [failing], pace, { version: '2.0.0' });
  const { generation, slots } = await fleet.desired(failing);
  const [slot] = slots;
  if (slot === undefined) throw new Error('it was not told');
  const failed = { slot, status: 'failed', runningVersion: '1.0.0', reason: 'ill' } as const;
  await sendReport(fleet.rig, fleet.one, failing.deviceId, [failed], { generation });
  await until(newer.id, { progress: { failed: 1 } });

  // The older one is undone: on the failed device the newer one holds, the other one goes down.
  expect((await fleet.steer(older.id, 'rollback')).status).toBe(200);
  await until(older.id, { progress: { cancelled: 1, rollingBack: 1 } });
  expect((await fleet.steer(newer.id, 'rollback')).status).toBe(200);
  await eventually(async () => expect(await dueInMs(newer.id)).toBeGreaterThan(10_000));
  await lookAgain(newer.id);
  await eventually(async () => expect(await dueInMs(newer.id)).toBeGreaterThan(10_000));
  expect((await fleet.desired(failing)).slots).toEqual([slot]);

  await removed(other);
  await until(older.id, { status: 'rolled-back' });
  await lookAgain(newer.id);
  await eventually(async () => expect((await fleet.desired(failing)).slots).toEqual([]));
  // Its place is its own until it says that it is done.
  const again = await start(bundleId, [other], pace, { version: '2.0.0' });
  expect(again).toMatchObject({ progress: { planned: 1 } });
  await removed(failing);
  await lookAgain(again.id);
  await until(again.id, { progress: { pending: 1 } });
});
