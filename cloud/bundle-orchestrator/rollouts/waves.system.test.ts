/** Rollouts in waves, against a real Postgres and hub: devices say how it goes, and people steer. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addDevice, eventually, makeBundle, setPresence, type TestDevice } from '../rig.suite.ts';
import { type Fleet, openFleet } from './fleet.suite.ts';
import type { RolloutView } from './view.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await openFleet(inject('postgresUrl'));
});
afterAll(() => fleet.rig.stop());

const strict = { succeededPercentMin: 100, failedPercentMax: 0 };
const one = (gate: object = strict) => [
  { name: 'canary', size: { kind: 'count', count: 1 }, gate },
  { name: 'rest', size: { kind: 'rest' }, gate: strict },
];

/** A fresh bundle on some devices that run 1.0.0 already. */
const open = async (count = 3) => {
  const mark = randomUUID().slice(0, 4);
  const bundleId = await makeBundle(fleet.rig, fleet.one, `web-${mark}`, ['1.0.0', '2.0.0']);
  const devices: TestDevice[] = [];
  for (let index = 0; index < count; index += 1) {
    devices.push(await addDevice(fleet.rig, fleet.one, `gateway-${mark}-${index}`));
  }
  const first = await fleet.started(bundleId, '1.0.0', devices);
  for (const device of devices) await fleet.says(device, bundleId, 'running');
  await eventually(async () => expect((await fleet.get(first.id)).status).toBe('succeeded'));
  return { bundleId, devices };
};

type Preview = { devices: number; waves: { devices: number; first: { deviceId: string }[] }[] };
type Wish = { waves?: object[]; onFailure?: string; startAt?: string; target?: object };

const ask = (bundleId: string, devices: readonly TestDevice[], wish: Wish) =>
  fleet.rig.ask('POST', '/api/rollouts', {
    token: fleet.one.operator,
    body: {
      bundleId,
      version: '2.0.0',
      target: { kind: 'devices', deviceIds: devices.map(({ deviceId }) => deviceId) },
      ...wish,
    },
  });
const start = async (...args: Parameters<typeof ask>): Promise<RolloutView> => {
  const answer = await ask(...args);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body;
};

const inWave = async (id: string, devices: readonly TestDevice[], wave: number) => {
  const { body } = await fleet.rig.ask('GET', `/api/rollouts/${id}/devices`, {
    token: fleet.one.viewer,
  });
  const ids = (body as { devices: { deviceId: string; wave: number }[] }).devices
    .filter((row) => row.wave === wave)
    .map((row) => row.deviceId);
  return devices.filter(({ deviceId }) => ids.includes(deviceId));
};

const versionOf = async (device: TestDevice, bundleId: string): Promise<string> =>
  (await fleet.slotOf(device, bundleId)).version;

const until = (id: string, expected: object) =>
  eventually(async () => {
    expect(await fleet.get(id)).toMatchObject(expected);
  });

describe('waves', () => {
  // Inventory §7.26
  it('tell the first devices, and the others when those confirmed', async () => {
    const { bundleId, devices } = await open();
    const rollout = await start(bundleId, devices, { waves: one() });
    expect(rollout).toMatchObject({
      status: 'in-progress',
      progress: { total: 3, planned: 2, pending: 1 },
      waves: [{ state: 'open' }, { state: 'waiting' }],
    });
    const [canary] = (await inWave(rollout.id, devices, 0)) as [TestDevice];
    expect(rollout.waiting).toBe(
      `Wave canary (1 of 2): 0 of 1 confirmed; waiting for ${canary.name} to begin; its gate needs 1 device more`,
    );
    const rest = await inWave(rollout.id, devices, 1);
    for (const device of rest) expect(await versionOf(device, bundleId)).toBe('1.0.0');
    await fleet.says(canary, bundleId, 'running');
    await until(rollout.id, {
      progress: { succeeded: 1, pending: 2, planned: 0 },
      waves: [{ state: 'passed', passedBy: null }, { state: 'open' }],
    });
    for (const device of rest) await fleet.says(device, bundleId, 'running');
    await until(rollout.id, { status: 'succeeded', waiting: '', progress: { succeeded: 3 } });
  });

  // Inventory §7.26
  it('never pass by silence, and stop before the others when the first fail', async () => {
    const { bundleId, devices } = await open();
    const rollout = await start(bundleId, devices, { waves: one() });
    const [canary] = (await inWave(rollout.id, devices, 0)) as [TestDevice];
    await setPresence(fleet.rig, fleet.one, canary.deviceId, 'offline', new Date());
    expect(await fleet.get(rollout.id)).toMatchObject({
      progress: { unreached: 1, planned: 2 },
      waiting: expect.stringContaining(`${canary.name}, unreached since`),
    });
    await setPresence(fleet.rig, fleet.one, canary.deviceId, 'online');
    await fleet.says(canary, bundleId, 'failed', { reason: 'The probe got 500.' });
    await until(rollout.id, {
      status: 'paused',
      statusReason: 'In wave canary, 1 of 1 devices that finished failed (100 %; at most 0 % may).',
    });
    for (const device of await inWave(rollout.id, devices, 1)) {
      expect(await versionOf(device, bundleId)).toBe('1.0.0');
    }
    // It would only stop again.
    expect(await fleet.steer(rollout.id, 'resume')).toMatchObject({
      status: 409,
      body: { code: 'wrong-state', next: 'Retry its failed devices, or advance past it.' },
    });
    expect(await fleet.steer(rollout.id, 'retry')).toMatchObject({
      status: 200,
      body: { status: 'in-progress', progress: { pending: 1, planned: 2 } },
    });
    await fleet.says(canary, bundleId, 'failed');
    await until(rollout.id, { status: 'paused' });
    expect(await fleet.steer(rollout.id, 'advance')).toMatchObject({
      status: 200,
      body: {
        status: 'in-progress',
        waves: [{ state: 'passed', passedBy: 'user:operator@one.example' }, { state: 'open' }],
        progress: { failed: 1, pending: 2 },
      },
    });
  });

  // Inventory §7.26
  it('take everybody back by themselves where they are told to', async () => {
    const { bundleId, devices } = await open();
    const gate = { succeededPercentMin: 50, failedPercentMax: 0 };
    const waves = [
      { name: 'two', size: { kind: 'count', count: 2 }, gate },
      { name: 'rest', size: { kind: 'rest' }, gate: { ...gate, soakMs: 60_000 } },
    ];
    const rollout = await start(bundleId, devices, { waves, onFailure: 'roll-back' });
    const [good, bad] = (await inWave(rollout.id, devices, 0)) as [TestDevice, TestDevice];
    const [late] = (await inWave(rollout.id, devices, 1)) as [TestDevice];
    const before = await fleet.slotOf(late, bundleId);
    await fleet.says(good, bundleId, 'running');
    await until(rollout.id, { waves: [{ state: 'passed' }, { state: 'open' }] });
    // A wave that was passed turns out bad while the next is at work.
    await fleet.says(bad, bundleId, 'failed', { reason: 'out of memory' });
    await until(rollout.id, { status: 'rolling-back', progress: { rollingBack: 2, failed: 1 } });
    expect(await fleet.slotOf(late, bundleId)).toEqual(before);
    expect(await versionOf(good, bundleId)).toBe('1.0.0');
    await eventually(async () => expect(await versionOf(bad, bundleId)).toBe('1.0.0'));
    expect((await fleet.get(rollout.id)).waiting).toMatch(
      /^0 of 2 went back, 1 failed; waiting for .* to go back/,
    );
    for (const device of [good, late]) await fleet.says(device, bundleId, 'running');
    await until(rollout.id, { status: 'rolled-back', progress: { rolledBack: 2, failed: 1 } });
  });

  it('end when they go back before everybody was told', async () => {
    const { bundleId, devices } = await open();
    const rollout = await start(bundleId, devices, { waves: one(), onFailure: 'roll-back' });
    const [canary] = (await inWave(rollout.id, devices, 0)) as [TestDevice];
    await fleet.says(canary, bundleId, 'failed', { reason: 'no' });
    await until(rollout.id, {
      status: 'rolled-back',
      progress: { failed: 1, cancelled: 2, planned: 0 },
    });
  });

  it('hold a failure that was let pass against the device that fails again', async () => {
    const { bundleId, devices } = await open(2);
    const lenient = { succeededPercentMin: 0, failedPercentMax: 0 };
    const waves = [{ name: 'all', size: { kind: 'rest' }, gate: lenient }];
    const rollout = await start(bundleId, devices, { waves });
    const [bad] = devices as [TestDevice];
    await fleet.says(bad, bundleId, 'failed', { reason: 'once' });
    await until(rollout.id, { status: 'paused' });
    expect(await fleet.steer(rollout.id, 'resume')).toMatchObject({ status: 200 });
    expect(await fleet.steer(rollout.id, 'retry')).toMatchObject({ status: 200 });
    await fleet.says(bad, bundleId, 'failed', { reason: 'twice' });
    await until(rollout.id, { status: 'paused' });
  });

  it('are paused and go on: who has not begun gets back what it had, and is told again', async () => {
    const { bundleId, devices } = await open();
    const rollout = await start(bundleId, devices, {
      waves: [{ name: 'all', size: { kind: 'rest' }, gate: strict }],
    });
    const [busy, idle] = devices as [TestDevice, TestDevice];
    await fleet.says(busy, bundleId, 'downloading');
    await until(rollout.id, { progress: { inProgress: 1, pending: 2 } });
    for (let twice = 0; twice < 2; twice += 1) {
      expect(await fleet.steer(rollout.id, 'pause')).toMatchObject({
        status: 200,
        body: { status: 'paused', progress: { inProgress: 1, planned: 2, pending: 0 } },
      });
    }
    expect((await fleet.get(rollout.id)).waiting).toBe('Paused. operator@one.example paused it');
    expect(await versionOf(idle, bundleId)).toBe('1.0.0');
    expect(await versionOf(busy, bundleId)).toBe('2.0.0');
    expect(await fleet.steer(rollout.id, 'resume')).toMatchObject({
      body: { status: 'in-progress', progress: { inProgress: 1, pending: 2 } },
    });
    expect(await fleet.steer(rollout.id, 'resume')).toMatchObject({ status: 409 });
    for (const device of devices) await fleet.says(device, bundleId, 'running');
    await until(rollout.id, { status: 'succeeded' });
    // What confirmed is taken back, too, and each device to what it had.
    expect(await fleet.steer(rollout.id, 'rollback')).toMatchObject({
      body: { status: 'rolling-back', progress: { rollingBack: 3 } },
    });
    for (const device of devices) {
      expect(await versionOf(device, bundleId)).toBe('1.0.0');
      await fleet.says(device, bundleId, 'running');
    }
    await until(rollout.id, { status: 'rolled-back', progress: { rolledBack: 3 } });
  });

  it('soak, and wait for somebody other than whoever made them', async () => {
    const { bundleId, devices } = await open(2);
    const gate = { ...strict, soakMs: 1_200, approval: 'another-person' };
    const rollout = await start(bundleId, devices, { waves: one(gate) });
    const [canary] = (await inWave(rollout.id, devices, 0)) as [TestDevice];
    // Nobody's word counts before there is something to look at.
    expect(await fleet.steer(rollout.id, 'approve', fleet.one.admin)).toMatchObject({
      status: 409,
    });
    await fleet.says(canary, bundleId, 'running');
    await eventually(async () => {
      expect((await fleet.get(rollout.id)).waiting).toMatch(/is good so far; its soak ends/);
    });
    await until(rollout.id, {
      awaitsApproval: 'another-person',
      waiting:
        'Wave canary (1 of 2) is good; waiting for somebody other than operator@one.example to approve it',
    });
    expect(await fleet.steer(rollout.id, 'approve')).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    // Nor may they go round it.
    expect(await fleet.steer(rollout.id, 'advance')).toMatchObject({ status: 403 });
    expect(await fleet.steer(rollout.id, 'approve', fleet.one.admin)).toMatchObject({
      status: 200,
      body: {
        awaitsApproval: null,
        waves: [{ state: 'passed', approvals: ['user:admin@one.example'] }, { state: 'open' }],
      },
    });
  });

  it('let a device that another rollout is at work on wait its turn', async () => {
    const { bundleId, devices } = await open(2);
    const [busy] = devices as [TestDevice];
    const other = await start(bundleId, [busy], {});
    const rollout = await start(bundleId, devices, {
      waves: [{ name: 'all', size: { kind: 'rest' }, gate: strict }],
    });
    expect(rollout.progress).toMatchObject({ planned: 1, pending: 1 });
    await fleet.says(busy, bundleId, 'running');
    await until(other.id, { status: 'succeeded' });
    await eventually(async () => {
      expect((await fleet.get(rollout.id)).progress).toMatchObject({ planned: 0, pending: 2 });
    });
  });

  it('begin when it is time', async () => {
    const { bundleId, devices } = await open(1);
    const startAt = new Date(Date.now() + 2_500).toISOString();
    const rollout = await start(bundleId, devices, { startAt });
    expect(rollout).toMatchObject({
      status: 'scheduled',
      startsAt: startAt,
      progress: { planned: 1 },
      waiting: expect.stringMatching(/^Starts \d\d:\d\d UTC/),
    });
    await until(rollout.id, { status: 'in-progress', progress: { pending: 1 } });
  });
});

describe('whom and how', () => {
  it('is shown before anything starts, and is then exactly what happens', async () => {
    const { bundleId, devices } = await open(5);
    const body = {
      bundleId,
      version: '2.0.0',
      deviceIds: devices.map(({ deviceId }) => deviceId),
      waves: [
        { name: 'first', size: { kind: 'percent', percent: 20 } },
        { name: 'others', size: { kind: 'percent', percent: 80 } },
      ],
    };
    const preview = await fleet.rig.ask('POST', '/api/rollouts/preview', {
      token: fleet.one.viewer,
      body,
    });
    expect(preview).toMatchObject({
      status: 200,
      body: { devices: 5, waves: [{ devices: 1 }, { devices: 4 }] },
    });
    const answer = await fleet.rig.ask('POST', '/api/rollouts', {
      token: fleet.one.operator,
      body,
    });
    const first = await inWave((answer.body as RolloutView).id, devices, 0);
    expect(first.map(({ deviceId }) => deviceId)).toEqual(
      (preview.body as Preview).waves[0]?.first.map(({ deviceId }) => deviceId),
    );
  });

  it('goes by site, by group and by tag', async () => {
    const { bundleId, devices } = await open(3);
    const { owner } = fleet.rig;
    const [tagged, grouped] = devices as [TestDevice, TestDevice];
    const { tenantId } = fleet.one;
    const mark = randomUUID().slice(0, 6);
    await owner.query(
      `INSERT INTO device_manager.device_tags (tenant_id, device_id, key, value)
       VALUES ($1, $2, 'ring', $3)`,
      [tenantId, tagged.deviceId, mark],
    );
    const { rows } = await owner.query<{ id: string }>(
      `INSERT INTO device_manager.groups (tenant_id, name, created_by) VALUES ($1, $2, 'test')
       RETURNING id`,
      [tenantId, `group ${mark}`],
    );
    const groupId = rows[0]?.id ?? '';
    await owner.query(
      `INSERT INTO device_manager.group_members (tenant_id, group_id, device_id, added_by)
       VALUES ($1, $2, $3, 'test')`,
      [tenantId, groupId, grouped.deviceId],
    );
    const preview = async (target: object, waves: object[] = []) =>
      fleet.rig.ask('POST', '/api/rollouts/preview', {
        token: fleet.one.viewer,
        body: { bundleId, version: '2.0.0', target, waves },
      });
    const ids = async (target: object) =>
      ((await preview(target)).body as Preview).waves[0]?.first.map(({ deviceId }) => deviceId);
    expect(await ids({ kind: 'tag', tag: `ring=${mark}` })).toEqual([tagged.deviceId]);
    expect(await ids({ kind: 'group', groupId })).toEqual([grouped.deviceId]);
    const site = (await preview({ kind: 'site', site: tagged.site })).body as Preview;
    expect(site.devices).toBeGreaterThan(2);
    const byTag = await preview(
      { kind: 'devices', deviceIds: devices.map(({ deviceId }) => deviceId) },
      [
        { name: 'canary', size: { kind: 'tag', tag: `ring=${mark}` } },
        { name: 'rest', size: { kind: 'rest' } },
      ],
    );
    expect((byTag.body as Preview).waves).toMatchObject([
      { devices: 1, first: [{ deviceId: tagged.deviceId }] },
      { devices: 2 },
    ]);
    await owner.query(`UPDATE device_manager.groups SET query = 'ring=x' WHERE id = $1`, [groupId]);
    expect(await preview({ kind: 'group', groupId })).toMatchObject({
      status: 409,
      body: { code: 'wrong-state' },
    });
  });

  it('is refused with the reason where it can’t be', async () => {
    const { bundleId, devices } = await open(1);
    const percent = (value: number) => ({ name: 'w', size: { kind: 'percent', percent: value } });
    const waves = (list: object[]) => ask(bundleId, devices, { waves: list });
    expect(await waves([percent(10), percent(20)])).toMatchObject({
      status: 400,
      body: {
        code: 'invalid-request',
        errors: [{ path: 'waves[1]', message: expect.stringContaining('leaves devices out') }],
      },
    });
    expect(await waves([percent(60), percent(60)])).toMatchObject({
      status: 400,
      body: { errors: [{ message: 'the percents add up to 120, not to 100' }] },
    });
    const to = (target: object | undefined, more: object = {}) =>
      fleet.rig.ask('POST', '/api/rollouts', {
        token: fleet.one.operator,
        body: { bundleId, version: '2.0.0', ...(target === undefined ? {} : { target }), ...more },
      });
    expect(await to(undefined)).toMatchObject({ status: 400 });
    expect(await to({ kind: 'all' }, { deviceIds: [randomUUID()] })).toMatchObject({ status: 400 });
    expect(await to({ kind: 'site', site: 'nowhere' })).toMatchObject({
      status: 409,
      body: { detail: 'No approved device is there to roll out to.' },
    });
    expect(await to({ kind: 'group', groupId: randomUUID() })).toMatchObject({ status: 404 });
    for (const verb of ['pause', 'resume', 'approve', 'advance', 'rollback']) {
      expect(await fleet.steer(randomUUID(), verb)).toMatchObject({ status: 404 });
      const foreign = await start(bundleId, devices, {});
      expect(await fleet.steer(foreign.id, verb, fleet.two.operator)).toMatchObject({
        status: 404,
      });
      expect(await fleet.steer(foreign.id, verb, fleet.one.viewer)).toMatchObject({ status: 403 });
      await fleet.steer(foreign.id, 'cancel');
    }
  });
});
