/** Registration by token over the real database: who gets in, how often, and who does not. */
import { fingerprintOf } from '@signalbeam/sync/wire/fingerprint';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import {
  makeDevice,
  makeToken,
  type OpenedTenant,
  openTenant,
  type Rig,
  register,
  startRig,
} from './rig.suite.ts';

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

const usesOf = async (id: string): Promise<number> => {
  const { rows } = await rig.owner.query(
    'SELECT current_uses FROM device_manager.registration_tokens WHERE id = $1',
    [id],
  );
  return rows[0].current_uses;
};
const deviceCount = async (): Promise<number> => {
  const { rows } = await rig.owner.query('SELECT count(*) AS n FROM device_manager.devices');
  return rows[0].n;
};

describe('registration', () => {
  test('a device appears pending, and the same key again is the same device and burns no use', async () => {
    const { token, id } = await makeToken(rig, acme, { maxUses: 2 });
    const device = makeDevice('pump-1');
    const first = await rig.ask('POST', '/api/devices', { body: device.registration(token) });
    expect(first.status).toBe(201);
    expect(first.body).toEqual({
      deviceId: expect.any(String),
      tenantId: acme.tenantId,
      site: 'plant-7',
      status: 'pending',
      fingerprint: fingerprintOf(device.nkey),
    });
    const again = await rig.ask('POST', '/api/devices', { body: device.registration(token) });
    expect(again).toMatchObject({ status: 200, body: first.body });
    expect(await usesOf(id)).toBe(1);
  });

  test('points 15 and 16: a repeat works when the token has been used up by the first', async () => {
    const { token } = await makeToken(rig, acme, { maxUses: 1 });
    const device = makeDevice();
    await rig.ask('POST', '/api/devices', { body: device.registration(token) });
    const again = await rig.ask('POST', '/api/devices', { body: device.registration(token) });
    expect(again.status).toBe(200);
  });

  test('a repeat changes nothing of the device, whatever it says', async () => {
    const { token } = await makeToken(rig, acme);
    const device = makeDevice('honest');
    const body = device.registration(token);
    const { body: made } = await rig.ask('POST', '/api/devices', { body });
    await rig.ask('POST', '/api/devices', {
      body: { ...body, name: 'thief', sealingKey: makeDevice().registration('x').sealingKey },
    });
    const { rows } = await rig.owner.query(
      'SELECT name, sealing_key FROM device_manager.devices WHERE id = $1',
      [(made as { deviceId: string }).deviceId],
    );
    expect(rows).toEqual([{ name: 'honest', sealing_key: body.sealingKey }]);
  });

  test('point 16: fifty at once with three uses: exactly three get in', async () => {
    const { token, id } = await makeToken(rig, acme, { maxUses: 3 });
    const before = await deviceCount();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        rig.ask('POST', '/api/devices', { body: makeDevice().registration(token) }),
      ),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(3);
    for (const { status, body } of answers) {
      if (status !== 201) {
        expect(status).toBe(403);
        expect(body).toMatchObject({ code: 'registration-token-used-up' });
      }
    }
    expect(await usesOf(id)).toBe(3);
    expect(await deviceCount()).toBe(before + 3);
  });

  test('the same device ten times at once is one device and one use', async () => {
    const { token, id } = await makeToken(rig, acme, { maxUses: 5 });
    const body = makeDevice().registration(token);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => rig.ask('POST', '/api/devices', { body })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(9).fill(200), 201]);
    expect(await usesOf(id)).toBe(1);
  });

  test("another tenant cannot claim a device's key, and its token keeps its use", async () => {
    const { token } = await makeToken(rig, acme);
    const { device } = await register(rig, token);
    const theirs = await makeToken(rig, other);
    const answer = await rig.ask('POST', '/api/devices', {
      body: device.registration(theirs.token),
    });
    expect(answer).toMatchObject({ status: 409, body: { code: 'device-key-taken' } });
    expect(await usesOf(theirs.id)).toBe(0);
  });

  test('unknown, revoked, expired and damaged tokens are told apart and let nobody in', async () => {
    const before = await deviceCount();
    const code = async (token: string): Promise<unknown> => {
      const answer = await rig.ask('POST', '/api/devices', {
        body: makeDevice().registration(token),
      });
      return [answer.status, (answer.body as { code: string }).code];
    };
    const live = await makeToken(rig, acme);
    const wrongSecret = `${live.token.slice(0, -1)}${live.token.endsWith('0') ? '1' : '0'}`;
    expect(await code(wrongSecret)).toEqual([403, 'registration-token-unknown']);
    expect(await code('not-a-token-at-all')).toEqual([403, 'registration-token-unknown']);
    const revoked = await makeToken(rig, acme);
    const revoke = await rig.ask('DELETE', `/api/registration-tokens/${revoked.id}`, {
      token: acme.operator,
    });
    expect(revoke.status).toBe(204);
    expect(await code(revoked.token)).toEqual([403, 'registration-token-revoked']);
    const short = await makeToken(rig, acme, { validityDays: 1 });
    await rig.owner.query(
      'UPDATE device_manager.registration_tokens SET expires_at = $2 WHERE id = $1',
      [short.id, new Date(rig.platform.now() - dayMs)],
    );
    expect(await code(short.token)).toEqual([403, 'registration-token-expired']);
    expect(await deviceCount()).toBe(before);
  });

  test('point 17: two live tokens with one prefix both work', async () => {
    const [first, second] = [await makeToken(rig, acme), await makeToken(rig, acme)];
    await rig.owner.query(
      'UPDATE device_manager.registration_tokens SET prefix = $2 WHERE id = $1',
      [second.id, first.prefix],
    );
    const moved = second.token.replace(second.prefix, first.prefix);
    await register(rig, moved);
    await register(rig, first.token);
    expect([await usesOf(first.id), await usesOf(second.id)]).toEqual([1, 1]);
  });

  test('bad bodies are refused with the place of the fault', async () => {
    const { token, id } = await makeToken(rig, acme);
    const good = makeDevice().registration(token);
    const refused = async (
      body: unknown,
    ): Promise<{ code: string; errors?: { path: string }[] }> => {
      const answer = await rig.ask('POST', '/api/devices', { body });
      expect(answer.status).toBe(400);
      return answer.body;
    };
    const paths = async (body: unknown) => (await refused(body)).errors?.map(({ path }) => path);
    expect(await paths({ ...good, tenantId: other.tenantId })).toEqual(['tenantId']);
    expect(await paths({ ...good, platform: { ...good.platform, admin: true } })).toEqual([
      'platform.admin',
    ]);
    expect(await paths({ ...good, publicKey: `U${'A'.repeat(55)}` })).toEqual(['publicKey']);
    expect(await paths({ ...good, sealingKey: Buffer.alloc(33).toString('base64') })).toEqual([
      'sealingKey',
    ]);
    for (const name of [
      '',
      '   ',
      'a\u0000b',
      'a\nb',
      'x\u202egnp.exe',
      'x'.repeat(201),
      7,
      null,
    ]) {
      expect(await paths({ ...good, name })).toEqual(['name']);
    }
    expect((await refused('{"registrationToken":')).code).toBe('malformed-json');
    const large = await rig.ask('POST', '/api/devices', {
      body: { ...good, name: 'x'.repeat(300_000) },
    });
    expect(large).toMatchObject({
      status: 413,
      body: { code: 'body-too-large', detail: expect.stringContaining('262144') },
    });
    expect(await usesOf(id)).toBe(0);
  });

  test('hostile names are kept as they are and harm nothing', async () => {
    const { token } = await makeToken(rig, acme, { maxUses: 5 });
    for (const name of [
      `'; DROP TABLE devices; --`,
      '<script>alert(1)</script>',
      '../../etc',
      '%_\\',
      '😀 Pumpe Übergröße',
    ]) {
      const { id } = await register(rig, token, name);
      const answer = await rig.ask('GET', `/api/devices/${id}`, { token: acme.viewer });
      expect(answer.body).toMatchObject({ name });
    }
  });
});
