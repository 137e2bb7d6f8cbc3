/**
 * Certificates of devices on a real TLS listener: issued, renewed, revoked, listed, forged. Inventory
 * §7 point 4 (an authority per process, keys made by the server, no mTLS) can't come back.
 */
import { X509Certificate } from 'node:crypto';
import { openAuthority } from '@signalbeam/platform/keys/authority';
import {
  makeRequest,
  readRevocationList,
} from '@signalbeam/platform/keys/certificate-request.suite';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { type Credentials, startCredentials } from './credentials.suite.ts';
import type { OpenedTenant, Rig } from './rig.suite.ts';

let world: Credentials;
let rig: Rig;
let acme: OpenedTenant;
let rival: OpenedTenant;

beforeAll(async () => {
  world = await startCredentials(inject('postgresUrl'));
  ({ rig, acme, rival } = world);
});
afterAll(async () => world?.stop());

describe('certificates', () => {
  test('point 4: one of our authority, over a key the device made, opens its own endpoints by mTLS', async () => {
    const [mine, other] = [await world.newDevice(), await world.newDevice()];
    const shown = await world.certify(mine);
    const certificate = new X509Certificate(shown.certificate);
    const authority = new X509Certificate(shown.authority);
    expect(certificate.checkIssued(authority) && certificate.verify(authority.publicKey)).toBe(
      true,
    );
    expect(certificate.serialNumber.toLowerCase()).toBe(shown.serial);
    expect(certificate.subject).toContain(mine.id);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    const answer = await world.askTls(`/api/devices/${mine.id}/enrolment`, shown);
    expect([answer.status, answer.body['status']]).toEqual([200, 'approved']);
    expect((await world.askTls(`/api/devices/${other.id}/enrolment`, shown)).status).toBe(404);
    expect((await world.askTls('/api/devices', shown)).status).toBe(403);
    expect((await world.askTls(`/api/devices/${mine.id}/enrolment`, null)).status).toBe(401);
  });

  test('renewing has no gap: two are in force, the one before them is superseded', async () => {
    const made = await world.newDevice();
    const first = await world.certify(made);
    const { request, privateKey } = await makeRequest();
    const renewed = await world.askTls(`/api/devices/${made.id}/certificates`, first, {
      ...{ method: 'POST', body: { request } },
    });
    expect(renewed.status).toBe(201);
    const second = { certificate: renewed.body['certificate'] ?? '', privateKey };
    const path = `/api/devices/${made.id}/enrolment`;
    expect((await world.askTls(path, first)).status).toBe(200);
    expect((await world.askTls(path, second)).status).toBe(200);
    await world.certify(made);
    expect((await world.askTls(path, first)).status).toBe(401);
    expect((await world.askTls(path, second)).status).toBe(200);
  });

  // Inventory §7.4
  test('a revoked one ends at once and is on the signed list, which is signed once', async () => {
    const made = await world.newDevice();
    const shown = await world.certify(made);
    const path = `/api/devices/${made.id}/certificates`;
    const revoked = await rig.ask('DELETE', `${path}/${shown.serial}`, { token: acme.operator });
    expect(revoked.status).toBe(204);
    expect((await world.askTls(`/api/devices/${made.id}/enrolment`, shown)).status).toBe(401);
    const read = async (etag?: string) =>
      rig.service.app.request('/api/certificates/revoked', {
        headers: etag === undefined ? {} : { 'if-none-match': etag },
      });
    const list = await read();
    const { serials, isSigned } = await readRevocationList(
      new Uint8Array(await list.arrayBuffer()),
      rig.platform.authority.certificate,
    );
    expect(isSigned).toBe(true);
    expect(serials).toContain(shown.serial);
    const etag = list.headers.get('etag') ?? '';
    expect((await read(etag)).status).toBe(304);
    const theirs = `/api/devices/${made.id}/certificates/${shown.serial}`;
    expect((await rig.ask('DELETE', theirs, { token: rival.operator })).status).toBe(404);
  });

  test('end with their device, and an expired one with its date', async () => {
    const [gone, old] = [await world.newDevice(), await world.newDevice()];
    const [goneShown, oldShown] = [await world.certify(gone), await world.certify(old)];
    await rig.ask('DELETE', `/api/devices/${gone.id}`, { token: acme.operator });
    expect((await world.askTls(`/api/devices/${gone.id}/enrolment`, goneShown)).status).toBe(401);
    await rig.owner.query(
      `UPDATE device_manager.device_certificates SET expires_at = now() - interval '1 s'
        WHERE device_id = $1`,
      [old.id],
    );
    const late = await world.askTls(`/api/devices/${old.id}/enrolment`, oldShown);
    expect([late.status, late.body['code']]).toEqual([401, 'expired-token']);
  });

  test.each([
    ['a key of another curve', async () => (await makeRequest('P-384')).request],
    [
      'a request that was changed',
      async () => (await makeRequest()).request.replace(/.{20}(?=\n-----END)/, 'A'.repeat(20)),
    ],
    ['no request', async () => 'hello'],
    ['a certificate', async () => rig.platform.authority.certificate],
  ])('%s is refused, and nothing is issued', async (_what, make) => {
    const made = await world.newDevice();
    const body = { request: await make() };
    const path = `/api/devices/${made.id}/certificates`;
    const answer = await rig.ask('POST', path, { token: world.proofOf(made), body });
    expect(answer.status).toBe(400);
    const { body: listed } = await rig.ask('GET', path, { token: acme.viewer });
    expect(listed).toEqual({ certificates: [] });
  });

  // Inventory §7.4
  test('one of another authority with our names in it opens nothing', async () => {
    const made = await world.newDevice();
    // A second authority, as somebody else could make it: same names, another key.
    const { rows } = await rig.owner.query('SELECT * FROM platform.certificate_authority');
    await rig.owner.query('DELETE FROM platform.certificate_authority');
    const foreign = await openAuthority(rig.owner, rig.platform.kek, rig.platform.now());
    await rig.owner.query(
      'UPDATE platform.certificate_authority SET certificate = $1, sealed = $2',
      [...[rows[0].certificate, rows[0].sealed]],
    );
    const { request, privateKey } = await makeRequest();
    const life = { nowMs: rig.platform.now(), days: 1 };
    const of = { deviceId: made.id, tenantId: acme.tenantId };
    const forged = await foreign.issue(request, of, life);
    const shown = { certificate: forged?.certificate ?? '', privateKey };
    expect((await world.askTls(`/api/devices/${made.id}/enrolment`, shown)).status).toBe(401);
  });

  // Inventory §7.4
  test('the authority stays the same across replicas and restarts, its key sealed', async () => {
    const { pools, kek, now, authority } = rig.platform;
    const others = await Promise.all([
      openAuthority(pools.system, kek, now()),
      openAuthority(pools.system, kek, now()),
    ]);
    expect(others.map(({ certificate }) => certificate)).toEqual(
      others.map(() => authority.certificate),
    );
    const { rows } = await rig.owner.query<{ sealed: Buffer }>(
      'SELECT sealed FROM platform.certificate_authority',
    );
    expect(rows[0]?.sealed.toString('latin1')).not.toContain('\x06\x08*\x86H\xce=\x03\x01\x07');
    const answer = await rig.service.app.request('/api/certificates/authority');
    expect(await answer.text()).toBe(authority.certificate);
  });
});
