/**
 * A retry of more devices than one batch takes: it counts from when it was asked for, goes on by itself,
 * and takes nobody in who failed since. The benches retry thousands (simulator/bench/steer.ts); here it is
 * as it is left that was cut off before its first batch.
 */
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { eventually, type TestDevice } from '../rig.suite.ts';
import { type Fleet, openFleet, type RowView } from './fleet.suite.ts';
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

const gateOf = (failedPercentMax: number) => ({ succeededPercentMin: 1, failedPercentMax });

/** All of them failed; of a strict gate the first failure paused it. */
const failed = async (count: number, failedPercentMax: number) => {
  const { bundleId, devices } = await open(Array.from({ length: count }, () => ({})));
  const waves = [{ name: 'all', size: { kind: 'rest' }, gate: gateOf(failedPercentMax) }];
  const { id } = await start(bundleId, devices, {}, { waves });
  for (const device of devices) await fleet.says(device, bundleId, 'failed', { reason: 'no' });
  await until(id, { progress: { failed: count } });
  return { id, bundleId, devices };
};

const own = (statement: string, ...values: unknown[]) => fleet.rig.owner.query(statement, values);

/** Asked for, and none of it done; nothing is due within an hour. */
const cutOff = async (rolloutId: string, toRetry: number, askedAt = 'now()'): Promise<void> => {
  await own(
    `UPDATE bundle_orchestrator.rollout_waves SET to_retry = $2, accepted_failed = $2
      WHERE rollout_id = $1`,
    rolloutId,
    toRetry,
  );
  await own(
    `UPDATE bundle_orchestrator.rollouts
        SET status = 'in-progress', status_reason = NULL, completed_at = NULL,
            retry_asked_at = ${askedAt}, waves_due_at = now() + interval '1 hour',
            tell_due_at = now() + interval '1 hour' WHERE id = $1`,
    rolloutId,
  );
};
const makeDue = (rolloutId: string, what: 'waves_due_at' | 'tell_due_at') =>
  own(`UPDATE bundle_orchestrator.rollouts SET ${what} = now() WHERE id = $1`, rolloutId);

const isOver = async (rolloutId: string): Promise<void> => {
  const { rows } = await own(
    `SELECT rollout.retry_asked_at, wave.to_retry FROM bundle_orchestrator.rollouts rollout
       JOIN bundle_orchestrator.rollout_waves wave ON wave.rollout_id = rollout.id
      WHERE rollout.id = $1`,
    rolloutId,
  );
  expect(rows).toEqual([{ retry_asked_at: null, to_retry: 0 }]);
};

it('counts those that are to try again as planned, and is not stopped by their failures', async () => {
  const { id } = await failed(3, 0);
  expect(await fleet.get(id)).toMatchObject({ status: 'paused' });
  await cutOff(id, 3);
  expect(await fleet.get(id)).toMatchObject({
    ...{ status: 'in-progress', progress: { planned: 3, failed: 0 } },
    waiting: '3 devices that failed try again in a moment',
  });
  await makeDue(id, 'waves_due_at');
  await eventually(async () => {
    const { rows } = await own(
      'SELECT waves_due_at > now() AS looked FROM bundle_orchestrator.rollouts WHERE id = $1',
      id,
    );
    expect(rows).toEqual([{ looked: true }]);
  });
  expect(await fleet.get(id)).toMatchObject({ status: 'in-progress', progress: { planned: 3 } });
  await makeDue(id, 'tell_due_at');
  await until(id, { status: 'in-progress', progress: { pending: 3, failed: 0 } });
  expect(await fleet.rows(id)).toMatchObject([1, 1, 1].map((retryCount) => ({ retryCount })));
  await isOver(id);
});

it('takes in nobody who failed after it was asked for', async () => {
  const { id } = await failed(2, 100);
  const [first, second] = (await fleet.rows(id)) as [RowView, RowView];
  await own(
    `UPDATE bundle_orchestrator.rollout_devices SET completed_at = now() - interval '2 hours'
      WHERE rollout_id = $1 AND device_id = $2`,
    ...[id, first.deviceId],
  );
  await cutOff(id, 1, `now() - interval '1 hour'`);
  expect(await fleet.get(id)).toMatchObject({ progress: { planned: 1, failed: 1 } });
  await makeDue(id, 'tell_due_at');
  await until(id, { progress: { pending: 1, failed: 1, planned: 0 } });
  expect(await fleet.rows(id)).toMatchObject([
    { deviceId: first.deviceId, retryCount: 1, status: 'pending' },
    { deviceId: second.deviceId, retryCount: 0, status: 'failed' },
  ]);
  await isOver(id);
});

it('ends when it is cancelled: who had not begun again stays failed', async () => {
  const { id } = await failed(2, 100);
  await cutOff(id, 2);
  expect((await fleet.steer(id, 'cancel')).body).toMatchObject({
    ...{ status: 'cancelled', progress: { failed: 2, planned: 0 } },
  });
  await isOver(id);
});

it('goes on where it was when it was paused in between', async () => {
  const { id } = await failed(2, 100);
  await cutOff(id, 2);
  expect((await fleet.steer(id, 'pause')).body).toMatchObject({ status: 'paused' });
  expect((await fleet.steer(id, 'resume')).status).toBe(200);
  await until(id, { status: 'in-progress', progress: { pending: 2, failed: 0 } });
  await isOver(id);
});

it('leaves out who left the fleet, whose failure holds nothing up; asked twice it does it once', async () => {
  const { id, devices } = await failed(2, 0);
  const [gone] = devices as [TestDevice];
  await own(`UPDATE device_manager.devices SET status = 'rejected' WHERE id = $1`, gone.deviceId);
  const answers = await Promise.all([fleet.steer(id, 'retry'), fleet.steer(id, 'retry')]);
  // The second finds nobody left to try again.
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  await until(id, { status: 'in-progress', progress: { pending: 1, failed: 1 } });
  await isOver(id);
  const { rows } = await own(
    `SELECT after FROM platform.audit_log WHERE target = $1 AND action = 'rollout.retry'`,
    `rollout:${id}`,
  );
  expect(rows).toEqual([{ after: { status: 'in-progress', retried: 1 } }]);
});
