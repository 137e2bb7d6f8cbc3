import { randomUUID } from 'node:crypto';
import { changeTenant, systemAuthor } from '@signalbeam/platform/postgres/tenant';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  addDevice,
  eventually,
  makeBundle,
  sendReport,
  setPresence,
  type TestDevice,
  tellOfDevice,
} from '../rig.suite.ts';
import { skipWithdrawn } from '../store/rollout-rows.ts';
import { beforeHolding, type Fleet, openFleet } from './fleet.suite.ts';

let rig: Fleet['rig'];
let one: Fleet['one'];
let started: Fleet['started'];
let get: Fleet['get'];
let rows: Fleet['rows'];
let steer: Fleet['steer'];
let desired: Fleet['desired'];
let slotOf: Fleet['slotOf'];
let says: Fleet['says'];
let trio: Fleet['trio'];
beforeAll(async () => {
  ({ rig, one, started, get, rows, steer, desired, slotOf, says, trio } = await openFleet(
    inject('postgresUrl'),
  ));
});
afterAll(() => rig.stop());

describe('a rollout', () => {
  it('goes from start to success as devices report, and says what it waits for', async () => {
    const { bundleId, devices, names } = await trio();
    const [first, second, third] = devices as [TestDevice, TestDevice, TestDevice];
    const rollout = await started(bundleId, '2.0.0', devices);
    expect(rollout).toMatchObject({
      status: 'in-progress',
      version: '2.0.0',
      createdBy: 'user:operator@one.example',
      completedAt: null,
      progress: { total: 3, pending: 3, inProgress: 0, succeeded: 0, failed: 0, unreached: 0 },
      waiting: `0 of 3 confirmed; waiting for ${names.map((name) => `${name} to begin`).join('; ')}`,
    });
    for (const device of devices) {
      expect(await desired(device)).toMatchObject({
        generation: 1,
        slots: [{ bundleId, version: '2.0.0', rolloutId: rollout.id, requestedGeneration: 1 }],
      });
    }
    await says(first, bundleId, 'downloading');
    await eventually(async () => {
      expect(await get(rollout.id)).toMatchObject({ progress: { pending: 2, inProgress: 1 } });
    });
    await says(first, bundleId, 'running');
    await says(second, bundleId, 'running');
    const seen = new Date();
    await setPresence(rig, one, third.deviceId, 'offline', seen);
    await eventually(async () => {
      const at = seen.toISOString().slice(11, 16);
      expect(await get(rollout.id)).toMatchObject({
        status: 'in-progress',
        progress: { succeeded: 2, unreached: 1, pending: 0 },
        waiting: `2 of 3 confirmed; waiting for ${names[2]}, unreached since ${at} UTC`,
      });
    });
    expect(await rows(rollout.id)).toMatchObject([
      { name: names[0], status: 'succeeded' },
      { name: names[1], status: 'succeeded' },
      { name: names[2], status: 'unreached', startedAt: null },
    ]);
    await setPresence(rig, one, third.deviceId, 'online');
    await says(third, bundleId, 'running');
    await eventually(async () => {
      expect(await get(rollout.id)).toMatchObject({
        status: 'succeeded',
        waiting: '',
        progress: { total: 3, succeeded: 3 },
        completedAt: expect.any(String),
      });
    });
    const events = await rig.owner.query<{ type: string }>(
      'SELECT type FROM platform.domain_events WHERE subject = $1 ORDER BY position',
      [`signalbeam.bundles.rollouts.${rollout.id}`],
    );
    const types = events.rows.map(({ type }) => type);
    expect(types.filter((type) => type !== 'rollout.progressed')).toEqual(
      ['started', 'wave-opened', 'wave-passed', 'completed'].map((news) => `rollout.${news}`),
    );
    expect(types[0]).toBe('rollout.started');
    expect(types.at(-1)).toBe('rollout.completed');
    expect(types.filter((type) => type === 'rollout.completed')).toHaveLength(1);
    const audit = await rig.owner.query<{ action: string; actor: string }>(
      'SELECT action, actor FROM platform.audit_log WHERE target = $1 ORDER BY id',
      [`rollout:${rollout.id}`],
    );
    expect(audit.rows).toEqual([
      { action: 'rollout.start', actor: 'user:operator@one.example' },
      { action: 'rollout.complete', actor: 'system' },
    ]);
  });

  it('fails with the reason and the last lines, and a retry is told from what was before', async () => {
    const { bundleId, devices } = await trio();
    const [good, bad] = devices as [TestDevice, TestDevice];
    const rollout = await started(bundleId, '3.0.0', [good, bad]);
    const earlier = await slotOf(bad, bundleId);
    await says(good, bundleId, 'running');
    const failure = { reason: 'The probe got 500.', logTail: ['starting', 'panic: no config'] };
    await says(bad, bundleId, 'failed', failure);
    await eventually(async () => {
      expect(await get(rollout.id)).toMatchObject({
        status: 'failed',
        progress: { succeeded: 1, failed: 1 },
      });
    });
    expect(await rows(rollout.id)).toMatchObject([
      { deviceId: good.deviceId, status: 'succeeded', reason: null },
      { deviceId: bad.deviceId, status: 'failed', ...failure, retryCount: 0 },
    ]);
    expect(await steer(rollout.id, 'retry')).toMatchObject({
      status: 200,
      body: { status: 'in-progress', completedAt: null, progress: { pending: 1, failed: 0 } },
    });
    expect(await desired(good)).toMatchObject({ generation: 1 });
    expect(await slotOf(bad, bundleId)).toMatchObject({
      requestedGeneration: 2,
      rolloutId: rollout.id,
    });
    // The failure of the first attempt is repeated, late: it says nothing about the second.
    await sendReport(rig, one, bad.deviceId, [{ slot: earlier, status: 'failed', ...failure }]);
    await says(good, bundleId, 'running');
    await expect(
      eventually(async () => {
        expect((await get(rollout.id)).status).toBe('failed');
      }, 1_500),
    ).rejects.toThrow();
    expect((await rows(rollout.id))[1]).toMatchObject({
      status: 'pending',
      retryCount: 1,
      logTail: [],
    });
    await says(bad, bundleId, 'running');
    await eventually(async () => {
      expect(await get(rollout.id)).toMatchObject({ status: 'succeeded' });
    });
    expect(await steer(rollout.id, 'retry')).toMatchObject({
      status: 409,
      body: { code: 'wrong-state' },
    });
  });

  // Inventory §7.29
  it('that is cancelled gives unfinished devices back what they had', async () => {
    const { bundleId, devices } = await trio();
    const [done, had, fresh] = devices as [TestDevice, TestDevice, TestDevice];
    const failed = await addDevice(rig, one, `failed-${randomUUID().slice(0, 8)}`);
    const before = await started(bundleId, '1.0.0', [done, had, failed]);
    for (const device of [done, had, failed]) await says(device, bundleId, 'running');
    await eventually(async () => expect((await get(before.id)).status).toBe('succeeded'));
    const previous = await slotOf(had, bundleId);
    const rollout = await started(bundleId, '2.0.0', [...devices, failed]);
    await says(done, bundleId, 'running');
    await says(failed, bundleId, 'failed', { reason: 'The probe got 500.' });
    await eventually(async () => {
      expect(await get(rollout.id)).toMatchObject({ progress: { succeeded: 1, failed: 1 } });
    });
    expect(await steer(rollout.id, 'cancel')).toMatchObject({
      status: 200,
      body: {
        status: 'cancelled',
        waiting: '',
        progress: { succeeded: 1, failed: 1, cancelled: 2 },
      },
    });
    // It runs 1.0.0 again, and is asked for that.
    await eventually(async () =>
      expect(await desired(failed)).toMatchObject({ generation: 3, slots: [{ version: '1.0.0' }] }),
    );
    expect(await desired(done)).toMatchObject({ generation: 2, slots: [{ version: '2.0.0' }] });
    expect(await desired(had)).toMatchObject({ generation: 3, slots: [previous] });
    expect(await desired(fresh)).toMatchObject({ generation: 2, slots: [] });
    expect(await rows(rollout.id)).toMatchObject([
      { name: failed.name, status: 'failed', reason: 'The probe got 500.' },
      { status: 'succeeded' },
      { status: 'cancelled', reason: 'Cancelled by operator@one.example.' },
      { status: 'cancelled' },
    ]);
    // What such a device says afterwards moves nothing any more.
    const slot = { ...previous, version: '2.0.0', rolloutId: rollout.id, requestedGeneration: 2 };
    await sendReport(rig, one, had.deviceId, [{ slot, status: 'running' }]);
    await expect(
      eventually(async () => {
        expect(await get(rollout.id)).toMatchObject({ progress: { succeeded: 2 } });
      }, 1_000),
    ).rejects.toThrow();
    expect(await steer(rollout.id, 'cancel')).toMatchObject({ status: 409 });
    expect(await steer(rollout.id, 'retry')).toMatchObject({ status: 409 });
  });

  // Inventory §7.29
  it('to an earlier version is nothing special, as often as one likes', async () => {
    const { bundleId, devices } = await trio();
    const [device] = devices as [TestDevice];
    for (const version of ['1.0.0', '2.0.0', '1.0.0', '1.0.0', '2.0.0']) {
      const rollout = await started(bundleId, version, [device]);
      await says(device, bundleId, 'running');
      await eventually(async () => expect((await get(rollout.id)).status).toBe('succeeded'));
    }
    expect(await desired(device)).toMatchObject({ generation: 5, slots: [{ version: '2.0.0' }] });
  });

  it('goes on without a device that leaves the fleet', async () => {
    const { bundleId, devices } = await trio();
    const [stays, leaves] = devices as [TestDevice, TestDevice];
    const rollout = await started(bundleId, '2.0.0', [stays, leaves]);
    await says(stays, bundleId, 'running');
    await rig.owner.query('UPDATE device_manager.devices SET deleted_at = now() WHERE id = $1', [
      leaves.deviceId,
    ]);
    const gone = { tenantId: one.tenantId, deviceId: leaves.deviceId };
    await tellOfDevice(rig, 'device.deleted', gone);
    await eventually(async () => {
      expect(await get(rollout.id)).toMatchObject({
        status: 'succeeded',
        progress: { succeeded: 1, cancelled: 1 },
      });
    });
    expect((await rows(rollout.id))[1]).toMatchObject({
      name: leaves.name,
      reason: 'The device is no longer in the fleet.',
    });
  });

  it('counts each report once, in whatever order and however often it comes', async () => {
    const { bundleId, devices } = await trio();
    const [device, other] = devices as [TestDevice, TestDevice];
    const rollout = await started(bundleId, '2.0.0', [device, other]);
    const slot = await slotOf(device, bundleId);
    const send = (status: 'downloading' | 'running' | 'verifying', seq: number) =>
      sendReport(rig, one, device.deviceId, [{ slot, status }], { seq, epoch: 'feedfeedfeedfeed' });
    await send('running', 900);
    await send('running', 900);
    await send('downloading', 890);
    await send('verifying', 895);
    await says(other, bundleId, 'downloading');
    await eventually(async () => {
      expect(await get(rollout.id)).toMatchObject({ progress: { succeeded: 1, inProgress: 1 } });
    });
    const { rows: kept } = await rig.owner.query(
      'SELECT seq FROM bundle_orchestrator.device_reports WHERE device_id = $1',
      [device.deviceId],
    );
    expect(kept).toEqual([{ seq: 900 }]);
  });

  // Inventory §7.25
  it('completes once when its last devices report at the same moment', async () => {
    const bundleId = await makeBundle(rig, one, `crowd-${randomUUID().slice(0, 4)}`, ['1.0.0']);
    const devices = await Promise.all(
      Array.from({ length: 30 }, (_, index) => addDevice(rig, one, `crowd-${index}`)),
    );
    const rollout = await started(bundleId, '1.0.0', devices);
    await Promise.all(devices.map((device) => says(device, bundleId, 'running')));
    await eventually(async () => {
      expect(await get(rollout.id)).toMatchObject({
        status: 'succeeded',
        progress: { succeeded: 30 },
      });
    }, 30_000);
    const { rows: completed } = await rig.owner.query(
      `SELECT 1 FROM platform.domain_events WHERE subject = $1 AND type = 'rollout.completed'`,
      [`signalbeam.bundles.rollouts.${rollout.id}`],
    );
    expect(completed).toHaveLength(1);
  });
});

describe('what devices had before', () => {
  it('comes back by the older of two that are rolled back, also where nobody is reached', async () => {
    const { bundleId, devices } = await trio();
    const [first, second] = devices as [TestDevice, TestDevice];
    const older = await started(bundleId, '1.0.0', [first, second]);
    for (const device of [first, second]) await says(device, bundleId, 'running');
    await eventually(async () =>
      expect(await get(older.id)).toMatchObject({ status: 'succeeded' }),
    );
    const newer = await started(bundleId, '2.0.0', [first]);
    await says(first, bundleId, 'running');
    await eventually(async () =>
      expect(await get(newer.id)).toMatchObject({ status: 'succeeded' }),
    );
    // Nobody hears of the first meanwhile: the newer one waits for it.
    for (const { id } of [newer, older]) expect((await steer(id, 'rollback')).status).toBe(200);
    await eventually(async () => {
      expect(await get(newer.id)).toMatchObject({
        ...{ status: 'rolled-back', progress: { cancelled: 1 } },
      });
    });
    expect((await rows(newer.id))[0]?.reason).toMatch(/^What it was to go back to is rolled back/);
    expect(await get(older.id)).toMatchObject({ progress: { rollingBack: 2 } });
    for (const device of [first, second]) expect((await desired(device)).slots).toEqual([]);
  });

  it.each(['cancel', 'rollback'])(
    'is asked for by a %s once the device is held, not as it was before',
    async (verb) => {
      const { bundleId, devices } = await trio();
      const [device] = devices as [TestDevice];
      await started(bundleId, '1.0.0', [device]);
      await says(device, bundleId, 'running');
      await eventually(async () => {
        expect((await desired(device)).slots).toHaveLength(1);
        const { rows: active } = await rig.owner.query(
          `SELECT 1 FROM bundle_orchestrator.rollout_devices
            WHERE device_id = $1 AND status <> 'succeeded'`,
          [device.deviceId],
        );
        expect(active).toEqual([]);
      });
      const newer = await started(bundleId, '2.0.0', [device]);
      // As a rollback of the first version does it, to which the second would go back: until the device is held.
      const withdraw = () =>
        rig.owner.query(
          `UPDATE bundle_orchestrator.rollout_devices SET previous_slot = NULL WHERE rollout_id = $1`,
          [newer.id],
        );
      const held = beforeHolding(rig.platform.pools.api, device.deviceId, withdraw);
      try {
        expect((await steer(newer.id, verb)).status).toBe(200);
      } finally {
        held.letGo();
      }
      expect(held.times()).toBeGreaterThan(0);
      expect((await desired(device)).slots).toEqual([]);
    },
  );

  it('is given back to a device that was rejected meanwhile, and nobody waits for it', async () => {
    const { bundleId, devices } = await trio();
    const [there, rejected] = devices as [TestDevice, TestDevice];
    const { id } = await started(bundleId, '1.0.0', [there, rejected]);
    await rig.owner.query(`UPDATE device_manager.devices SET status = 'rejected' WHERE id = $1`, [
      rejected.deviceId,
    ]);
    expect((await steer(id, 'cancel')).status).toBe(200);
    const { rows: awaited } = await rig.owner.query(
      `SELECT device_id FROM bundle_orchestrator.rollout_devices
        WHERE rollout_id = $1 AND given_back_generation IS NOT NULL`,
      [id],
    );
    expect(awaited).toEqual([{ device_id: there.deviceId }]);
    for (const device of [there, rejected]) expect((await desired(device)).slots).toEqual([]);
  });

  it('is taken back once, also from a device that failed and left the fleet', async () => {
    const { bundleId, devices } = await trio();
    const [there, gone] = devices as [TestDevice, TestDevice];
    const { id } = await started(bundleId, '1.0.0', [there, gone]);
    for (const device of [there, gone]) await says(device, bundleId, 'failed', { reason: 'No.' });
    await eventually(async () => expect((await get(id)).progress).toMatchObject({ failed: 2 }));
    await rig.owner.query('DELETE FROM device_manager.devices WHERE id = $1', [gone.deviceId]);
    expect((await steer(id, 'rollback')).status).toBe(200);
    await eventually(async () => {
      const { rows: left } = await rig.owner.query(
        `SELECT giving_back, (SELECT count(*) FROM platform.audit_log
                               WHERE target = $2 AND action = 'rollout.give-back') AS batches
           FROM bundle_orchestrator.rollouts WHERE id = $1`,
        [id, `rollout:${id}`],
      );
      expect(left).toEqual([{ giving_back: null, batches: 1 }]);
    });
    expect((await desired(there)).slots).toEqual([]);
    expect(await get(id)).toMatchObject({ status: 'rolled-back', progress: { failed: 2 } });
  });

  it('is found by an index, however many rollouts there were', async () => {
    const plan = await changeTenant(
      rig.platform.pools.api,
      systemAuthor(one.tenantId),
      async (sql) => {
        // As in a large table; in this one, any way is quick.
        for (const way of ['seqscan', 'hashjoin', 'mergejoin'])
          await sql.query(`SET LOCAL enable_${way} = off`);
        const plans: string[] = [];
        const explained = {
          query: async (text: string, values: unknown[]) => {
            const { rows: lines } = await sql.query(`EXPLAIN ${text}`, values);
            plans.push(...lines.map((line) => line['QUERY PLAN']));
            return { rows: [] };
          },
        };
        const where = { tenantId: one.tenantId, rolloutId: randomUUID() };
        await skipWithdrawn(explained as never, where, [randomUUID()]);
        return plans.join('\n');
      },
    );
    expect(plan).toContain('rollout_devices_before');
  });
});
