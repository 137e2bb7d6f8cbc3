import { randomUUID } from 'node:crypto';
import { readConfig } from '@signalbeam/platform/config';
import { createLog } from '@signalbeam/platform/logging/log';
import { openPlatform } from '@signalbeam/platform/open';
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import { bundlesPerDeviceMax } from '@signalbeam/sync/core/limits';
import type { Slot } from '@signalbeam/sync/core/manifest';
import { openDesired } from '@signalbeam/sync/wire/records';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  addDevice,
  eventually,
  keysetOf,
  makeBundle,
  openTenant,
  type Rig,
  sendReport,
  startRig,
  type TestTenant,
} from '../rig.suite.ts';
import { createService } from '../service.ts';

type Desired = { generation: number; slots: Slot[]; issuedAt: string | null; envelope?: string };

let rig: Rig;
let one: TestTenant;
let two: TestTenant;
beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  one = await openTenant(rig, 'one');
  two = await openTenant(rig, 'two');
});
afterAll(() => rig.stop());

const assign = (tenant: TestTenant, deviceId: string, bundleId: string, version = '1.0.0') =>
  rig.ask('POST', `/api/devices/${deviceId}/bundle`, {
    token: tenant.operator,
    body: { bundleId, version },
  });
const withdraw = (tenant: TestTenant, deviceId: string, bundleId: string) =>
  rig.ask('DELETE', `/api/devices/${deviceId}/bundle/${bundleId}`, { token: tenant.operator });
const desired = async (token: string, deviceId: string): Promise<Desired> =>
  (await rig.ask('GET', `/api/devices/${deviceId}/desired-state`, { token })).body;

describe('the desired state of a device', () => {
  it('is empty until something is asked of it', async () => {
    const device = await addDevice(rig, one, 'fresh');
    const answer = { generation: 0, slots: [], issuedAt: null };
    expect(await desired(one.viewer, device.deviceId)).toEqual(answer);
    expect(await desired(device.token, device.deviceId)).toEqual(answer);
  });

  it('is signed by the director, says what was assigned, and grows by one', async () => {
    const device = await addDevice(rig, one, 'signed');
    const web = await makeBundle(rig, one, 'web', ['1.0.0', '2.0.0']);
    const logs = await makeBundle(rig, one, 'logs', ['1.0.0']);
    expect(await assign(one, device.deviceId, web)).toMatchObject({
      status: 200,
      body: { generation: 1, slots: [{ bundleName: 'web', version: '1.0.0', rolloutId: null }] },
    });
    await assign(one, device.deviceId, logs);
    await assign(one, device.deviceId, web, '2.0.0');
    const now = await desired(device.token, device.deviceId);
    const slots = [
      { bundleId: web, version: '2.0.0', requestedGeneration: 3 },
      { bundleId: logs, version: '1.0.0', requestedGeneration: 2 },
    ];
    expect(now).toMatchObject({ generation: 3, slots });
    const envelope = Buffer.from(now.envelope ?? '', 'base64');
    expect(openDesired(envelope, await keysetOf(rig.platform, one.tenantId))).toMatchObject({
      kind: 'opened',
      value: { tenantId: one.tenantId, deviceId: device.deviceId, generation: 3, slots },
    });
    expect(openDesired(envelope, await keysetOf(rig.platform, two.tenantId)).kind).toBe('refused');
    // Going back is one more generation that names the older version.
    expect(await assign(one, device.deviceId, web, '1.0.0')).toMatchObject({
      body: { generation: 4 },
    });
    expect(await withdraw(one, device.deviceId, web)).toMatchObject({
      status: 200,
      body: { generation: 5, slots: [{ bundleId: logs }] },
    });
    expect((await withdraw(one, device.deviceId, web)).status).toBe(404);
  });

  it('has room for so many bundles and no more', async () => {
    const device = await addDevice(rig, one, 'full');
    for (let index = 0; index < bundlesPerDeviceMax; index += 1) {
      const id = await makeBundle(rig, one, `fill-${index}`, ['1.0.0']);
      expect((await assign(one, device.deviceId, id)).status).toBe(200);
    }
    const more = await makeBundle(rig, one, 'one-more', ['1.0.0']);
    expect(await assign(one, device.deviceId, more)).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: expect.stringContaining('full') },
    });
    const { generation, envelope = '' } = await desired(one.viewer, device.deviceId);
    expect(generation).toBe(bundlesPerDeviceMax);
    expect(Buffer.from(envelope, 'base64').byteLength).toBeLessThan(16 * 1024);
  });

  it('goes above what the device reported, when the database is an older one', async () => {
    const device = await addDevice(rig, one, 'restored');
    const id = await makeBundle(rig, one, 'restored', ['1.0.0']);
    await sendReport(rig, one, device.deviceId, [], { generation: 41 });
    await eventually(async () => {
      const { rows } = await rig.owner.query(
        'SELECT generation FROM bundle_orchestrator.device_reports WHERE device_id = $1',
        [device.deviceId],
      );
      expect(rows).toEqual([{ generation: 41 }]);
    });
    expect((await assign(one, device.deviceId, id)).body).toMatchObject({ generation: 42 });
  });

  it('never falls back, not even by the hand of the database owner', async () => {
    const device = await addDevice(rig, one, 'grows');
    const id = await makeBundle(rig, one, 'grows', ['1.0.0']);
    await assign(one, device.deviceId, id);
    await assign(one, device.deviceId, id);
    for (const change of [`generation = 1`, `envelope = 'forged'`]) {
      await expect(
        rig.owner.query(
          `UPDATE bundle_orchestrator.desired_states SET ${change} WHERE device_id = $1`,
          [device.deviceId],
        ),
      ).rejects.toThrow('only grows');
    }
  });
});

describe('bad wishes change nothing', () => {
  it('about what is not there or not ours', async () => {
    const device = await addDevice(rig, one, 'mine');
    const foreign = await addDevice(rig, two, 'theirs');
    const mine = await makeBundle(rig, one, 'mine', ['1.0.0']);
    const theirs = await makeBundle(rig, two, 'theirs', ['1.0.0']);
    for (const [deviceId, bundleId, version] of [
      [foreign.deviceId, mine, '1.0.0'],
      [device.deviceId, theirs, '1.0.0'],
      [device.deviceId, mine, '1.0.1'],
      [randomUUID(), mine, '1.0.0'],
      [device.deviceId, randomUUID(), '1.0.0'],
    ] as const) {
      expect(await assign(one, deviceId, bundleId, version)).toMatchObject({
        status: 404,
        body: { code: 'not-found' },
      });
    }
    await assign(two, foreign.deviceId, theirs);
    expect((await withdraw(one, foreign.deviceId, theirs)).status).toBe(404);
    const path = `/api/devices/${foreign.deviceId}/desired-state`;
    expect((await rig.ask('GET', path, { token: one.admin })).status).toBe(404);
    expect((await rig.ask('GET', path, { token: device.token })).status).toBe(404);
    expect(await desired(two.viewer, foreign.deviceId)).toMatchObject({ generation: 1 });
    expect(await desired(one.viewer, device.deviceId)).toMatchObject({ generation: 0 });
  });

  it('of people who may not, or in a shape that is none', async () => {
    const device = await addDevice(rig, one, 'guarded');
    const neighbour = await addDevice(rig, one, 'neighbour');
    const id = await makeBundle(rig, one, 'guarded', ['1.0.0']);
    const path = `/api/devices/${device.deviceId}/bundle`;
    const body = { bundleId: id, version: '1.0.0' };
    for (const token of [one.viewer, device.token]) {
      expect((await rig.ask('POST', path, { token, body })).status).toBe(403);
    }
    expect((await rig.ask('POST', path, { body })).status).toBe(401);
    const own = `/api/devices/${device.deviceId}/desired-state`;
    expect((await rig.ask('GET', own, { token: neighbour.token })).status).toBe(404);
    for (const bad of [{ ...body, force: true }, { bundleId: 'x', version: '1.0.0' }, [], null]) {
      expect(await rig.ask('POST', path, { token: one.operator, body: bad })).toMatchObject({
        status: 400,
        body: { code: 'invalid-request' },
      });
    }
    const pending = await addDevice(rig, one, 'waits', { status: 'pending' });
    expect(await assign(one, pending.deviceId, id)).toMatchObject({
      status: 409,
      body: { code: 'wrong-state', detail: expect.stringContaining('waits') },
    });
    expect(await desired(one.viewer, device.deviceId)).toMatchObject({ generation: 0 });
  });

  it('of a role that set no tenant, or another one', async () => {
    const { api } = rig.platform.pools;
    for (const table of [
      'bundles',
      'bundle_versions',
      'artifacts',
      'artifact_blobs',
      'desired_states',
      'device_reports',
      'rollouts',
      'rollout_devices',
      'public_device_slots',
    ]) {
      const { rows } = await api.query(`SELECT count(*) FROM bundle_orchestrator.${table}`);
      expect(rows, table).toEqual([{ count: 0 }]);
    }
    const foreign = await withTenant(api, everySite(two.tenantId), (sql) =>
      sql.query('SELECT 1 FROM bundle_orchestrator.bundles WHERE tenant_id = $1', [one.tenantId]),
    );
    expect(foreign.rowCount).toBe(0);
  });
});

describe('two replicas', () => {
  it('assign at the same time without skipping or doubling a generation', async () => {
    const config = readConfig(rig.world.environment);
    const log = createLog({ name: 'other', level: 'silent' });
    const other = await openPlatform({ config, log, name: 'other' });
    const replica = createService(other);
    await replica.start();
    try {
      const devices = await Promise.all(
        ['r1', 'r2', 'r3'].map((name) => addDevice(rig, one, name)),
      );
      const id = await makeBundle(rig, one, 'raced', ['1.0.0', '2.0.0']);
      const each = 24;
      const answers = await Promise.all(
        devices.flatMap(({ deviceId }) =>
          Array.from({ length: each }, (_, index) =>
            (index % 2 === 0 ? rig.service : replica).app.request(
              `/api/devices/${deviceId}/bundle`,
              {
                method: 'POST',
                headers: {
                  authorization: `Bearer ${one.operator}`,
                  'content-type': 'application/json',
                },
                body: JSON.stringify({
                  bundleId: id,
                  version: index % 3 === 0 ? '2.0.0' : '1.0.0',
                }),
              },
            ),
          ),
        ),
      );
      for (const answer of answers) expect(answer.status).toBe(200);
      for (const { deviceId } of devices) {
        const { rows } = await rig.owner.query<{ generation: number }>(
          `SELECT (data ->> 'generation')::int AS generation FROM platform.domain_events
            WHERE subject = 'signalbeam.bundles.assigned' AND data -> 'deviceIds' ->> 0 = $1
            ORDER BY 1`,
          [deviceId],
        );
        expect(rows.map(({ generation }) => generation)).toEqual(
          Array.from({ length: each }, (_, index) => index + 1),
        );
        const last = await desired(one.viewer, deviceId);
        expect(last.generation).toBe(each);
        const key = `${one.tenantKey}.plant-7.${deviceId}`;
        await eventually(async () => {
          const stored = await rig.platform.desired.get(key);
          expect(Buffer.from(stored ?? []).toString('base64')).toBe(last.envelope);
        });
      }
    } finally {
      await replica.stop();
      await other.close();
    }
  });
});

describe('what others see', () => {
  it('is each slot with what the device says of it', async () => {
    const device = await addDevice(rig, one, 'viewed');
    const id = await makeBundle(rig, one, 'viewed', ['1.0.0']);
    await assign(one, device.deviceId, id);
    const view = () =>
      withTenant(rig.platform.pools.api, everySite(one.tenantId), async (sql) => {
        const { rows } = await sql.query(
          `SELECT generation, bundle_id, bundle_name, version, status
             FROM bundle_orchestrator.public_device_slots WHERE device_id = $1`,
          [device.deviceId],
        );
        return rows;
      });
    const expected = { generation: 1, bundle_id: id, bundle_name: 'viewed', version: '1.0.0' };
    expect(await view()).toEqual([{ ...expected, status: 'pending' }]);
    const [slot] = (await desired(one.viewer, device.deviceId)).slots;
    if (slot === undefined) throw new Error('no slot');
    await sendReport(rig, one, device.deviceId, [{ slot, status: 'running' }]);
    await eventually(async () => {
      expect(await view()).toEqual([{ ...expected, status: 'running' }]);
    });
    // Asked anew, what was said of the time before does not count.
    await assign(one, device.deviceId, id);
    expect(await view()).toEqual([{ ...expected, generation: 2, status: 'pending' }]);
  });
});
