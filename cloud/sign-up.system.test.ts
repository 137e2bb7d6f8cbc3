/** Signing up, from the address over a real mail server to a tenant of one's own; and what it must not tell. */
import '@signalbeam/launcher/rig/provided';
import { mailNextSignUp } from '@signalbeam/device-manager/mail-sign-ups';
import { createService } from '@signalbeam/device-manager/service';
import { openTestPlatform, type TestPlatform } from '@signalbeam/platform/rig.suite';
import {
  makeCertificate,
  openSmtpReceiver,
  type SmtpReceiver,
} from '@signalbeam/telemetry-processor/notify/receivers.suite';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

const password = 'correct horse battery';
const publicUrl = 'https://fleet.example.org';
let rig: TestPlatform;
let receiver: SmtpReceiver;
let ahead = 0;
let ask: (path: string, body?: unknown) => Promise<{ status: number; body: never }>;
/** Sends all that is due, as the loop does. */
let mail: () => Promise<void>;

beforeAll(async () => {
  rig = await openTestPlatform(inject('postgresUrl'), () => Date.now() + ahead);
  const tls = await makeCertificate();
  receiver = await openSmtpReceiver({ tls, user: 'fleet', password: 'secret' });
  const server = { host: 'localhost', port: receiver.port, security: 'starttls' } as const;
  const from = 'fleet@signalbeam.example';
  const signUp = {
    ...{ mail: { ...server, username: 'fleet', password: 'secret', from }, publicUrl },
  };
  const platform = { ...rig.platform, config: { ...rig.platform.config, signUp } };
  const { app } = createService(platform);
  ask = async (path, body) => {
    const headers = { 'content-type': 'application/json' };
    const given = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await app.request(path, { headers, ...given });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as never };
  };
  const reach = { loopback: true, networks: ['127.0.0.0/8'], ca: tls.cert };
  mail = async () => {
    while (await mailNextSignUp(platform, reach));
  };
});
afterAll(async () => {
  await receiver?.close();
  await rig?.close();
});

const askFor = (email: string) => ask('/api/auth/sign-up', { email });
const mailsTo = (email: string) => receiver.mails.filter(({ to }) => to.includes(email));
/** Of the last mail, without the line ends that mail puts into long lines. */
const textTo = (email: string): string =>
  mailsTo(email).at(-1)?.text.replaceAll('=\r\n', '').replaceAll('=3D', '=') ?? '';
const linkTo = (email: string): string | undefined =>
  /sign-up#(sbs_[\w-]{43})/.exec(textTo(email))?.[1];
const confirm = (secret: string | undefined, tenantName: string) =>
  ask('/api/auth/sign-up/confirmation', { secret, tenantName, name: 'Ida', password });

describe('signing up', () => {
  test('makes a tenant of the free tier with its admin, by a link that counts once', async () => {
    expect(await ask('/api/auth/providers')).toMatchObject({ body: { signUp: true } });
    expect(await askFor('ida@works.example')).toEqual({ status: 202, body: null });
    await mail();
    expect(mailsTo('ida@works.example')).toMatchObject([{ secure: true, user: 'fleet' }]);
    const secret = linkTo('ida@works.example');
    const made = await confirm(secret, 'Works');
    expect(made).toMatchObject({
      status: 200,
      body: { user: { email: 'ida@works.example', role: 'admin', tenantName: 'Works' } },
    });
    const { rows } = await rig.platform.pools.system.query(
      `SELECT tier FROM device_manager.tenants WHERE name = 'Works'`,
    );
    expect(rows).toEqual([{ tier: 'free' }]);
    expect(await confirm(secret, 'Again')).toMatchObject({
      ...{ status: 403, body: { code: 'sign-up-unknown' } },
    });
    const login = { email: 'ida@works.example', password };
    expect((await ask('/api/auth/login', login)).status).toBe(200);
  });

  test('tells nobody who has an account: only the owner of the address, by mail', async () => {
    const before = mailsTo('ida@works.example').length;
    expect(await askFor('IDA@works.example')).toEqual(await askFor('nobody@works.example'));
    await mail();
    expect(textTo('IDA@works.example')).toContain('It has an account already');
    expect(linkTo('IDA@works.example')).toBeUndefined();
    expect(mailsTo('ida@works.example')).toHaveLength(before);
    expect(linkTo('nobody@works.example')).toBeDefined();
  });

  test('keeps a mail that the server does not take now, and its link ends with the day', async () => {
    receiver.answer({ code: 451, text: 'later' });
    await askFor('late@works.example');
    await mail();
    expect(mailsTo('late@works.example')).toEqual([]);
    // Whoever runs the cloud sees it.
    const measured = await rig.platform.metrics.registry.metrics();
    expect(measured).toContain('signalbeam_sign_ups{state="mail-failing"} 1');
    expect(measured).toContain('signalbeam_sign_ups{state="confirmed"} 1');
    receiver.answer(null);
    ahead += 3_600_000;
    await mail();
    const secret = linkTo('late@works.example');
    expect(secret).toBeDefined();
    // Nothing is lost by a name that is taken: the link stays good.
    expect(await confirm(secret, 'Works')).toMatchObject({ status: 409 });
    ahead += 86_400_000;
    expect(await confirm(secret, 'Late')).toMatchObject({
      ...{ status: 403, body: { code: 'sign-up-unknown' } },
    });
  });

  test('floods no address and wears nobody out: further mails are silently left out, clients refused', async () => {
    for (let count = 0; count < 5; count += 1) {
      expect((await askFor('victim@works.example')).status).toBe(202);
    }
    await mail();
    expect(mailsTo('victim@works.example')).toHaveLength(3);
    const statuses = await Promise.all(
      Array.from({ length: 25 }, (_, at) => askFor(`p${at}@works.example`)),
    );
    // All of a day, with the five before.
    expect(statuses.filter(({ status }) => status === 202)).toHaveLength(15);
    expect(statuses.find(({ status }) => status !== 202)).toMatchObject({
      ...{ status: 429, body: { code: 'too-many-requests' } },
    });
  });

  test('is closed unless the installation opens it', async () => {
    const { app } = createService(rig.platform);
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ email: 'ida@works.example' });
    const answer = await app.request('/api/auth/sign-up', { method: 'POST', headers, body });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ code: 'sign-up-closed' });
  });
});
