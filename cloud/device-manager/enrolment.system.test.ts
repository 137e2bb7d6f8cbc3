/** Approval, enrolment and deletion over the real database and hub, as a device lives them. */
import { setTimeout } from 'node:timers/promises';
import { connect, jwtAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { type Enrolment, enrolmentStatusSchema } from '@signalbeam/sync/wire/enrolment';
import { openSiteKey } from '@signalbeam/sync/wire/site-key';
import { cloudSubjects, deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { offerRecord, pinRoot } from '@signalbeam/sync/wire/trust';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import {
  adminPassword,
  type makeDevice,
  makeToken,
  type OpenedTenant,
  openTenant,
  type Rig,
  register,
  startRig,
} from './rig.suite.ts';
import { resumeTenant, suspendTenant } from './suspend-tenant.ts';

let rig: Rig;
let acme: OpenedTenant;
let other: OpenedTenant;
const dayMs = 24 * 60 * 60_000;

beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  acme = await openTenant(rig, 'acme');
  other = await openTenant(rig, 'other');
});
afterAll(async () => rig?.stop());

const enrolment = (id: string, device: ReturnType<typeof makeDevice>) =>
  rig.ask('GET', `/api/devices/${id}/enrolment`, {
    token: device.proof(id, rig.platform.now()),
  });

describe('enrolment', () => {
  // Inventory §7.11
  test('pending, then approved, with everything the device needs to trust and to connect', async () => {
    const { token } = await makeToken(rig, acme);
    const { id, device } = await register(rig, token, 'pump-9');
    expect(await enrolment(id, device)).toMatchObject({ status: 200, body: { status: 'pending' } });
    const approved = await rig.ask('POST', `/api/devices/${id}/approve`, { token: acme.operator });
    expect(approved).toMatchObject({
      status: 200,
      body: { registrationStatus: 'approved', approvedAt: expect.any(String) },
    });

    const status = enrolmentStatusSchema.parse((await enrolment(id, device)).body);
    if (status.status !== 'approved') throw new Error('not approved');
    const document: Enrolment = status.enrolment;
    expect(document).toMatchObject({
      deviceId: id,
      tenantId: acme.tenantId,
      tenantKey: acme.tenantKey,
      site: 'plant-7',
      name: 'pump-9',
    });
    const bytes = (text: string) => Buffer.from(text, 'base64');
    const pinned = pinRoot(bytes(document.records.root), 0);
    if (pinned.kind === 'refused') throw new Error(pinned.reason);
    expect(pinned.root).toMatchObject({ tenantId: acme.tenantId, development: true, version: 1 });
    let { trust } = pinned;
    for (const [name, text] of [
      ['tenant/keyset', document.records.keyset],
      ['tenant/revocation', document.records.revocation],
      ['site/roster', document.records.roster],
      ['site/site-key', document.records.siteKey],
    ] as const) {
      const offered = offerRecord(trust, 'plant-7', name, bytes(text));
      if (offered.kind !== 'accepted') throw new Error(JSON.stringify(offered));
      trust = offered.trust;
      if (offered.record.kind !== 'site-key') continue;
      const { sealing } = device;
      expect(openSiteKey(offered.record.value, { deviceId: id, sealing })).toHaveLength(32);
    }
    expect(trust.members.get(id)).toBe(device.nkey);
    const foreign = (await rig.platform.keyring.tenant(other.tenantId)).records.keyset.envelope;
    expect(offerRecord(pinned.trust, 'plant-7', 'tenant/keyset', foreign).kind).toBe('refused');
    const again = enrolmentStatusSchema.parse((await enrolment(id, device)).body);
    expect(again.status === 'approved' && again.enrolment.records).toEqual(document.records);

    await rig.platform.desired.put(
      cloudSubjects.recordKey(acme.tenantKey, 'plant-7', id),
      Buffer.from('a record'),
    );
    const connection = await connect({
      servers: document.nats.hubUrls,
      authenticator: jwtAuthenticator(document.nats.deviceJwt, Buffer.from(device.seed)),
      inboxPrefix: deviceSubjects.inboxPrefix('plant-7', id),
    });
    const record = await connection.request(deviceSubjects.record('plant-7', id), '', {
      timeout: 5_000,
    });
    expect(record.string()).toBe('a record');
    await connection.close();
  });

  test('a token may approve at once', async () => {
    const { token } = await makeToken(rig, acme, { autoApprove: true });
    const { id, device } = await register(rig, token);
    expect((await enrolment(id, device)).body).toMatchObject({ status: 'approved' });
  });

  test('a rejected device learns why, and may be let in later', async () => {
    const { token } = await makeToken(rig, acme);
    const { id, device } = await register(rig, token);
    const rejected = await rig.ask('POST', `/api/devices/${id}/reject`, {
      token: acme.operator,
      body: { reason: 'not ours' },
    });
    expect(rejected).toMatchObject({
      status: 200,
      body: { registrationStatus: 'rejected', statusReason: 'not ours' },
    });
    expect((await enrolment(id, device)).body).toEqual({ status: 'rejected', reason: 'not ours' });
    await rig.ask('POST', `/api/devices/${id}/approve`, { token: acme.operator });
    expect((await enrolment(id, device)).body).toMatchObject({ status: 'approved' });
  });

  test('an approved device is not un-approved, and deciding twice changes nothing', async () => {
    const { token } = await makeToken(rig, acme);
    const { id } = await register(rig, token);
    await rig.ask('POST', `/api/devices/${id}/approve`, { token: acme.operator });
    expect(
      await rig.ask('POST', `/api/devices/${id}/approve`, { token: acme.operator }),
    ).toMatchObject({ status: 200 });
    expect(
      await rig.ask('POST', `/api/devices/${id}/reject`, { token: acme.operator }),
    ).toMatchObject({ status: 409, body: { code: 'wrong-state' } });
    const { rows } = await rig.owner.query(
      `SELECT action FROM platform.audit_log WHERE target = $1 ORDER BY id`,
      [`device:${id}`],
    );
    expect(rows.map(({ action }) => action)).toEqual(['device.register', 'device.approve']);
  });

  test('only the device itself may ask: another, a user, a forger and an old proof are refused', async () => {
    const { token } = await makeToken(rig, acme, { maxUses: 2, autoApprove: true });
    const mine = await register(rig, token);
    const neighbour = await register(rig, token);
    const path = `/api/devices/${mine.id}/enrolment`;
    const now = rig.platform.now();
    const status = async (credential: string | undefined) => {
      const answer = await rig.ask(
        'GET',
        path,
        credential === undefined ? {} : { token: credential },
      );
      return [answer.status, (answer.body as { code?: string }).code];
    };
    expect(await status(neighbour.device.proof(neighbour.id, now))).toEqual([404, 'not-found']);
    expect(await status(neighbour.device.proof(mine.id, now))).toEqual([401, 'invalid-token']);
    expect(await status(mine.device.proof(mine.id, now - dayMs))).toEqual([401, 'expired-token']);
    expect(await status(acme.admin)).toEqual([403, 'forbidden']);
    expect(await status(undefined)).toEqual([401, 'unauthenticated']);
    expect(await status('a.b.c')).toEqual([401, 'invalid-token']);
    expect(await status('ey')).toEqual([401, 'invalid-token']);
    const [header, claims] = mine.device.proof(mine.id, now).split('.');
    expect(await status(`${header}.${claims}.${Buffer.alloc(64).toString('base64url')}`)).toEqual([
      401,
      'invalid-token',
    ]);
    const none = Buffer.from(
      JSON.stringify({ alg: 'none', typ: 'sb-device+jwt', kid: mine.id }),
    ).toString('base64url');
    expect(await status(`${none}.${claims}.`)).toEqual([401, 'invalid-token']);
  });
});

describe('deletion', () => {
  test('a deleted device is out at once, everywhere, and its key may register afresh', async () => {
    const { token } = await makeToken(rig, acme, { maxUses: 2, autoApprove: true });
    const { id, device } = await register(rig, token);
    const key = await rig.ask('POST', `/api/devices/${id}/api-keys`, { token: acme.operator });
    expect(key.status).toBe(201);
    const status = enrolmentStatusSchema.parse((await enrolment(id, device)).body);
    if (status.status !== 'approved') throw new Error('not approved');
    const join = (jwt: string) =>
      connect({
        servers: status.enrolment.nats.hubUrls,
        authenticator: jwtAuthenticator(jwt, Buffer.from(device.seed)),
        inboxPrefix: deviceSubjects.inboxPrefix('plant-7', id),
        reconnect: false,
      });
    const connection = await join(status.enrolment.nats.deviceJwt);
    const recordKey = cloudSubjects.recordKey(acme.tenantKey, 'plant-7', id);
    await rig.platform.desired.put(recordKey, Buffer.from('a record'));
    expect(await rig.ask('DELETE', `/api/devices/${id}`, { token: acme.operator })).toMatchObject({
      status: 204,
    });

    // It hears, signed, what became of it, and gets nothing that opens a door.
    const told = await enrolment(id, device);
    expect(told).toMatchObject({ status: 200, body: { status: 'removed', removal: 'deleted' } });
    expect(Object.keys(told.body as object).toSorted()).toEqual([
      'keyset',
      'removal',
      'revocation',
      'roots',
      'status',
    ]);
    const byKey = await rig.ask('GET', `/api/devices/${id}/enrolment`, {
      headers: {
        'x-api-key': (key.body as { apiKey: string }).apiKey,
        'x-tenant-id': acme.tenantId,
      },
    });
    expect(byKey).toMatchObject({ status: 401 });
    expect(await rig.ask('GET', `/api/devices/${id}`, { token: acme.viewer })).toMatchObject({
      status: 404,
    });
    for (const view of ['public_devices', 'public_device_identities']) {
      const { rows } = await rig.owner.query(
        `SELECT 1 FROM device_manager.${view} WHERE device_id = $1`,
        [id],
      );
      expect(rows).toEqual([]);
    }
    await expect.poll(() => rig.platform.desired.get(recordKey), { timeout: 15_000 }).toBeNull();
    // The broker hangs up and does not let it in again.
    await expect.poll(() => connection.isClosed(), { timeout: 15_000 }).toBe(true);
    await expect(join(status.enrolment.nats.deviceJwt)).rejects.toThrow();

    const back = await rig.ask('POST', '/api/devices', { body: device.registration(token) });
    expect(back.status).toBe(201);
    const { deviceId } = back.body as { deviceId: string };
    expect(deviceId).not.toBe(id);
    // Only credentials older than the deletion are revoked; seconds are all a JWT knows of time.
    await setTimeout(1_100);
    const fresh = enrolmentStatusSchema.parse((await enrolment(deviceId, device)).body);
    if (fresh.status !== 'approved') throw new Error('not approved');
    const returned = await join(fresh.enrolment.nats.deviceJwt);
    await returned.close();
    expect(await rig.ask('DELETE', `/api/devices/${id}`, { token: acme.operator })).toMatchObject({
      status: 404,
    });
  });
});

describe('a suspended tenant', () => {
  const reason = 'Invoice 118 is open.';
  const refused = {
    status: 403,
    body: { code: 'tenant-suspended', detail: `This tenant is suspended: ${reason}` },
  };

  // Inventory §7.3
  test('is kept out whole by every way in, hears why, and is back as it was', async () => {
    const { token } = await makeToken(rig, acme, { autoApprove: true, maxUses: 5 });
    const { id, device } = await register(rig, token, 'kept-out');
    const status = enrolmentStatusSchema.parse((await enrolment(id, device)).body);
    if (status.status !== 'approved') throw new Error('not approved');
    const { hubUrls, deviceJwt } = status.enrolment.nats;
    const dial = (): Promise<NatsConnection> =>
      connect({
        servers: hubUrls,
        authenticator: jwtAuthenticator(deviceJwt, Buffer.from(device.seed)),
        inboxPrefix: deviceSubjects.inboxPrefix('plant-7', id),
        reconnect: false,
      });
    const key = await rig.ask('POST', `/api/devices/${id}/api-keys`, {
      ...{ token: acme.operator, body: {} },
    });
    const program = await rig.ask('POST', '/api/service-accounts', {
      ...{ token: acme.admin, body: { name: 'ci', role: 'viewer' } },
    });
    const tokens = `/api/service-accounts/${(program.body as { id: string }).id}/tokens`;
    const service = await rig.ask('POST', tokens, { token: acme.admin, body: {} });
    const login = { email: acme.email('viewer'), password: adminPassword };
    const signIn = () => rig.ask('POST', '/api/auth/login', { body: login });
    const { refreshToken } = (await signIn()).body as { refreshToken: string };
    const ways: Record<string, () => Promise<{ status: number; body: unknown }>> = {
      person: () => rig.ask('GET', '/api/devices', { token: acme.viewer }),
      program: () =>
        rig.ask('GET', '/api/devices', { token: (service.body as { token: string }).token }),
      'sign-in': signIn,
      device: () => enrolment(id, device),
      'API key': () =>
        rig.ask('GET', `/api/devices/${id}`, {
          headers: {
            'x-api-key': (key.body as { apiKey: string }).apiKey,
            'x-tenant-id': acme.tenantId,
          },
        }),
      registration: () => rig.ask('POST', '/api/devices', { body: device.registration(token) }),
    };
    const before = await dial();
    const connected = before.closed();

    const hands = rig.platform;
    await suspendTenant(hands, { tenant: 'ACME', reason });
    for (const [way, ask] of Object.entries(ways)) expect(await ask(), way).toMatchObject(refused);
    const renewal = { body: { refreshToken } };
    expect(await rig.ask('POST', '/api/auth/refresh', renewal)).toMatchObject(refused);
    // The hub ends what is connected, and lets nobody in.
    await connected;
    await expect(dial()).rejects.toThrow(/authorization/i);
    expect((await rig.ask('GET', '/api/devices', { token: other.viewer })).status).toBe(200);

    await resumeTenant(hands, { tenant: 'acme' });
    for (const [way, ask] of Object.entries(ways)) {
      // A device's API key opens no page of people.
      expect((await ask()).status, way).toBe(way === 'API key' ? 403 : 200);
    }
    expect(await ways['API key']?.()).toMatchObject({ body: { code: 'forbidden' } });
    expect((await rig.ask('POST', '/api/auth/refresh', renewal)).status).toBe(200);
    await (await dial()).close();

    const { rows } = await rig.owner.query(
      `SELECT type, data ->> 'reason' AS reason FROM platform.domain_events
        WHERE tenant_id = $1 AND subject LIKE 'signalbeam.tenants.%ed' AND type <> 'tenant.created'
        ORDER BY position`,
      [acme.tenantId],
    );
    expect(rows).toEqual([
      { type: 'tenant.suspended', reason },
      { type: 'tenant.resumed', reason: null },
    ]);
    const told = await rig.ask('GET', '/api/audit?action=tenant.suspend', { token: acme.admin });
    expect(told.body).toMatchObject({
      entries: [{ actor: 'system', before: { suspended: null }, after: { suspended: { reason } } }],
    });
  });

  test('is one that there is, for a reason; suspending twice changes the reason, lifting twice nothing', async () => {
    const hands = rig.platform;
    const nobody = { tenant: 'nobody', reason };
    await expect(suspendTenant(hands, nobody)).rejects.toMatchObject({ code: 'not-found' });
    await expect(suspendTenant(hands, { tenant: 'other', reason: '' })).rejects.toMatchObject({
      code: 'invalid-request',
    });
    expect((await suspendTenant(hands, { tenant: 'other', reason })).before).toBeNull();
    const again = await suspendTenant(hands, { tenant: 'other', reason: 'Another.' });
    expect(again.before).toMatchObject({ reason });
    const lifted = await resumeTenant(hands, { tenant: 'other' });
    expect(lifted.before).toEqual({ at: again.before?.at, reason: 'Another.' });
    expect((await resumeTenant(hands, { tenant: 'other' })).before).toBeNull();
  });
});
