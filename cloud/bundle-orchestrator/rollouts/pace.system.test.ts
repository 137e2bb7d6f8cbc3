/** The pace of rollouts, against a real Postgres and hub: windows, rates, sites and redundancy groups. */
import { randomUUID } from 'node:crypto';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addDevice, eventually, makeBundle, sendReport, type TestDevice } from '../rig.suite.ts';
import { type Fleet, openFleet } from './fleet.suite.ts';
import type { RolloutView } from './view.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await openFleet(inject('postgresUrl'));
});
afterAll(() => fleet.rig.stop());

type Placed = { site?: string; tag?: [string, string] };

const open = async (places: readonly Placed[]) => {
  const mark = randomUUID().slice(0, 8);
  const { rig, one } = fleet;
  const bundleId = await makeBundle(rig, one, `web-${mark}`, ['1.0.0', '2.0.0']);
  const devices: TestDevice[] = [];
  for (const [index, { site, tag }] of places.entries()) {
    const device = await addDevice(rig, one, `gateway-${mark}-${index}`);
    devices.push(device);
    await rig.owner.query('UPDATE device_manager.devices SET site = $2 WHERE id = $1', [
      device.deviceId,
      `${site ?? 'plant'}-${mark}`,
    ]);
    if (tag === undefined) continue;
    await rig.owner.query(
      `INSERT INTO device_manager.device_tags (tenant_id, device_id, key, value)
       VALUES ($1, $2, $3, $4)`,
      [one.tenantId, device.deviceId, ...tag],
    );
  }
  return { mark, bundleId, devices };
};

const ask = (bundleId: string, devices: readonly TestDevice[], pace: object, more: object = {}) =>
  fleet.rig.ask('POST', '/api/rollouts', {
    token: fleet.one.operator,
    body: {
      ...{ bundleId, version: '1.0.0', pace, ...more },
      deviceIds: devices.map(({ deviceId }) => deviceId),
    },
  });
const start = async (...args: Parameters<typeof ask>): Promise<RolloutView> => {
  const answer = await ask(...args);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body;
};
const until = (id: string, expected: object) =>
  eventually(async () => {
    expect(await fleet.get(id)).toMatchObject(expected);
  });
const told = async (devices: readonly TestDevice[]): Promise<TestDevice[]> => {
  const found: TestDevice[] = [];
  for (const device of devices) {
    if ((await fleet.desired(device)).generation > 0) found.push(device);
  }
  return found;
};

/** Every day, from so many minutes from now on. */
const window = (inMinutes: number, minutes: number) => {
  const at = new Date(Date.now() + inMinutes * 60_000);
  return { cron: `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`, timeZone: 'UTC', minutes };
};

describe('a pace', () => {
  it('holds sites to their number and groups to one, and goes on as devices finish', async () => {
    const press: [string, string] = ['redundancy', 'press-line'];
    const { mark, bundleId, devices } = await open([
      {},
      {},
      { tag: press },
      { site: 'b', tag: press },
    ]);
    const rollout = await start(bundleId, devices, { perSiteMax: 1, redundancyTag: 'redundancy' });
    expect(rollout).toMatchObject({ progress: { planned: 2, pending: 2 } });
    expect(rollout.waiting).toBe(
      `0 of 4 confirmed; waiting for ${devices[0]?.name} to begin; ${devices[3]?.name} to begin; 2 devices are told when others at plant-${mark} are done`,
    );
    const seen: string[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      let next: TestDevice[] = [];
      await eventually(async () => {
        next = (await told(devices)).filter(({ deviceId }) => !seen.includes(deviceId));
        expect(next.length).toBeGreaterThan(0);
      });
      const members = next.filter(({ deviceId }) =>
        devices.slice(2).some((device) => device.deviceId === deviceId),
      );
      expect(members.length).toBeLessThanOrEqual(1);
      const [first] = next as [TestDevice];
      seen.push(first.deviceId);
      await fleet.says(first, bundleId, 'running');
      if (seen.length === devices.length) break;
    }
    await until(rollout.id, { status: 'succeeded', progress: { succeeded: 4 } });
    // Going back, too, there is one at a site.
    expect((await fleet.steer(rollout.id, 'rollback')).status).toBe(200);
    await until(rollout.id, { progress: { rollingBack: 2, succeeded: 2 } });
  });

  it('waits for the windows that stand at a site, unless it says why it does not', async () => {
    const { mark, bundleId, devices } = await open([{}, { site: 'free' }]);
    const { rig, one } = fleet;
    const site = `plant-${mark}`;
    const set = (windows: object[]) =>
      rig.owner.query('UPDATE device_manager.sites SET windows = $2 WHERE name = $1', [
        site,
        JSON.stringify(windows),
      ]);
    const [held, free] = devices as [TestDevice, TestDevice];
    await set([window(120, 60)]);
    expect(await ask(bundleId, devices, { windows: [window(300, 60)] })).toMatchObject({
      status: 400,
      body: {
        detail: `The maintenance windows of ${site} are never open within these. Nothing was started.`,
        errors: [{ path: 'pace.windows' }],
      },
    });
    const rollout = await start(bundleId, devices, {});
    expect(await told(devices)).toEqual([free]);
    expect(rollout.waiting).toMatch(
      new RegExp(
        `1 device is told when the maintenance window of ${site} opens at \\d\\d:\\d\\d UTC`,
      ),
    );
    // Somebody opens it: whoever waited is told at once, with the moments until when.
    await set([window(-10, 60)]);
    await recordEvent(rig.platform.pools.system, {
      ...{ tenantId: one.tenantId, type: 'site.windows-changed', data: { site, windows: [] } },
      subject: 'signalbeam.tenants.site-windows',
    });
    await until(rollout.id, { progress: { pending: 2 }, windowsIgnored: null });
    const moments = (await fleet.slotOf(held, bundleId)).windows ?? [];
    expect(moments.length).toBeGreaterThan(1);
    expect((await fleet.slotOf(free, bundleId)).windows).toBeUndefined();
    await fleet.steer(rollout.id, 'cancel');
    await set([window(120, 60)]);
    const ignoreSiteWindows = 'The hole is being used.';
    const urgent = await start(bundleId, devices, {}, { version: '2.0.0', ignoreSiteWindows });
    expect(urgent).toMatchObject({ progress: { pending: 2 }, windowsIgnored: ignoreSiteWindows });
    const { rows } = await rig.owner.query(
      `SELECT after ->> 'ignoreSiteWindows' AS why FROM platform.audit_log
        WHERE action = 'rollout.start' AND target = $1`,
      [`rollout:${urgent.id}`],
    );
    expect(rows).toEqual([{ why: ignoreSiteWindows }]);
  });

  it('tells nobody outside of a window, and takes back who has not begun when it is over', async () => {
    const { bundleId, devices } = await open([{}, {}]);
    const [begun, silent] = devices as [TestDevice, TestDevice];
    const shut = await start(bundleId, devices, { windows: [window(120, 60)] });
    expect(shut.waiting).toMatch(
      /2 devices are told when the maintenance window of plant-\w+ opens at \d\d:\d\d/,
    );
    expect(await told(devices)).toEqual([]);
    await fleet.steer(shut.id, 'cancel');
    const rollout = await start(bundleId, devices, { windows: [window(-5, 60)] });
    expect(rollout.progress).toMatchObject({ pending: 2 });
    // The device is told of them, too: it may hear of the version when they are over.
    const [moment] = (await fleet.slotOf(silent, bundleId)).windows ?? [];
    expect(moment?.[1]).toBeGreaterThan(Date.now() / 1_000);
    await fleet.says(begun, bundleId, 'downloading');
    await until(rollout.id, { progress: { inProgress: 1, pending: 1 } });
    // As if the hour were over.
    await fleet.rig.owner.query(
      `UPDATE bundle_orchestrator.rollouts SET tell_due_at = now(),
              pace = jsonb_set(pace, '{windows,0,minutes}', '1') WHERE id = $1`,
      [rollout.id],
    );
    await until(rollout.id, { progress: { inProgress: 1, planned: 1 } });
    expect((await fleet.desired(silent)).slots).toEqual([]);
    await fleet.says(begun, bundleId, 'running');
    await until(rollout.id, { progress: { succeeded: 1, planned: 1 } });
  });

  it('tells so many in an hour, and says when the next ones are told', async () => {
    const { bundleId, devices } = await open([{}, {}, {}]);
    const rollout = await start(bundleId, devices, { devicesPerHourMax: 1 });
    expect(rollout).toMatchObject({
      progress: { pending: 1, planned: 2 },
      waiting: expect.stringMatching(/2 devices are told at the rate that was set, the next at /),
    });
    const [first] = (await told(devices)) as [TestDevice];
    await fleet.says(first, bundleId, 'running');
    await until(rollout.id, { progress: { succeeded: 1, planned: 2 } });
    await fleet.rig.owner.query(
      `UPDATE bundle_orchestrator.rollouts SET tell_due_at = now(), told_lately = '[]' WHERE id = $1`,
      [rollout.id],
    );
    await until(rollout.id, { progress: { succeeded: 1, pending: 1, planned: 1 } });
  });

  it('that can’t be is refused before anything starts', async () => {
    const { bundleId, devices } = await open([{}]);
    const windows = (more: object) => ({ windows: [{ ...window(10, 10), ...more }] });
    for (const [pace, path] of [
      [windows({ cron: '0 0 31 2 *' }), 'pace.windows[0].cron'],
      [windows({ cron: 'nightly' }), 'pace.windows[0].cron'],
      [windows({ timeZone: 'Plant/Seven' }), 'pace.windows[0].timeZone'],
      [windows({ minutes: 0 }), 'pace.windows[0].minutes'],
      [{ devicesPerHourMax: 0 }, 'pace.devicesPerHourMax'],
      [{ perSiteMax: 0 }, 'pace.perSiteMax'],
    ] as const) {
      expect(await ask(bundleId, devices, pace)).toMatchObject({
        ...{ status: 400, body: { errors: [{ path }] } },
      });
    }
    expect(await ask(bundleId, devices, { redundancyTag: 'nobody' })).toMatchObject({
      ...{ status: 409, body: { code: 'wrong-state' } },
    });
    expect(await told(devices)).toEqual([]);
  });
});

describe('a group with a query', () => {
  const putTag = async (device: TestDevice, value: string): Promise<void> => {
    const { rig, one } = fleet;
    await rig.owner.query(
      `INSERT INTO device_manager.device_tags (tenant_id, device_id, key, value)
       VALUES ($1, $2, 'ring', $3)`,
      [one.tenantId, device.deviceId, value],
    );
    await recordEvent(rig.platform.pools.system, {
      tenantId: one.tenantId,
      type: 'device.tagged',
      subject: 'signalbeam.devices.tagged',
      data: { deviceId: device.deviceId },
    });
  };

  // Inventory §7.24
  it('is a target that grows: in the wave it would be in, or late', async () => {
    const { rig, one } = fleet;
    const { mark, bundleId, devices } = await open([{}, {}, {}, {}]);
    type Four = [TestDevice, TestDevice, TestDevice, TestDevice];
    const [first, second, third, foreign] = devices as Four;
    const { rows } = await rig.owner.query<{ id: string }>(
      `INSERT INTO device_manager.groups (tenant_id, name, query, created_by)
       VALUES ($1, $2, $3, 'test') RETURNING id`,
      [one.tenantId, `ring ${mark}`, `ring=${mark}* AND NOT name=*-3`],
    );
    await putTag(first, `${mark}-a`);
    const target = { kind: 'group', groupId: rows[0]?.id };
    const gate = { succeededPercentMin: 100, failedPercentMax: 0 };
    const waves = [
      { name: 'tagged', size: { kind: 'tag', tag: `ring=${mark}-a` }, gate },
      { name: 'rest', size: { kind: 'rest' }, gate },
    ];
    const body = { bundleId, version: '1.0.0', target, waves };
    const preview = await rig.ask('POST', '/api/rollouts/preview', { token: one.viewer, body });
    expect(preview.body).toMatchObject({ devices: 1, lateJoiners: true });
    const made = await rig.ask('POST', '/api/rollouts', { token: one.operator, body });
    expect(made).toMatchObject({ status: 201, body: { lateJoiners: true } });
    const { id } = made.body as RolloutView;
    // Into the wave at work, and into one that has not begun; who does not answer the query stays out.
    await putTag(foreign, `${mark}-b`);
    await putTag(second, `${mark}-b`);
    await until(id, { progress: { total: 2 }, waves: [{}, { progress: { planned: 1 } }] });
    await fleet.says(first, bundleId, 'running');
    await until(id, { waves: [{ state: 'passed' }, { state: 'open', progress: { pending: 1 } }] });
    // Its wave was passed already.
    await putTag(third, `${mark}-a`);
    await until(id, {
      progress: { total: 3, pending: 2 },
      waves: [{ state: 'passed', late: 1, progress: { pending: 1, succeeded: 1 } }, { late: 0 }],
    });
    for (const device of [second, third]) await fleet.says(device, bundleId, 'running');
    await until(id, { status: 'succeeded', progress: { succeeded: 3 } });
  });
});

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
