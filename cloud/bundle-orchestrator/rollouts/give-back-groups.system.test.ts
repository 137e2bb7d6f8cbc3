/** Devices that failed get back what they had, also where that takes one of a redundancy group down. */
import { randomUUID } from 'node:crypto';
import type { Slot } from '@signalbeam/sync/core/manifest';
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

/** Of a pair that runs what an older rollout brought, one failed with a newer one, which it is asked for. */
const failedOfPair = async () => {
  const { open, start, until } = atPace(fleet);
  const tag: [string, string] = ['redundancy', `pair-${randomUUID()}`];
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
  return { bundleId, failing, other, older, newer, slot };
};

/** It was looked at, is not due at once, and asks no more of the device than it did. */
const staysAsked = async (id: string, device: TestDevice, slot: Slot): Promise<void> => {
  for (let look = 0; look < 2; look += 1) {
    await eventually(async () => expect(await dueInMs(id)).toBeGreaterThan(10_000));
    if (look === 0) await lookAgain(id);
  }
  expect((await fleet.desired(device)).slots).toEqual([slot]);
};

// Simulated seed 589: both of a pair were down, each asked by another rollout.
it('what was withdrawn under a failed device is taken away when its group is whole', async () => {
  const { start, until } = atPace(fleet);
  const { bundleId, failing, other, older, newer, slot } = await failedOfPair();

  // The older one is undone: on the failed device the newer one holds, the other one goes down.
  expect((await fleet.steer(older.id, 'rollback')).status).toBe(200);
  await until(older.id, { progress: { cancelled: 1, rollingBack: 1 } });
  expect((await fleet.steer(newer.id, 'rollback')).status).toBe(200);
  await staysAsked(newer.id, failing, slot);

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

it.each(['cancel', 'rollback'] as const)(
  'also under one that is to try again when somebody thinks better of it: %s',
  async (verb) => {
    const { start, until } = atPace(fleet);
    const { bundleId, failing, other, older, newer, slot } = await failedOfPair();
    expect((await fleet.steer(older.id, 'rollback')).status).toBe(200);
    await until(older.id, { progress: { cancelled: 1, rollingBack: 1 } });
    // The other one is down, so it is not told yet.
    expect((await fleet.steer(newer.id, 'retry')).status).toBe(200);
    await until(newer.id, { progress: { planned: 1 } });
    expect((await fleet.steer(newer.id, verb)).status).toBe(200);
    await staysAsked(newer.id, failing, slot);
    expect(await fleet.get(newer.id)).toMatchObject({ progress: { planned: 1 } });

    await removed(other);
    await until(older.id, { status: 'rolled-back' });
    await lookAgain(newer.id);
    await until(newer.id, {
      ...{ status: verb === 'cancel' ? 'cancelled' : 'rolled-back', progress: { cancelled: 1 } },
    });
    expect((await fleet.desired(failing)).slots).toEqual([]);
    const again = await start(bundleId, [other], pace, { version: '2.0.0' });
    expect(again).toMatchObject({ progress: { planned: 1 } });
    await removed(failing);
    await lookAgain(again.id);
    await until(again.id, { progress: { pending: 1 } });
  },
);

/** Of this site, every day, from so many minutes from now on. */
const standing = async (site: string, inMinutes: number, minutes: number): Promise<void> => {
  const at = new Date(Date.now() + inMinutes * 60_000);
  const cron = `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
  await fleet.rig.owner.query(
    'UPDATE device_manager.sites SET windows = $3 WHERE tenant_id = $1 AND name = $2',
    [fleet.one.tenantId, site, JSON.stringify([{ cron, timeZone: 'UTC', minutes }])],
  );
};

// It was as if not told, while its state asked for the version, and the first by name of its group was told.
it('who is told anew, without windows, keeps its place in its group until then', async () => {
  const { open, start, until } = atPace(fleet);
  const tag: [string, string] = ['redundancy', `pair-${randomUUID()}`];
  const { mark, bundleId, devices } = await open([
    { site: 'shut', tag },
    { site: 'open', tag },
  ]);
  const [waiting, told] = devices as [TestDevice, TestDevice];
  await standing(`shut-${mark}`, 120, 60);
  await standing(`open-${mark}`, -10, 60);
  const rollout = await start(bundleId, devices, pace);
  await until(rollout.id, { progress: { planned: 1, pending: 1 } });
  expect((await fleet.slotOf(told, bundleId)).windows).toBeDefined();
  const path = `/api/rollouts/${rollout.id}/ignore-site-windows`;
  const body = { reason: 'It is used against us' };
  const answer = await fleet.rig.ask('POST', path, { token: fleet.one.operator, body });
  expect(answer.status).toBe(200);
  await until(rollout.id, { progress: { planned: 1, pending: 1 } });
  expect((await fleet.desired(waiting)).slots).toEqual([]);
  expect((await fleet.slotOf(told, bundleId)).windows).toBeUndefined();
  await fleet.says(told, bundleId, 'running');
  await until(rollout.id, { progress: { succeeded: 1, pending: 1 } });
});
