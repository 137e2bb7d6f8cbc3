import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  addDevice,
  eventually,
  makeBundle,
  openTenant,
  programOf,
  type TestDevice,
} from '../rig.suite.ts';
import { type Fleet, openFleet } from './fleet.suite.ts';
import type { RolloutView } from './view.ts';

let rig: Fleet['rig'];
let one: Fleet['one'];
let two: Fleet['two'];
let start: Fleet['start'];
let started: Fleet['started'];
let get: Fleet['get'];
let rows: Fleet['rows'];
let steer: Fleet['steer'];
let desired: Fleet['desired'];
let says: Fleet['says'];
let trio: Fleet['trio'];
beforeAll(async () => {
  ({ rig, one, two, start, started, get, rows, steer, desired, says, trio } = await openFleet(
    inject('postgresUrl'),
  ));
});
afterAll(() => rig.stop());

describe('one rollout per bundle and device', () => {
  it('is held, and the busy devices are named', async () => {
    const { bundleId, devices, names } = await trio();
    const [busy, free] = devices as [TestDevice, TestDevice];
    const rollout = await started(bundleId, '1.0.0', [busy]);
    expect(await start(bundleId, '2.0.0', [free, busy])).toMatchObject({
      status: 409,
      body: {
        code: 'conflict',
        detail: expect.stringContaining(`at work on ${names[0]}.`),
        next: expect.stringContaining(rollout.id),
      },
    });
    expect(await desired(free)).toMatchObject({ generation: 0 });
    const body = { bundleId, version: '2.0.0' };
    const path = `/api/devices/${busy.deviceId}/bundle`;
    expect(await rig.ask('POST', path, { token: one.operator, body })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining(rollout.id) },
    });
    expect((await rig.ask('DELETE', `${path}/${bundleId}`, { token: one.operator })).status).toBe(
      409,
    );
    // Another bundle is free to go there.
    const other = await makeBundle(rig, one, `other-${randomUUID().slice(0, 4)}`, ['1.0.0']);
    expect((await start(other, '1.0.0', [busy])).status).toBe(201);
  });

  it('is held when two are started at the same moment', async () => {
    const { bundleId, devices } = await trio();
    const answers = await Promise.all(
      ['1.0.0', '2.0.0', '3.0.0', '1.0.0'].map((version) => start(bundleId, version, devices)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    for (const device of devices) expect(await desired(device)).toMatchObject({ generation: 1 });
  });

  it('waits for its time again when it was paused before it', async () => {
    const { bundleId, devices } = await trio();
    const deviceIds = devices.map(({ deviceId }) => deviceId);
    const startAt = new Date(Date.now() + 3_600_000).toISOString();
    const body = { bundleId, version: '2.0.0', deviceIds, startAt };
    const made = await rig.ask('POST', '/api/rollouts', { token: one.operator, body });
    const { id } = made.body as RolloutView;
    expect(await steer(id, 'pause')).toMatchObject({ body: { status: 'paused' } });
    expect(await steer(id, 'resume')).toMatchObject({ body: { status: 'scheduled' } });
  });

  it('lets a retry wait for a newer rollout', async () => {
    const { bundleId, devices } = await trio();
    const [device] = devices as [TestDevice];
    const failed = await started(bundleId, '3.0.0', [device]);
    await says(device, bundleId, 'failed', { reason: 'no' });
    await eventually(async () => expect((await get(failed.id)).status).toBe('failed'));
    const newer = await started(bundleId, '2.0.0', [device]);
    expect(await steer(failed.id, 'retry')).toMatchObject({
      status: 409,
      body: { code: 'conflict', next: expect.stringContaining(newer.id) },
    });
  });
});

describe('bad wishes change nothing', () => {
  it('about what is not there or not ours', async () => {
    const { bundleId, devices } = await trio();
    const [device] = devices as [TestDevice];
    const foreign = await addDevice(rig, two, 'foreign');
    const foreignBundle = await makeBundle(rig, two, 'foreign', ['1.0.0']);
    for (const answer of [
      await start(bundleId, '2.0.0', [device, foreign]),
      await start(bundleId, '9.9.9', [device]),
      await start(foreignBundle, '1.0.0', [device]),
      await start(bundleId, '2.0.0', [{ ...device, deviceId: randomUUID() }]),
    ]) {
      expect(answer).toMatchObject({ status: 404, body: { code: 'not-found' } });
    }
    const pending = await addDevice(rig, one, 'not-yet', { status: 'pending' });
    expect(await start(bundleId, '2.0.0', [device, pending])).toMatchObject({
      status: 409,
      body: { code: 'wrong-state', detail: expect.stringContaining('not-yet') },
    });
    expect(await desired(device)).toMatchObject({ generation: 0 });
    const rollout = await started(bundleId, '2.0.0', [device]);
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/devices'],
      ['POST', '/cancel'],
      ['POST', '/retry'],
    ] as const) {
      const answer = await rig.ask(method, `/api/rollouts/${rollout.id}${path}`, {
        token: two.admin,
      });
      expect(answer).toMatchObject({ status: 404, body: { code: 'not-found' } });
    }
    expect(await get(rollout.id)).toMatchObject({ status: 'in-progress' });
    const list = await rig.ask('GET', '/api/rollouts', { token: two.viewer });
    expect(list.body).toMatchObject({ rollouts: [] });
  });

  it('in a shape that is none, or of people who may not', async () => {
    const { bundleId, devices } = await trio();
    const [device] = devices as [TestDevice];
    const wish = { bundleId, version: '2.0.0', deviceIds: [device.deviceId] };
    for (const [body, path] of [
      [{ ...wish, deviceIds: [] }, 'deviceIds'],
      [{ ...wish, deviceIds: Array.from({ length: 1_001 }, () => randomUUID()) }, 'deviceIds'],
      [{ ...wish, deviceIds: ['x'] }, 'deviceIds[0]'],
      [{ ...wish, percent: 10 }, 'percent'],
      [{ ...wish, version: 'latest' }, 'version'],
    ] as const) {
      const answer = await rig.ask('POST', '/api/rollouts', { token: one.operator, body });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ path }] } });
    }
    for (const token of [one.viewer, device.token]) {
      expect((await rig.ask('POST', '/api/rollouts', { token, body: wish })).status).toBe(403);
    }
    const rollout = await started(bundleId, '2.0.0', [device, device]);
    expect(rollout.progress.total).toBe(1);
    expect((await steer(rollout.id, 'cancel', one.viewer)).status).toBe(403);
  });
});

describe('the list of rollouts', () => {
  // Inventory §7.30
  it('comes in pages, the newest first, each with counts and its sentence', async () => {
    const tenant = await openTenant(rig, 'pages');
    const bundleId = await makeBundle(rig, tenant, 'web', ['1.0.0']);
    const made: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const device = await addDevice(rig, tenant, `d${index}`);
      made.unshift((await started(bundleId, '1.0.0', [device], tenant)).id);
    }
    const seen: RolloutView[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await rig.ask('GET', `/api/rollouts?limit=2${query}`, { token: tenant.viewer });
      const body = page.body as { rollouts: RolloutView[]; nextCursor: string | null };
      seen.push(...body.rollouts);
      cursor = body.nextCursor;
    }
    expect(seen.map(({ id }) => id)).toEqual(made);
    expect(seen[0]).toMatchObject({
      bundleName: 'web',
      progress: { total: 1, pending: 1 },
      waiting: '0 of 1 confirmed; waiting for d4 to begin',
    });
  });

  it('takes a thousand devices in one go', async () => {
    const tenant = await openTenant(rig, 'fleet');
    const bundleId = await makeBundle(rig, tenant, 'web', ['1.0.0']);
    const { rows: made } = await rig.owner.query<{ id: string }>(
      `INSERT INTO device_manager.devices
         (tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version, os,
          architecture, hostname, registration_token_id)
       SELECT $1, 'd' || n, 'plant-7', 'approved', gen_random_uuid(), '', '', '', '', '', '', $2
         FROM generate_series(1, 1000) AS n RETURNING id`,
      [tenant.tenantId, tenant.registrationTokenId],
    );
    const body = { bundleId, version: '1.0.0', deviceIds: made.map(({ id }) => id) };
    const begun = performance.now();
    const answer = await rig.ask('POST', '/api/rollouts', { token: tenant.operator, body });
    expect(answer).toMatchObject({
      status: 201,
      body: {
        progress: { total: 1000, unreached: 1000 },
        waiting: expect.stringMatching(/never connected; 997 more$/),
      },
    });
    expect(performance.now() - begun).toBeLessThan(5_000);
    await eventually(async () => {
      const { rows: left } = await rig.owner.query(
        `SELECT 1 FROM bundle_orchestrator.desired_states
          WHERE tenant_id = $1 AND published_generation < generation`,
        [tenant.tenantId],
      );
      expect(left).toHaveLength(0);
    });
  });
});

const inWaves = (
  bundleId: string,
  devices: readonly TestDevice[],
  gate: object,
  token = one.operator,
) => {
  const waves = [
    { name: 'canary', size: { kind: 'count', count: 1 }, gate },
    { name: 'rest', size: { kind: 'rest' } },
  ];
  const deviceIds = devices.map(({ deviceId }) => deviceId);
  return rig.ask('POST', '/api/rollouts', {
    token,
    body: { bundleId, version: '2.0.0', deviceIds, waves },
  });
};
const canaryOf = async (id: string, devices: readonly TestDevice[]): Promise<TestDevice> => {
  const told = (await rows(id)).find(({ status }) => status === 'pending')?.deviceId;
  const canary = devices.find(({ deviceId }) => deviceId === told);
  if (canary === undefined) throw new Error('nobody was told');
  return canary;
};

describe('a gate that asks how devices are', () => {
  const scored = (device: TestDevice, score: number, judgedAt = new Date()) =>
    rig.owner.query(
      `INSERT INTO telemetry.device_health (device_id, tenant_id, score, parts, strain, judged_at)
       VALUES ($1, $2, $3, '{}', '', $4)
       ON CONFLICT (device_id) DO UPDATE SET score = $3, judged_at = $4`,
      [device.deviceId, one.tenantId, score, judgedAt],
    );
  /** Steered, it is looked at again; nothing else happens to its one confirmed device. */
  const lookAgain = async (id: string): Promise<RolloutView> => {
    await steer(id, 'pause');
    return (await steer(id, 'resume')).body;
  };

  it('waits for a score that is newer than what it judges, and for alerts to be resolved', async () => {
    const { bundleId, devices } = await trio();
    const gate = { healthScoreMin: 80, alertFreeFrom: 'warning' };
    const { body } = await inWaves(bundleId, devices, gate);
    const { id } = body as RolloutView;
    const canary = await canaryOf(id, devices);
    // Of before the rollout: an old score is no proof, an old alert is none of its.
    await scored(canary, 95, new Date(Date.now() - 3_600_000));
    const alert = (title: string, severity: string, raised: Date) =>
      rig.owner.query(
        `INSERT INTO telemetry.alerts (tenant_id, rule_id, rule_name, type, severity, status, title,
           detail, device_id, device_count, silenced, raised_at)
         VALUES ($1, 'low-disk', 'Low disk', 'low-disk', $2, 'active', $3, '', $4, 1, false, $5)`,
        [one.tenantId, severity, title, canary.deviceId, raised],
      );
    await alert('Old trouble', 'critical', new Date(Date.now() - 3_600_000));
    await alert('Just to say', 'info', new Date());
    await says(canary, bundleId, 'running');
    const head = 'Wave canary (1 of 2): 1 of 1 confirmed; ';
    const asks = `${head}its gate needs a health score of 80 from 1 device more: ${canary.name} has `;
    await eventually(async () =>
      expect((await get(id)).waiting).toBe(`${asks}none since it confirmed`),
    );
    await scored(canary, 61);
    expect(await lookAgain(id)).toMatchObject({
      waiting: `${asks}61`,
      waves: [{ evidence: { well: 0, unwell: 1, alerts: 0 } }, { evidence: null }],
    });
    await scored(canary, 95);
    await alert('Disk full', 'warning', new Date());
    expect((await lookAgain(id)).waiting).toBe(
      `${head}waiting until an alert that was raised on it since it began (warning or worse) is resolved: Disk full`,
    );
    await rig.owner.query(
      `UPDATE telemetry.alerts SET status = 'resolved', resolved_at = now() WHERE device_id = $1`,
      [canary.deviceId],
    );
    expect((await lookAgain(id)).waves).toMatchObject([{ state: 'passed' }, { state: 'open' }]);
  });

  it('refuses to ask for the health of nobody', async () => {
    const { bundleId, devices } = await trio();
    const gate = { succeededPercentMin: 0, healthScoreMin: 80 };
    expect(await inWaves(bundleId, devices, gate)).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'waves[0]' }] },
    });
  });
});

describe('approval by somebody else', () => {
  it('is asked for by the tenant, of whoever made the rollout and of their programs', async () => {
    const settings = (token: string, body: object) =>
      rig.ask('PATCH', '/api/rollout-settings', { token, body });
    const wanted = { approvalByAnother: true };
    expect((await settings(one.operator, wanted)).status).toBe(403);
    expect(await settings(one.admin, wanted)).toMatchObject({ status: 200, body: wanted });
    const { body: read } = await rig.ask('GET', '/api/rollout-settings', { token: one.viewer });
    expect(read).toEqual(wanted);
    const { rows: audited } = await rig.owner.query(
      `SELECT actor, before, after FROM platform.audit_log
        WHERE tenant_id = $1 AND action = 'rollout-settings.change'`,
      [one.tenantId],
    );
    expect(audited).toEqual([
      { actor: 'user:admin@one.example', before: { approvalByAnother: false }, after: wanted },
    ]);

    const { bundleId, devices } = await trio();
    const { body } = await inWaves(bundleId, devices, { approval: 'any-person' });
    const { id } = body as RolloutView;
    await says(await canaryOf(id, devices), bundleId, 'running');
    await eventually(async () =>
      expect((await get(id)).waiting).toBe(
        'Wave canary (1 of 2) is good; waiting for somebody other than operator@one.example to approve it',
      ),
    );
    expect(await steer(id, 'approve')).toMatchObject({
      status: 403,
      body: {
        detail: 'You made this rollout. Your tenant asks that another person approves it.',
      },
    });
    const program = (name: string, owner: string) => programOf(rig, one, name, owner);
    const own = await program('ci', 'operator@one.example');
    expect(await steer(id, 'approve', own)).toMatchObject({
      status: 403,
      body: { detail: expect.stringMatching(/^This program acts for operator@one.example, who/) },
    });
    // One that a program made is its maker's, however long the chain.
    const made = await program('ci-child', 'service-account:ci');
    expect((await steer(id, 'advance', made)).status).toBe(403);
    const other = await program('deployer', 'admin@one.example');
    expect(await steer(id, 'approve', other)).toMatchObject({
      status: 200,
      body: { waves: [{ approvals: ['user:admin@one.example via service-account:deployer'] }, {}] },
    });
    await settings(one.admin, { approvalByAnother: false });
  });

  it('is not given by whoever had a program make the rollout', async () => {
    const { bundleId, devices } = await trio();
    const own = await programOf(rig, one, 'pipeline', 'operator@one.example');
    const gate = { approval: 'another-person' };
    const { body } = await inWaves(bundleId, devices, gate, own);
    const { id } = body as RolloutView;
    expect(body).toMatchObject({
      createdBy: 'service-account:pipeline',
      requestedBy: 'user:operator@one.example',
    });
    expect((await steer(id, 'advance')).status).toBe(403);
    expect((await steer(id, 'advance', one.admin)).status).toBe(200);
  });
});
