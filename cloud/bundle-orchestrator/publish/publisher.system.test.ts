import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect, jwtAuthenticator } from '@nats-io/transport-node';
import { deviceUserJwt } from '@signalbeam/platform/nats/users';
import { cloudSubjects, deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  addDevice,
  eventually,
  makeBundle,
  openTenant,
  type Rig,
  startRig,
  type TestDevice,
  type TestTenant,
  tellOfDevice,
} from '../rig.suite.ts';
import { createService } from '../service.ts';
import { putRecord } from './bucket.ts';

let rig: Rig;
let tenant: TestTenant;
let bundleId: string;
beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  tenant = await openTenant(rig, 'one');
  bundleId = await makeBundle(rig, tenant, 'web', ['1.0.0', '2.0.0']);
});
afterAll(() => rig.stop());

const keyOf = (device: TestDevice): string =>
  cloudSubjects.recordKey(tenant.tenantKey, device.site, device.deviceId);
const assign = async (device: TestDevice, version = '1.0.0'): Promise<void> => {
  const answer = await rig.ask('POST', `/api/devices/${device.deviceId}/bundle`, {
    token: tenant.operator,
    body: { bundleId, version },
  });
  expect(answer.status).toBe(200);
};
const envelopeOf = async (device: TestDevice): Promise<string> => {
  const path = `/api/devices/${device.deviceId}/desired-state`;
  const answer = await rig.ask('GET', path, { token: tenant.viewer });
  return (answer.body as { envelope: string }).envelope;
};
/** The hub has exactly what Postgres has. */
const isPublished = (device: TestDevice): Promise<void> =>
  eventually(async () => {
    const stored = await rig.platform.desired.get(keyOf(device));
    expect(Buffer.from(stored ?? []).toString('base64')).toBe(await envelopeOf(device));
  }, 30_000);

describe('a desired state', () => {
  it('reaches the device itself: poked, it fetches the record with its own credentials', async () => {
    const device = await addDevice(rig, tenant, 'listens');
    const { deviceId, site, nkey, seed } = device;
    const jwt = await deviceUserJwt(rig.platform.keyring, {
      tenantId: tenant.tenantId,
      site,
      deviceId,
      publicKey: nkey,
    });
    const connection = await connect({
      servers: rig.world.hub.url,
      authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)),
      inboxPrefix: deviceSubjects.inboxPrefix(site, deviceId),
    });
    try {
      const pokes = connection.subscribe(deviceSubjects.down(site, deviceId, 'poke'), { max: 1 });
      await connection.flush();
      const start = performance.now();
      await assign(device);
      for await (const poke of pokes) expect(poke.json()).toEqual({ generation: 1 });
      expect(performance.now() - start).toBeLessThan(2_000);
      const record = await connection.request(deviceSubjects.record(site, deviceId), '', {
        timeout: 2_000,
      });
      expect(Buffer.from(record.data).toString('base64')).toBe(await envelopeOf(device));
    } finally {
      await connection.close();
    }
  });

  it('is not overwritten by an older one, whoever comes late', async () => {
    const device = await addDevice(rig, tenant, 'late');
    await assign(device);
    await isPublished(device);
    const older = await rig.platform.desired.get(keyOf(device));
    await assign(device, '2.0.0');
    await isPublished(device);
    const { tenantId, tenantKey } = tenant;
    const { deviceId, site } = device;
    const record = { tenantId, deviceId, tenantKey, site, generation: 1, revision: 0 };
    await putRecord(rig.platform.cloud, { ...record, envelope: Buffer.from(older ?? []) });
    await isPublished(device);
  });

  it('is put over itself when its device moved, so that what is taken away is an older one', async () => {
    const device = await addDevice(rig, tenant, 'moves-back');
    await assign(device);
    await isPublished(device);
    const before = await rig.platform.desired.revisionOf(keyOf(device));
    const { deviceId } = device;
    await tellOfDevice(rig, 'device.moved', { tenantId: tenant.tenantId, deviceId });
    await eventually(async () => {
      expect(await rig.platform.desired.revisionOf(keyOf(device))).toBeGreaterThan(before);
    });
    expect(await rig.platform.desired.delete(keyOf(device), before)).toBe(false);
    await isPublished(device);
  });

  it('waits for the hub when that is away, and the API does not', async () => {
    const device = await addDevice(rig, tenant, 'patient');
    await rig.world.hub.kill();
    try {
      const start = performance.now();
      await assign(device);
      expect(performance.now() - start).toBeLessThan(2_000);
    } finally {
      await rig.world.hub.start();
    }
    await isPublished(device);
  });
});

describe('a hub that lost', () => {
  const some = async (): Promise<TestDevice[]> => {
    const devices = await Promise.all(
      ['a', 'b', 'c'].map((name) => addDevice(rig, tenant, `${name}-${randomUUID().slice(0, 4)}`)),
    );
    for (const device of devices) await assign(device);
    for (const device of devices) await isPublished(device);
    return devices;
  };

  it('its bucket gets it back from Postgres', async () => {
    const devices = await some();
    await rig.platform.cloud.jsm.streams.delete('KV_desired');
    for (const device of devices) await isPublished(device);
    // And goes on from there.
    const [device] = devices;
    if (device === undefined) throw new Error('no device');
    await assign(device, '2.0.0');
    await isPublished(device);
  });

  it('its whole folder gets it back from Postgres', async () => {
    const devices = await some();
    await rig.world.hub.kill();
    await rm(rig.world.hub.storeDir, { recursive: true, force: true });
    await rig.world.hub.start();
    for (const device of devices) await isPublished(device);
  });

  it('single records gets them back when a service starts, and loses what is no longer ours', async () => {
    const [device] = await some();
    if (device === undefined) throw new Error('no device');
    const { streams } = rig.platform.cloud.jsm;
    await streams.purge('KV_desired', { filter: `$KV.desired.${keyOf(device)}` });
    const stray = cloudSubjects.recordKey(tenant.tenantKey, device.site, randomUUID());
    const roster = `${tenant.tenantKey}.${device.site}.roster`;
    await rig.platform.desired.put(stray, Buffer.from('of a device that is gone'));
    await rig.platform.desired.put(roster, Buffer.from('of the site'));
    const restarted = createService(rig.platform);
    await restarted.start();
    try {
      await isPublished(device);
      await eventually(async () => {
        expect(await rig.platform.desired.get(stray)).toBeNull();
      });
      expect(await rig.platform.desired.get(roster)).not.toBeNull();
    } finally {
      await restarted.stop();
    }
  });

  it('nothing keeps the record of a device that was approved again', async () => {
    const [device] = await some();
    if (device === undefined) throw new Error('no device');
    const { desired } = rig.platform;
    await desired.delete(keyOf(device), await desired.revisionOf(keyOf(device)));
    const { tenantId } = tenant;
    await tellOfDevice(rig, 'device.approved', { tenantId, deviceId: device.deviceId });
    await isPublished(device);
  });
});
