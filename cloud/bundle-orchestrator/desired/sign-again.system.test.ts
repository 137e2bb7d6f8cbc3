/** A director key that is withdrawn: what it signed is signed again, and nothing that runs is touched. */
import { rotateRole } from '@signalbeam/device-manager/keys/change-keys';
import type { Slot } from '@signalbeam/sync/core/manifest';
import { openDesired } from '@signalbeam/sync/wire/records';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import {
  addDevice,
  eventually,
  makeBundle,
  openTenant,
  type Rig,
  startRig,
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
const rotate = (change: 'add' | 'replace') =>
  rotateRole(
    rig.platform,
    { tenantId: tenant.tenantId, actor: 'test', ip: null },
    { role: 'director', change },
  );

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
