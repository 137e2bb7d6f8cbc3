/** The pace of rollouts, against a real Postgres and hub: windows, rates, sites and redundancy groups. */
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  containersOf,
  eventually,
  sendReport,
  setPresence,
  type TestDevice,
  tellOfDevice,
} from '../rig.suite.ts';
import { type Fleet, openFleet } from './fleet.suite.ts';
import { atPace } from './pace.suite.ts';
import type { PreviewWave } from './preview.ts';
import type { RolloutView } from './view.ts';

let fleet: Fleet;
let open: ReturnType<typeof atPace>['open'];
let ask: ReturnType<typeof atPace>['ask'];
let start: ReturnType<typeof atPace>['start'];
let until: ReturnType<typeof atPace>['until'];
let told: ReturnType<typeof atPace>['told'];
beforeAll(async () => {
  fleet = await openFleet(inject('postgresUrl'));
  ({ open, ask, start, until, told } = atPace(fleet));
});
afterAll(() => fleet.rig.stop());

/** Every day, from so many minutes from now on. */
const window = (inMinutes: number, minutes: number) => {
  const at = new Date(Date.now() + inMinutes * 60_000);
  return { cron: `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`, timeZone: 'UTC', minutes };
};

/** An image as an upload leaves it: a layer of 1,000 bytes that all share, and one of its own. */
const uploadedImage = async (letter: string, ownBytes: number): Promise<string> => {
  const { rig, one } = fleet;
  const digest = `sha256:${letter.repeat(64)}`;
  await rig.owner.query(
    `INSERT INTO bundle_orchestrator.artifacts
       (tenant_id, name, digest, media_type, size_bytes, platforms, created_by)
     VALUES ($1, 'app', $2, 'application/vnd.oci.image.manifest.v1+json', $3, '{linux/amd64}', 'test')`,
    [one.tenantId, digest, 1_000 + ownBytes],
  );
  await rig.owner.query(
    `INSERT INTO bundle_orchestrator.artifact_blobs
       (tenant_id, image_digest, digest, position, size_bytes, media_type)
     VALUES ($1, $2, 'sha256:' || repeat('0', 64), 1, 1000, 'layer'), ($1, $2, $2, 2, $3, 'layer')`,
    [one.tenantId, digest, ownBytes],
  );
  return `signalbeam.local/app@${digest}`;
};

describe('a dry run', () => {
  it('says who gets what, when and how many bytes, and who has to wait or gets nothing', async () => {
    const { rig, one } = fleet;
    const { mark, bundleId, devices } = await open([{}, {}, {}, { site: 'b' }]);
    for (const [version, image] of [
      ['3.0.0', await uploadedImage('c', 20)],
      ['4.0.0', await uploadedImage('d', 300)],
    ] as const) {
      const body = { version, containers: containersOf(image) };
      const made = await rig.ask('POST', `/api/bundles/${bundleId}/versions`, {
        ...{ token: one.operator, body },
      });
      expect(made.status).toBe(201);
    }
    type Four = [TestDevice, TestDevice, TestDevice, TestDevice];
    const [shares, runs, blank, away] = devices as Four;
    const reports = async (device: TestDevice, version: string) => {
      const slot = {
        ...{ bundleId, bundleName: 'web', version, releaseDigest: '', rolloutId: null },
        requestedGeneration: 1,
      };
      const said = { slot, status: 'running' as const, runningVersion: version };
      await sendReport(rig, one, device.deviceId, [said]);
    };
    await reports(shares, '3.0.0');
    await reports(runs, '4.0.0');
    await setPresence(rig, one, away.deviceId, 'offline');
    const soak = { succeededPercentMin: 100, soakMs: 600_000, approval: 'any-person' };
    const body = {
      ...{ bundleId, version: '4.0.0' },
      deviceIds: devices.map(({ deviceId }) => deviceId),
      waves: [
        { name: 'own', size: { kind: 'site', site: `plant-${mark}` }, gate: soak },
        { name: 'rest', size: { kind: 'rest' }, gate: {} },
      ],
      pace: { windows: [window(60, 120)], perSiteMax: 1 },
    };
    const look = () => rig.ask('POST', '/api/rollouts/preview', { token: one.viewer, body });
    type Wave = PreviewWave & { begins: { earliest: string; likely: string } };
    await eventually(async () => {
      expect((await look()).body).toMatchObject({ runIt: 1, bytes: 300 + 0 + 1_300 + 1_300 });
    });
    const { body: preview } = await look();
    expect(preview).toMatchObject({
      ...{ devices: 4, refused: null, unreached: 1, foreignImages: [] },
      attention: [{ kind: 'unreached', devices: 1, first: [{ name: away.name }] }],
    });
    const [own, rest] = (preview as { waves: Wave[] }).waves as [Wave, Wave];
    const bytes = new Map(own.first.map((device) => [device.deviceId, device.bytes]));
    expect(bytes).toEqual(
      new Map([
        [shares.deviceId, 300],
        [runs.deviceId, 0],
        [blank.deviceId, 1_300],
      ]),
    );
    // The window opens in an hour, two of three take five seconds and more, then it soaks.
    const minutes = (at: string) => (Date.parse(at) - Date.now()) / 60_000;
    expect(minutes(rest.begins.earliest)).toBeGreaterThan(60 + 10 - 1.5);
    expect(minutes(rest.begins.earliest)).toBeLessThan(60 + 10 + 1.5);
    expect(minutes(rest.begins.likely)).toBeGreaterThan(minutes(rest.begins.earliest) + 1);
    expect(rest.dependsOn).toEqual([
      'All 3 devices of wave own confirm, and none fails.',
      'Devices are told in the windows of the rollout only.',
      'At most 1 at one site are at work at once.',
      'It stays so for 10 minutes.',
      'Somebody approves.',
    ]);
    // Nothing was started, and all at once it would be refused while another is at work there.
    expect(await told(devices)).toEqual([]);
    await start(bundleId, [blank], {});
    const atOnce = { ...body, waves: [], pace: {} };
    const refused = await rig.ask('POST', '/api/rollouts/preview?names=0', {
      ...{ token: one.viewer, body: atOnce },
    });
    expect(refused.body).toMatchObject({
      refused: `Another rollout of this bundle is at work on ${blank.name}.`,
      attention: [{ kind: 'busy', first: [] }, { kind: 'unreached' }],
    });
  });
});

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
    expect(urgent).toMatchObject({
      ...{ progress: { pending: 2 }, sitesHaveWindows: true, windowsIgnored: ignoreSiteWindows },
      ...{ windowsIgnoredBy: urgent.createdBy, windowsIgnoredAt: urgent.createdAt },
    });
    const { rows } = await rig.owner.query(
      `SELECT after ->> 'ignoreSiteWindows' AS why FROM platform.audit_log
        WHERE action = 'rollout.start' AND target = $1`,
      [`rollout:${urgent.id}`],
    );
    expect(rows).toEqual([{ why: ignoreSiteWindows }]);
    // Found half-way, and thought better of: who was told and has not begun is taken back.
    await fleet.steer(urgent.id, 'cancel');
    const calm = await start(bundleId, devices, {}, { version: '2.0.0' });
    expect(calm.waiting).toContain('when the maintenance window');
    const decide = (verb: string, token: string, body?: object) =>
      rig.ask('POST', `/api/rollouts/${calm.id}/${verb}`, { token, body });
    const reason = 'It is used.';
    expect((await decide('ignore-site-windows', one.viewer, { reason })).status).toBe(403);
    expect((await decide('ignore-site-windows', one.operator, {})).status).toBe(400);
    expect((await decide('ignore-site-windows', one.operator, { reason })).status).toBe(200);
    await until(calm.id, {
      progress: { pending: 2 },
      waiting: expect.stringContaining('; no window of a site is waited for: It is used'),
      ...{ windowsIgnoredBy: calm.createdBy, windowsIgnoredAt: expect.any(String) },
    });
    expect((await decide('heed-site-windows', one.operator)).status).toBe(200);
    await until(calm.id, {
      ...{ windowsIgnored: null, windowsIgnoredBy: null, windowsIgnoredAt: null },
      progress: { planned: 1, pending: 1 },
    });
    const { rows: said } = await rig.owner.query(
      `SELECT action, after ->> 'windowsIgnored' AS why FROM platform.audit_log
        WHERE target = $1 AND action LIKE '%site-windows' ORDER BY at`,
      [`rollout:${calm.id}`],
    );
    expect(said).toEqual([
      { action: 'rollout.ignore-site-windows', why: reason },
      { action: 'rollout.heed-site-windows', why: null },
    ]);
    await fleet.steer(calm.id, 'cancel');
    expect((await decide('heed-site-windows', one.operator)).status).toBe(409);
    await until(calm.id, { progress: { cancelled: 2 } });
    // Told in a window, and declared before it began: it is asked anew, without the window.
    await set([window(-10, 60)]);
    const early = await start(bundleId, devices, {}, { version: '2.0.0' });
    const toldIn = await fleet.slotOf(held, bundleId);
    expect(toldIn.windows).toBeDefined();
    const path = `/api/rollouts/${early.id}/ignore-site-windows`;
    expect((await rig.ask('POST', path, { token: one.operator, body: { reason } })).status).toBe(
      200,
    );
    await until(early.id, { progress: { pending: 2 } });
    const toldAnew = await fleet.slotOf(held, bundleId);
    expect(toldAnew).toMatchObject({ version: '2.0.0', rolloutId: early.id });
    expect(toldAnew.windows).toBeUndefined();
    expect(toldAnew.requestedGeneration).toBeGreaterThan(toldIn.requestedGeneration);
    // What it had before the first time is what it gets back.
    await fleet.steer(early.id, 'cancel');
    await until(early.id, { progress: { cancelled: 2, pending: 0 } });
    const { slots } = await fleet.desired(held);
    expect(slots.some(({ rolloutId }) => rolloutId === early.id)).toBe(false);
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
    const { deviceId } = device;
    await tellOfDevice(rig, 'device.tagged', { tenantId: one.tenantId, deviceId });
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
