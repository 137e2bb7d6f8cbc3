/**
 * What time does to a rollout's devices and waves: one that failed tries again by itself and ever later,
 * one that is stuck fails and gets back what it had, a wave that takes too long stops its rollout, and one that nobody
 * is in is refused. None of it by silence. Time is moved in the tables, not waited for.
 */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually, sendReport, setPresence, type TestDevice } from '../rig.suite.ts';
import { type Fleet, openFleet } from './fleet.suite.ts';
import { atPace } from './pace.suite.ts';

let fleet: Fleet;
let open: ReturnType<typeof atPace>['open'];
let ask: ReturnType<typeof atPace>['ask'];
let start: ReturnType<typeof atPace>['start'];
let until: ReturnType<typeof atPace>['until'];
beforeAll(async () => {
  fleet = await openFleet(inject('postgresUrl'));
  ({ open, ask, start, until } = atPace(fleet));
});
afterAll(() => fleet.rig.stop());

const minute = 60_000;
const own = (statement: string, ...values: unknown[]) => fleet.rig.owner.query(statement, values);
const strict = { succeededPercentMin: 100, failedPercentMax: 0 };
const waves = [{ name: 'all', size: { kind: 'rest' }, gate: strict }];

const rowOf = async (id: string, device: TestDevice) => {
  const found = (await fleet.rows(id)).find(({ deviceId }) => deviceId === device.deviceId);
  if (found === undefined) throw new Error('no row');
  return found;
};

/** Minutes from now until its time is over, or until it may be told again; null: nothing is due. */
const dueOf = async (id: string, device: TestDevice): Promise<number | null> => {
  const { rows } = await own(
    `SELECT extract(epoch FROM due_at - now()) / 60 AS minutes FROM bundle_orchestrator.rollout_devices
      WHERE rollout_id = $1 AND device_id = $2`,
    id,
    device.deviceId,
  );
  return rows[0].minutes === null ? null : Math.round(Number(rows[0].minutes));
};

/** As if so much time had gone by since. */
const letPass = async (id: string, device: TestDevice, minutes: number): Promise<void> => {
  await own(
    `UPDATE bundle_orchestrator.rollout_devices SET due_at = due_at - make_interval(mins => $3)
      WHERE rollout_id = $1 AND device_id = $2`,
    id,
    device.deviceId,
    minutes,
  );
  await own(
    `UPDATE telemetry.presence SET changed_at = changed_at - make_interval(mins => $2)
      WHERE device_id = $1`,
    device.deviceId,
    minutes,
  );
  await own('UPDATE bundle_orchestrator.rollouts SET tell_due_at = now() WHERE id = $1', id);
};

const first = (devices: readonly TestDevice[]): TestDevice => {
  const [device] = devices;
  if (device === undefined) throw new Error('no device');
  return device;
};

describe('a device that failed', () => {
  const pace = { retriesMax: 2, retryAfterMs: 10 * minute };
  const failing = async (count = 2) => {
    const { bundleId, devices } = await open(Array.from({ length: count }, () => ({})));
    const { id } = await start(bundleId, devices, pace, { waves });
    const device = first(devices);
    await fleet.says(device, bundleId, 'failed', { reason: 'the disk is full', logTail: ['no'] });
    await eventually(async () => expect(await rowOf(id, device)).toMatchObject({ retryCount: 1 }));
    return { id, bundleId, devices, device };
  };

  it('tries again by itself, each time later, and stops the rollout when it had all its tries', async () => {
    const { id, bundleId, device } = await failing();
    expect(await rowOf(id, device)).toMatchObject({
      ...{ status: 'planned', logTail: ['no'] },
      reason: 'It tries again 10 min after it failed (1 of 2): the disk is full',
    });
    await until(id, {
      ...{ status: 'in-progress', progress: { planned: 1, pending: 1, failed: 0 } },
      waiting: expect.stringMatching(/1 device that failed tries again, the one at \d\d:\d\d UTC/),
    });
    expect(await dueOf(id, device)).toBe(10);
    const before = (await fleet.desired(device)).generation;
    await letPass(id, device, 9);
    await until(id, { progress: { planned: 1 } });
    await letPass(id, device, 1);
    await until(id, { progress: { planned: 0, pending: 2 } });
    expect((await fleet.desired(device)).generation).toBeGreaterThan(before);
    await fleet.says(device, bundleId, 'failed', { reason: 'the disk is full' });
    await eventually(async () => expect(await dueOf(id, device)).toBe(20));
    await letPass(id, device, 20);
    await until(id, { progress: { planned: 0, pending: 2 } });
    await fleet.says(device, bundleId, 'failed', { reason: 'the disk is full' });
    await until(id, { status: 'paused', progress: { failed: 1, pending: 1, planned: 0 } });
    expect(await rowOf(id, device)).toMatchObject({
      ...{ status: 'failed', reason: 'the disk is full', retryCount: 2 },
    });
  });

  it('that confirms at its second try counts as every other', async () => {
    const { id, bundleId, device } = await failing(1);
    await letPass(id, device, 10);
    await until(id, { progress: { pending: 1 } });
    await fleet.says(device, bundleId, 'running');
    await until(id, { status: 'succeeded', progress: { succeeded: 1, failed: 0 } });
  });

  it.each(['cancel', 'rollback'])(
    'is not told again by a rollout that ends by a %s meanwhile, and is asked for what it had',
    async (verb) => {
      const { id, device, bundleId } = await failing();
      expect(await fleet.steer(id, verb)).toMatchObject({ status: 200 });
      await eventually(async () => {
        expect(await rowOf(id, device)).toMatchObject({ status: 'cancelled' });
        const { slots } = await fleet.desired(device);
        expect(slots.filter((slot) => slot.bundleId === bundleId)).toEqual([]);
      });
      expect(await dueOf(id, device)).toBeNull();
    },
  );
});

describe('a device that takes too long', () => {
  const pace = { deviceTimeoutMs: 30 * minute };
  const told = async (more: object = {}) => {
    const { bundleId, devices } = await open([{}, {}]);
    const { id } = await start(bundleId, devices, { ...pace, ...more }, { waves });
    const device = first(devices);
    await setPresence(fleet.rig, fleet.one, device.deviceId, 'online');
    return { id, bundleId, device };
  };

  it('fails with the reason, gets back what it had, and its wave is judged by it', async () => {
    const { id, bundleId, device } = await told();
    await fleet.says(device, bundleId, 'downloading');
    await until(id, { progress: { inProgress: 1 } });
    expect(await dueOf(id, device)).toBe(30);
    await letPass(id, device, 31);
    await until(id, { status: 'paused', progress: { failed: 1 } });
    expect(await rowOf(id, device)).toMatchObject({
      ...{ status: 'failed', reason: 'It did not finish within 30 min.' },
    });
    const { slots } = await fleet.desired(device);
    expect(slots.filter((slot) => slot.bundleId === bundleId)).toEqual([]);
  });

  it('tries again where the rollout gives it another try', async () => {
    const { id, device } = await told({ retriesMax: 1 });
    await letPass(id, device, 31);
    await eventually(async () =>
      expect(await rowOf(id, device)).toMatchObject({
        ...{ status: 'planned', retryCount: 1 },
        reason: expect.stringContaining('(1 of 1): It did not begin within 30 min of being told'),
      }),
    );
    await letPass(id, device, 5);
    await eventually(async () =>
      expect(await rowOf(id, device)).toMatchObject({ status: 'pending' }),
    );
    expect(await dueOf(id, device)).toBe(30);
  });

  it('is not one that is not heard of: it is unreached, and has its time when it is back', async () => {
    const { id, device } = await told();
    await setPresence(fleet.rig, fleet.one, device.deviceId, 'offline');
    await letPass(id, device, 31);
    await eventually(async () => expect(await dueOf(id, device)).toBe(30));
    await until(id, { status: 'in-progress', progress: { failed: 0 } });
  });

  it('has no time that runs while it waits for a window or a technician', async () => {
    const { id, bundleId, device } = await told();
    const says = async (status: 'pending' | 'verifying', reason: string | null) => {
      const slot = await fleet.slotOf(device, bundleId);
      const { generation } = await fleet.desired(device);
      const said = { slot, status, ...(reason === null ? {} : { reason }) };
      await sendReport(fleet.rig, fleet.one, device.deviceId, [said], { generation });
    };
    await says('pending', 'A technician holds it.');
    await eventually(async () => expect(await dueOf(id, device)).toBeNull());
    await says('verifying', null);
    await eventually(async () => expect(await dueOf(id, device)).toBe(30));
  });
});

describe('a wave that is not good in time', () => {
  const timed = [{ ...waves[0], gate: { ...strict, timeoutMs: 120 * minute } }];
  const late = async (onFailure: 'pause' | 'roll-back') => {
    const { bundleId, devices } = await open([{}, {}]);
    const { id } = await start(bundleId, devices, {}, { waves: timed, onFailure });
    await until(id, { waiting: expect.stringContaining('it stops if that is not so by') });
    await fleet.says(first(devices), bundleId, 'running');
    await until(id, { progress: { succeeded: 1 } });
    await own(
      `UPDATE bundle_orchestrator.rollout_waves SET opened_at = opened_at - interval '2 hours'
        WHERE rollout_id = $1`,
      id,
    );
    await own('UPDATE bundle_orchestrator.rollouts SET waves_due_at = now() WHERE id = $1', id);
    return id;
  };
  const statusReason = 'Wave all was not good within 2 h: 1 of 2 devices confirmed.';

  it('stops its rollout, which has the time anew when somebody lets it go on', async () => {
    const id = await late('pause');
    await until(id, { status: 'paused', statusReason });
    expect(await fleet.steer(id, 'resume')).toMatchObject({ status: 200 });
    await until(id, {
      ...{ status: 'in-progress', progress: { succeeded: 1, pending: 1 } },
      waiting: expect.stringContaining('it stops if that is not so by'),
    });
  });

  it('or takes it back, where that was asked for', async () => {
    await until(await late('roll-back'), { status: 'rolling-back', statusReason });
  });

  it('cannot be one that stops before its unreached are left out', async () => {
    const { bundleId, devices } = await open([{}]);
    const unreached = { rule: 'go-on', afterMs: 120 * minute, reachedPercentMin: 50 };
    const never = [{ ...timed[0], gate: { ...timed[0]?.gate, unreached } }];
    const answer = await ask(bundleId, devices, {}, { waves: never });
    expect(answer).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'waves[0]', message: expect.stringContaining('timeoutMs') }] },
    });
  });
});

describe('a wave that nobody is in', () => {
  it.each([
    [{ kind: 'tag', tag: 'ring=canarry' }, 'no device of the target has the tag ring=canarry'],
    [{ kind: 'site', site: 'nowhere' }, 'no device of the target is at nowhere'],
  ])('is refused: %o would be passed at once, and protect nobody', async (size, message) => {
    const { bundleId, devices } = await open([{}]);
    const answer = await ask(bundleId, devices, {}, { waves: [{ name: 'first', size }, ...waves] });
    expect(answer).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'waves[0]', message }] },
    });
    expect((await fleet.desired(first(devices))).generation).toBe(0);
  });

  it('as a window is that names a site where no device is: those meant would be told at any time', async () => {
    const { bundleId, devices, mark } = await open([{}]);
    const window = { cron: '0 2 * * *', minutes: 60 };
    const windows = [
      { ...window, sites: [`plant-${mark}`] },
      { ...window, sites: [`plnat-${mark}`] },
    ];
    expect(await ask(bundleId, devices, { windows })).toMatchObject({
      status: 400,
      body: {
        errors: [{ path: 'pace.windows[1].sites', message: `no device is at plnat-${mark}` }],
      },
    });
    expect((await fleet.desired(first(devices))).generation).toBe(0);
    expect(await ask(bundleId, devices, { windows: windows.slice(0, 1) })).toMatchObject({
      status: 201,
    });
  });
});
