/**
 * How devices leave and take over from one another, over the real database and hub: what goes with
 * the place, what ends, what the removed one may still learn, and who may not.
 */
import { openRevocation } from '@signalbeam/sync/wire/records';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import {
  makeToken,
  type OpenedTenant,
  openTenant,
  type Rig,
  register,
  startRig,
} from './rig.suite.ts';

let rig: Rig;
let acme: OpenedTenant;
beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  acme = await openTenant(rig, 'acme');
});
afterAll(() => rig?.stop());

const operator = () => ({ token: acme.operator });
const post = (path: string, body: unknown, token = acme.operator) =>
  rig.ask('POST', path, { token, body });
const device = async (id: string) => (await rig.ask('GET', `/api/devices/${id}`, operator())).body;

const approvedOne = async (name: string, site = 'plant-7') => {
  const { token } = await makeToken(rig, acme, { site, autoApprove: true });
  return register(rig, token, name);
};
const pendingOne = async (name: string, site = 'plant-8') => {
  const { token } = await makeToken(rig, acme, { site, autoApprove: false });
  return register(rig, token, name);
};
const asks = ({ id, device: self }: Awaited<ReturnType<typeof register>>, more = '') =>
  rig.ask('GET', `/api/devices/${id}/enrolment${more}`, { token: self.proof(id, Date.now()) });

/** The removed device's own entry in the signed revocation that it is given. */
const farewellTo = async (one: Awaited<ReturnType<typeof register>>) => {
  const answer = await asks(one, '?rootsAfter=0');
  expect(answer).toMatchObject({ status: 200, body: { status: 'removed' } });
  const { revocation, roots } = answer.body as { revocation: string; roots: string[] };
  expect(roots.length).toBeGreaterThan(0);
  const { records } = await rig.platform.keyring.tenant(acme.tenantId);
  const opened = openRevocation(Buffer.from(revocation, 'base64'), records.keyset.value);
  if (opened.kind !== 'opened') throw new Error(opened.reason);
  return opened.value.devices.find(({ deviceId }) => deviceId === one.id);
};

describe('a device that is replaced', () => {
  test('leaves its place to the other: name, site, tags, groups and notes', async () => {
    const [old, heir] = [await approvedOne('pump 3'), await pendingOne('spare')];
    const tags = { ...operator(), body: { set: ['line=a'] } };
    expect((await rig.ask('PATCH', `/api/devices/${old.id}/tags`, tags)).status).toBe(200);
    await rig.ask('PATCH', `/api/devices/${old.id}`, {
      ...operator(),
      body: { metadata: { rack: '4' } },
    });
    const answer = await post(`/api/devices/${old.id}/replace`, { by: heir.id });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        id: heir.id,
        name: 'pump 3',
        site: 'plant-7',
        registrationStatus: 'approved',
        metadata: { rack: '4' },
        tags: ['line=a'],
        replaces: old.id,
        removal: null,
      },
    });
    // The old one is in no list; its history has an address.
    const { devices } = (await rig.ask('GET', '/api/devices?limit=200', operator())).body as {
      devices: { id: string }[];
    };
    expect(devices.map(({ id }) => id)).not.toContain(old.id);
    expect(await device(old.id)).toMatchObject({
      name: 'pump 3',
      removal: { removal: 'replaced', wipe: null, replacedBy: heir.id },
    });
    expect(await farewellTo(old)).toMatchObject({
      publicKey: old.device.nkey,
      removal: 'replaced',
    });
    expect((await asks(heir)).body).toMatchObject({
      status: 'approved',
      enrolment: { name: 'pump 3', site: 'plant-7' },
    });
  });

  test('only by one that waits, only if it is in use itself, and only in one tenant', async () => {
    const [old, other] = [await approvedOne('valve'), await approvedOne('other')];
    const heir = await pendingOne('spare');
    expect((await post(`/api/devices/${old.id}/replace`, { by: other.id })).status).toBe(409);
    expect((await post(`/api/devices/${heir.id}/replace`, { by: old.id })).status).toBe(409);
    expect((await post(`/api/devices/${old.id}/replace`, { by: old.id })).status).toBe(409);
    const stranger = await openTenant(rig, 'stranger');
    const theirs = await makeToken(rig, stranger, { autoApprove: false });
    const foreign = await register(rig, theirs.token);
    expect((await post(`/api/devices/${old.id}/replace`, { by: foreign.id })).status).toBe(404);
    const path = `/api/devices/${old.id}/replace`;
    expect((await post(path, { by: heir.id }, stranger.operator)).status).toBe(404);
    expect((await post(path, { by: heir.id }, acme.viewer)).status).toBe(403);
    expect(await device(old.id)).toMatchObject({ registrationStatus: 'approved', removal: null });
  });
});

describe('a device that is decommissioned', () => {
  test('is told under the membership key what to wipe, and says once that it has', async () => {
    const one = await approvedOne('sensor');
    const path = `/api/devices/${one.id}`;
    expect((await post(`${path}/decommission`, { wipe: 'everything' })).status).toBe(400);
    expect((await post(`${path}/decommission`, { wipe: 'workloads' })).status).toBe(204);
    expect(await farewellTo(one)).toMatchObject({ removal: 'decommissioned', wipe: 'workloads' });
    expect(await device(one.id)).toMatchObject({ removal: { wipe: 'workloads', wipedAt: null } });
    const proof = () => ({ token: one.device.proof(one.id, Date.now()) });
    expect((await rig.ask('DELETE', `${path}/enrolment`, proof())).status).toBe(204);
    const { removal } = (await device(one.id)) as { removal: { wipedAt: string } };
    expect(Date.parse(removal.wipedAt)).toBeGreaterThan(0);
    expect((await rig.ask('DELETE', `${path}/enrolment`, proof())).status).toBe(204);
    expect((await device(one.id)) as unknown).toMatchObject({ removal });
    // Out everywhere else.
    expect((await rig.ask('POST', `${path}/heartbeat`, proof())).status).toBeGreaterThan(399);
    const { token } = await makeToken(rig, acme, { autoApprove: true });
    const again = await rig.ask('POST', '/api/devices', { body: one.device.registration(token) });
    expect(again).toMatchObject({ status: 201, body: { status: 'approved' } });
  });

  test('says so only of itself, and only after it was', async () => {
    const [one, other] = [await approvedOne('one'), await approvedOne('other')];
    const proof = () => ({ token: one.device.proof(one.id, Date.now()) });
    expect((await rig.ask('DELETE', `/api/devices/${one.id}/enrolment`, proof())).status).toBe(404);
    expect((await rig.ask('DELETE', `/api/devices/${other.id}/enrolment`, proof())).status).toBe(
      404,
    );
  });
});

test('a device that was deleted outright may learn that much', async () => {
  const one = await approvedOne('gone');
  await rig.ask('DELETE', `/api/devices/${one.id}`, operator());
  const entry = await farewellTo(one);
  expect(entry).toMatchObject({ publicKey: one.device.nkey });
  expect(entry?.wipe).toBeUndefined();
  expect((await rig.ask('GET', `/api/devices/${one.id}`, operator())).status).toBe(404);
});
