/** A director key that is withdrawn: what it signed is signed again, and nothing that runs is touched. */
import { rotateRole } from '@signalbeam/device-manager/keys/change-keys';
import { systemAuthor } from '@signalbeam/platform/postgres/tenant';
import type { Slot } from '@signalbeam/sync/core/manifest';
import { openDesired, openRelease } from '@signalbeam/sync/wire/records';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import {
  addDevice,
  eventually,
  makeBundle,
  openTenant,
  type Rig,
  startRig,
  type TestDevice,
  type TestTenant,
} from '../rig.suite.ts';
import { renewDesired } from './sign-again.ts';

type Desired = { generation: number; slots: Slot[]; envelope: string };

let rig: Rig;
let tenant: TestTenant;
beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  tenant = await openTenant(rig, 'one');
});
afterAll(() => rig.stop());

const desired = async (deviceId: string): Promise<Desired> =>
  (await rig.ask('GET', `/api/devices/${deviceId}/desired-state`, { token: tenant.viewer })).body;
const opened = async (deviceId: string): Promise<string> => {
  const { records } = await rig.platform.keyring.tenant(tenant.tenantId);
  const bytes = Buffer.from((await desired(deviceId)).envelope, 'base64');
  return openDesired(bytes, records.keyset.value).kind;
};
const rotate = (change: 'add' | 'replace', role: 'director' | 'release' = 'director') =>
  rotateRole(rig.platform, systemAuthor(tenant.tenantId), { role, change });

describe('a desired state', () => {
  it('is signed afresh long before it expires, slots as they were', async () => {
    const { deviceId } = await addDevice(rig, tenant, 'old');
    const bundleId = await makeBundle(rig, tenant, 'old', ['1.0.0']);
    const body = { bundleId, version: '1.0.0' };
    await rig.ask('POST', `/api/devices/${deviceId}/bundle`, { token: tenant.operator, body });
    const before = await desired(deviceId);
    const parts = { ...rig.platform, onChanged: () => {} };
    expect(await renewDesired(parts)).toBe(0);
    const later = { ...parts, now: () => Date.now() + 46 * 86_400_000 };
    expect(await renewDesired(later)).toBeGreaterThan(0);
    expect(await renewDesired(later)).toBe(0);
    const after = await desired(deviceId);
    expect(after.slots).toEqual(before.slots);
    expect(after.generation).toBe(before.generation + 1);
    const { records } = await rig.platform.keyring.tenant(tenant.tenantId);
    const opened = openDesired(Buffer.from(after.envelope, 'base64'), records.keyset.value);
    if (opened.kind !== 'opened') throw new Error(opened.reason);
    const lifeMs = Date.parse(opened.value.expiresAt ?? '') - Date.parse(opened.value.issuedAt);
    expect(lifeMs).toBe(90 * 86_400_000);
  });
});

describe('the director key', () => {
  it('may be followed by another without anything being signed again', async () => {
    const { deviceId } = await addDevice(rig, tenant, 'steady');
    const bundleId = await makeBundle(rig, tenant, 'steady', ['1.0.0']);
    const body = { bundleId, version: '1.0.0' };
    await rig.ask('POST', `/api/devices/${deviceId}/bundle`, { token: tenant.operator, body });
    const before = await desired(deviceId);
    await rotate('add');
    const { records, director } = await rig.platform.keyring.tenant(tenant.tenantId);
    expect(records.keyset.value.roles.director).toHaveLength(2);
    expect(records.keyset.value.roles.director[0]?.keyId).toBe(director.keyId);
    expect(await opened(deviceId)).toBe('opened');
    expect(await desired(deviceId)).toEqual(before);
  });

  it('that is withdrawn has its desired states signed by the new one, slots as they were', async () => {
    const { deviceId } = await addDevice(rig, tenant, 'stolen');
    const bundleId = await makeBundle(rig, tenant, 'stolen', ['1.0.0']);
    const body = { bundleId, version: '1.0.0' };
    await rig.ask('POST', `/api/devices/${deviceId}/bundle`, { token: tenant.operator, body });
    const before = await desired(deviceId);
    await rotate('replace');
    await eventually(async () => expect(await opened(deviceId)).toBe('opened'));
    const after = await desired(deviceId);
    expect(after.slots).toEqual(before.slots);
    expect(after.generation).toBe(before.generation + 1);
  });
});

describe('the release key', () => {
  /** What a device that follows this digest gets, and whether it would believe it. */
  const fetched = async (device: TestDevice, digest: string) => {
    const response = await rig.service.app.request(`/api/releases/${digest}`, {
      headers: { authorization: `Bearer ${device.token}` },
    });
    expect(response.status).toBe(200);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const { records } = await rig.platform.keyring.tenant(tenant.tenantId);
    return openRelease(bytes, records.keyset.value);
  };

  it('that is withdrawn leaves no version that devices do not believe, and none that is another', async () => {
    const device = await addDevice(rig, tenant, 'in the field');
    const bundleId = await makeBundle(rig, tenant, 'field', ['1.0.0', '1.1.0']);
    const body = { bundleId, version: '1.0.0' };
    await rig.ask('POST', `/api/devices/${device.deviceId}/bundle`, {
      token: tenant.operator,
      body,
    });
    const before = await desired(device.deviceId);
    const digest = before.slots[0]?.releaseDigest ?? '';
    const said = await fetched(device, digest);
    await rotate('replace', 'release');
    await eventually(async () =>
      expect((await desired(device.deviceId)).slots[0]?.releaseDigest).not.toBe(digest),
    );
    const after = await desired(device.deviceId);
    expect(after.generation).toBe(before.generation + 1);
    const again = after.slots[0]?.releaseDigest ?? '';
    // The same wish: a device does not try anew, and its containers are the same.
    expect(after.slots).toEqual([{ ...before.slots[0], releaseDigest: again }]);
    const now = await fetched(device, again);
    if (said.kind !== 'opened' || now.kind !== 'opened') throw new Error('not believed');
    expect(now.value).toEqual(said.value);
    expect(await fetched(device, digest)).toMatchObject({ code: 'unknown-signer' });
    // The other version can be asked for as ever.
    const next = { bundleId, version: '1.1.0' };
    await rig.ask('POST', `/api/devices/${device.deviceId}/bundle`, {
      token: tenant.operator,
      body: next,
    });
    const asked = (await desired(device.deviceId)).slots[0]?.releaseDigest ?? '';
    expect((await fetched(device, asked)).kind).toBe('opened');
  });

  it('leaves what a version says as it was, whoever asks the database', async () => {
    await expect(
      rig.owner.query(`UPDATE bundle_orchestrator.bundle_versions SET containers = '[]'`),
    ).rejects.toThrow('never changes');
    await expect(
      rig.owner.query(
        `UPDATE bundle_orchestrator.bundle_versions
            SET release_envelope = convert_to('{"payload":"","signatures":[]}', 'UTF8')`,
      ),
    ).rejects.toThrow('never changes');
  });
});
