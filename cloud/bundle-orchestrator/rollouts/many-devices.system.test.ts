/** What becomes of a rollout of which many devices fail, or that ends before all of them are told. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually, sendReport, type TestDevice } from '../rig.suite.ts';
import { type Fleet, openFleet } from './fleet.suite.ts';
import { atPace } from './pace.suite.ts';

let fleet: Fleet;
let open: ReturnType<typeof atPace>['open'];
let start: ReturnType<typeof atPace>['start'];
let until: ReturnType<typeof atPace>['until'];
let told: ReturnType<typeof atPace>['told'];
beforeAll(async () => {
  fleet = await openFleet(inject('postgresUrl'));
  ({ open, start, until, told } = atPace(fleet));
});
afterAll(() => fleet.rig.stop());

describe('what many devices make of it', () => {
  it('is shown by cause, and in pages', async () => {
    const { bundleId, devices } = await open([{}, {}, {}, {}]);
    const rollout = await start(bundleId, devices, {});
    const [one, two, three] = devices as [TestDevice, TestDevice, TestDevice];
    const reasons = [
      [one, 'layer 3f2a99b1c0de is broken'],
      [two, 'layer 00ffee12ab34 is broken'],
      [three, 'no space left'],
    ] as const;
    for (const [device, reason] of reasons) {
      await fleet.says(device, bundleId, 'failed', { reason, logTail: [`${device.name} gave up`] });
    }
    await until(rollout.id, { progress: { failed: 3, pending: 1 } });
    const ask = async (path: string) =>
      (
        await fleet.rig.ask('GET', `/api/rollouts/${rollout.id}/${path}`, {
          token: fleet.one.viewer,
        })
      ).body;
    const { failures } = (await ask('failures')) as { failures: unknown[] };
    const gaveUp = [expect.stringMatching(/ gave up$/)];
    expect(failures).toMatchObject([
      { cause: 'layer … is broken', devices: 2, newest: { logTail: gaveUp } },
      { cause: 'no space left', devices: 1, newest: { deviceId: three.deviceId, logTail: gaveUp } },
    ]);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = (await ask(`devices?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)) as {
        devices: { name: string }[];
        nextCursor: string | null;
      };
      seen.push(...page.devices.map(({ name }) => name));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(devices.map(({ name }) => name));
    const broken = encodeURIComponent('layer … is broken');
    expect(await ask(`devices?status=failed&cause=${broken}`)).toMatchObject({
      devices: [{ name: one.name }, { name: two.name }],
    });
  });

  it('is given back batch by batch, by whoever comes next when one ends in between', async () => {
    const { bundleId, devices } = await open([{}, {}, {}]);
    const waves = [
      { name: 'one', size: { kind: 'count', count: 1 } },
      { name: 'rest', size: { kind: 'rest' } },
    ];
    const rollout = await start(bundleId, devices, {}, { waves });
    const [first] = (await told(devices)) as [TestDevice];
    // As a cancel leaves it that was cut off after its first transaction.
    await fleet.rig.owner.query(
      `UPDATE bundle_orchestrator.rollouts SET status = 'cancelled', completed_at = now(),
              status_reason = 'Cancelled by ada.', giving_back = 'unfinished', tell_due_at = now()
        WHERE id = $1`,
      [rollout.id],
    );
    await until(rollout.id, { status: 'cancelled', waiting: '', progress: { cancelled: 3 } });
    expect((await fleet.desired(first)).slots).toEqual([]);
    expect((await fleet.rows(rollout.id))[0]).toMatchObject({ reason: 'Cancelled by ada.' });
    const { rows: left } = await fleet.rig.owner.query(
      'SELECT 1 FROM bundle_orchestrator.rollouts WHERE id = $1 AND giving_back IS NOT NULL',
      [rollout.id],
    );
    expect(left).toEqual([]);
  });

  it('counts who was given back what it had until it says that it is done', async () => {
    const { rig, one } = fleet;
    const tag: [string, string] = ['redundancy', `line-${randomUUID().slice(0, 8)}`];
    const { bundleId, devices } = await open([{ tag }, { tag }]);
    const pace = { redundancyTag: 'redundancy' };
    const first = await start(bundleId, devices, pace);
    const [busy] = (await told(devices)) as [TestDevice];
    await fleet.says(busy, bundleId, 'verifying');
    await until(first.id, { progress: { inProgress: 1, planned: 1 } });
    expect((await fleet.steer(first.id, 'cancel')).status).toBe(200);
    await until(first.id, { progress: { cancelled: 2 } });
    const second = await start(bundleId, devices, pace);
    expect(second).toMatchObject({ progress: { planned: 2, pending: 0 } });
    const { generation } = await fleet.desired(busy);
    await sendReport(rig, one, busy.deviceId, [], { generation });
    await eventually(async () => {
      const marked = `SELECT 1 FROM bundle_orchestrator.rollout_devices
        WHERE given_back_generation IS NOT NULL AND device_id = $1`;
      expect((await rig.owner.query(marked, [busy.deviceId])).rows).toEqual([]);
    });
    // Within half a minute it looks again by itself.
    const due = `UPDATE bundle_orchestrator.rollouts SET tell_due_at = now()
      WHERE id = $1 AND tell_due_at IS NOT NULL`;
    await rig.owner.query(due, [second.id]);
    await until(second.id, { progress: { planned: 1, pending: 1 } });
  });

  it('does not bring back by a cancel what was withdrawn meanwhile', async () => {
    const { bundleId, devices } = await open([{}]);
    const [device] = devices as [TestDevice];
    const older = await start(bundleId, devices, {});
    await fleet.says(device, bundleId, 'running');
    await until(older.id, { status: 'succeeded' });
    const newer = await start(bundleId, devices, {}, { version: '2.0.0' });
    expect((await fleet.slotOf(device, bundleId)).rolloutId).toBe(newer.id);
    expect((await fleet.steer(older.id, 'rollback')).status).toBe(200);
    await until(older.id, { progress: { cancelled: 1 } });
    expect((await fleet.steer(newer.id, 'cancel')).status).toBe(200);
    await until(newer.id, { progress: { cancelled: 1 } });
    expect((await fleet.desired(device)).slots).toEqual([]);
  });

  it('gives back, too, who failed and was to try again', async () => {
    const { bundleId, devices } = await open([{}, {}]);
    const [device] = devices as [TestDevice];
    const rollout = await start(bundleId, devices, { perSiteMax: 1 });
    await fleet.says(device, bundleId, 'failed');
    await until(rollout.id, { progress: { failed: 1, pending: 1 } });
    expect((await fleet.steer(rollout.id, 'retry')).status).toBe(200);
    await until(rollout.id, { progress: { planned: 1, pending: 1 } });
    expect((await fleet.steer(rollout.id, 'cancel')).status).toBe(200);
    await until(rollout.id, { progress: { cancelled: 2 } });
    for (const each of devices) expect((await fleet.desired(each)).slots).toEqual([]);
  });

  it('gives back what runs where another rollout failed that is to try again', async () => {
    const { bundleId, devices } = await open([{}, {}]);
    const [device] = devices as [TestDevice];
    const older = await start(bundleId, devices, { perSiteMax: 1 });
    await fleet.says(device, bundleId, 'failed');
    await until(older.id, { progress: { failed: 1, pending: 1 } });
    expect((await fleet.steer(older.id, 'retry')).status).toBe(200);
    await until(older.id, { progress: { planned: 1, pending: 1 } });
    const newer = await start(bundleId, [device], {}, { version: '2.0.0' });
    expect((await fleet.slotOf(device, bundleId)).rolloutId).toBe(newer.id);
    expect((await fleet.steer(newer.id, 'cancel')).status).toBe(200);
    await until(newer.id, { progress: { cancelled: 1 } });
    expect((await fleet.desired(device)).slots).toEqual([]);
  });
});
