/** Every kind of channel against a real receiver on loopback, and what only some of them know. */
import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Reach } from '@signalbeam/platform/outside/reach';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Target } from './channel.ts';
import {
  type Certificate,
  type HttpReceiver,
  makeCertificate,
  openHttpReceiver,
  openSmtpReceiver,
  takes,
} from './receivers.suite.ts';
import { aNotice, type Behaviour, channelSuite, type TestReceiver } from './send.suite.ts';
import { createSend } from './send.ts';
import { newSigningKey, rotated } from './signature.ts';

const loopback: Reach = { loopback: true, networks: [] };
const text = z.string().min(1);

const slackShape = z.strictObject({
  text,
  blocks: z
    .array(z.looseObject({ type: z.enum(['header', 'section', 'context', 'actions']) }))
    .max(50),
});
const teamsShape = z.strictObject({
  type: z.literal('message'),
  attachments: z.tuple([
    z.strictObject({
      contentType: z.literal('application/vnd.microsoft.card.adaptive'),
      contentUrl: z.null(),
      content: z.strictObject({
        $schema: z.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
        type: z.literal('AdaptiveCard'),
        version: z.literal('1.4'),
        body: z.array(
          z.union([
            z.looseObject({ type: z.literal('TextBlock'), text, wrap: z.literal(true) }),
            z.strictObject({
              type: z.literal('FactSet'),
              facts: z.array(z.strictObject({ title: text, value: text })),
            }),
          ]),
        ),
        actions: z
          .array(z.strictObject({ type: z.literal('Action.OpenUrl'), title: text, url: z.url() }))
          .optional(),
      }),
    }),
  ]),
});
const pagerdutyShape = z.discriminatedUnion('event_action', [
  z.strictObject({
    routing_key: z.string().length(32),
    event_action: z.literal('trigger'),
    dedup_key: text.max(255),
    payload: z.strictObject({
      summary: text.max(1_024),
      source: text,
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      timestamp: z.iso.datetime(),
      group: text.optional(),
      class: text.optional(),
      custom_details: z.record(z.string(), z.unknown()),
    }),
    client: text,
    client_url: z.url().optional(),
    links: z.array(z.strictObject({ href: z.url(), text })).optional(),
  }),
  ...(['acknowledge', 'resolve'] as const).map((action) =>
    z.strictObject({
      routing_key: z.string().length(32),
      event_action: z.literal(action),
      dedup_key: text.max(255),
    }),
  ),
]);
const webhookShape = z.strictObject({
  events: z
    .array(
      z.strictObject({
        ...{ id: text, type: text, version: z.int().min(1) },
        ...{ occurredAt: z.iso.datetime(), data: z.unknown() },
      }),
    )
    .min(1),
});

const behaveOver = (http: HttpReceiver) => (how: Behaviour) =>
  http.answer((response) => {
    switch (how.kind) {
      case 'take':
        return takes(response);
      case 'fail':
        return void response.writeHead(503).end(how.says);
      case 'refuse':
        return void response.writeHead(400).end(how.says);
      case 'be-silent':
        return undefined;
      case 'talk-for-ever': {
        const write = (): void => {
          while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
          if (!response.destroyed) response.once('drain', write);
        };
        return write();
      }
    }
  });

const overHttp =
  (shape: z.ZodType, secret: string, targetOf: (url: string) => Target) =>
  async (): Promise<TestReceiver> => {
    const http = await openHttpReceiver();
    return {
      target: targetOf(http.url),
      ...{ secret, reach: loopback, behave: behaveOver(http) },
      received: () => http.posts.map(({ body }) => body),
      check: (body) => void shape.parse(JSON.parse(body)),
      connections: http.connections,
      close: http.close,
    };
  };

const hook = '/services/T000/B000/XXXXsecretXXXX';
channelSuite(
  'slack',
  overHttp(slackShape, hook, (origin) => ({
    ...{ kind: 'slack', settings: { origin }, secrets: { url: origin + hook } },
  })),
);
channelSuite(
  'teams',
  overHttp(teamsShape, hook, (origin) => ({
    ...{ kind: 'teams', settings: { origin }, secrets: { url: origin + hook } },
  })),
);
const routingKey = '0123456789abcdef0123456789abcdef';
const pagerdutyAt = (origin: string): Target => ({
  ...{ kind: 'pagerduty', settings: { url: `${origin}/v2/enqueue` }, secrets: { routingKey } },
});
channelSuite('pagerduty', overHttp(pagerdutyShape, routingKey, pagerdutyAt));

const key = newSigningKey();
const webhookAt = (origin: string): Target => ({
  ...{ kind: 'webhook', settings: { origin } },
  secrets: { url: `${origin}/hook?token=hidden`, keys: [{ key, until: null }] },
});
channelSuite('webhook', overHttp(webhookShape, key, webhookAt));

const mailOf = (port: number, password: string): Target & { kind: 'email' } => ({
  kind: 'email',
  settings: {
    ...{ host: 'localhost', port, security: 'starttls', username: 'fleet' },
    ...{ from: 'fleet@works.example', to: ['ops@works.example', 'night@works.example'] },
  },
  secrets: { password },
});
channelSuite('email', async () => {
  const tls = await makeCertificate();
  const secret = 'correct-horse-battery';
  const smtp = await openSmtpReceiver({ tls, user: 'fleet', password: secret });
  const answers = {
    take: () => null,
    fail: (says: string) => ({ code: 451, text: says }),
    refuse: (says: string) => ({ code: 554, text: says }),
    'be-silent': () => undefined,
    'talk-for-ever': () => ({ code: 451, text: 'x'.repeat(200_000) }),
  };
  return {
    target: mailOf(smtp.port, secret),
    ...{ secret, reach: { ...loopback, ca: tls.cert } },
    behave: (how) => smtp.answer(answers[how.kind]('says' in how ? how.says : '')),
    // Quoted-printable: soft line breaks away.
    received: () => smtp.mails.map((mail) => mail.text.replaceAll('=\r\n', '')),
    check: (mail) => {
      expect(mail).toMatch(/^From: fleet@works\.example\r$/m);
      expect(mail).toMatch(/^To: ops@works\.example, night@works\.example\r$/m);
      expect(mail).toMatch(/^Subject: \[SignalBeam\] /m);
      expect(mail).toMatch(/^Message-ID: <m1@works\.example>\r$/m);
      expect(mail).toMatch(/^Content-Type: text\/html/m);
      const last = smtp.mails.at(-1);
      expect(last).toMatchObject({ user: 'fleet', secure: true });
      expect(last?.to).toEqual(['ops@works.example', 'night@works.example']);
    },
    connections: smtp.connections,
    close: smtp.close,
  };
});

describe('what only some receivers do', () => {
  let http: HttpReceiver;
  let https: HttpReceiver;
  let tls: Certificate;
  const now = Date.parse('2026-11-27T12:00:00Z');
  const send = (target: Target, reach: Reach = loopback, incidentKey: string | null = null) =>
    createSend({ reach, publicUrl: null, now: () => now })(target, {
      ...{ id: 'm1', notices: [aNotice('acknowledged')], incidentKey },
    });
  beforeAll(async () => {
    tls = await makeCertificate();
    [http, https] = [await openHttpReceiver(), await openHttpReceiver(tls)];
  });
  afterAll(() => Promise.all([http.close(), https.close()]));

  it('asks for a pause, in seconds or until a time', async () => {
    const target = webhookAt(http.url);
    http.answer((response) => void response.writeHead(429, { 'retry-after': '120' }).end());
    expect(await send(target)).toMatchObject({ kind: 'failed', retryAfterMs: 120_000 });
    const date = 'Fri, 27 Nov 2026 12:05:00 GMT';
    http.answer((response) => void response.writeHead(503, { 'retry-after': date }).end());
    expect(await send(target)).toMatchObject({ kind: 'failed', retryAfterMs: 300_000 });
  });

  it('sends elsewhere, and is not followed', async () => {
    const before = https.posts.length;
    http.answer((response) => void response.writeHead(307, { location: https.url }).end());
    expect(await send(webhookAt(http.url))).toEqual({
      ...{ kind: 'failed', reason: 'HTTP 307: it redirects, which is not followed.' },
    });
    expect(https.posts).toHaveLength(before);
  });

  it('shows a certificate, which must be one to trust', async () => {
    const target = webhookAt(https.url);
    expect(await send(target)).toMatchObject({
      ...{ kind: 'failed', reason: expect.stringContaining('certificate is not to be trusted') },
    });
    expect(https.posts).toHaveLength(0);
    const trusting = { ...loopback, ca: tls.cert };
    expect(await send(target, trusting)).toMatchObject({ kind: 'delivered' });
  });

  it('is reached without TLS on loopback alone', async () => {
    const target = webhookAt(http.url.replace('127.0.0.1', '192.0.2.1'));
    expect(await send(target)).toEqual({
      ...{ kind: 'failed', reason: 'The address must begin with https://.' },
    });
  });

  it('checks signatures, of both keys while one takes over from the other', async () => {
    http.answer(takes);
    const next = newSigningKey();
    const keys = rotated([{ key, until: null }], next, now);
    const target = webhookAt(http.url);
    if (target.kind !== 'webhook') throw new Error('it is a webhook');
    await send({ ...target, secrets: { ...target.secrets, keys } });
    const { headers, body } = http.posts.at(-1) ?? { headers: {} as IncomingHttpHeaders, body: '' };
    expect(headers['webhook-timestamp']).toBe(String(now / 1_000));
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const expected = [next, key].map((one) => {
      const secret = Buffer.from(one.replace('whsec_', ''), 'base64');
      return `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`;
    });
    expect(headers['webhook-signature']).toBe(expected.join(' '));
    const later = createSend({ reach: loopback, publicUrl: null, now: () => now + 86_400_000 });
    const message = { id: 'm2', notices: [aNotice('raised')], incidentKey: null };
    await later({ ...target, secrets: { ...target.secrets, keys } }, message);
    expect(String(http.posts.at(-1)?.headers['webhook-signature']).split(' ')).toHaveLength(1);
  });

  it('knows an incident by its key', async () => {
    http.answer(takes);
    await send(pagerdutyAt(http.url), loopback, 'signalbeam:several:x');
    expect(JSON.parse(http.posts.at(-1)?.body ?? '')).toEqual({
      ...{
        routing_key: routingKey,
        event_action: 'acknowledge',
        dedup_key: 'signalbeam:several:x',
      },
    });
  });

  it('lets nobody in with the wrong password, nor without TLS that can be trusted', async () => {
    const smtp = await openSmtpReceiver({ tls, user: 'fleet', password: 'right' });
    const target = mailOf(smtp.port, 'wrong-password');
    const trusting = { ...loopback, ca: tls.cert };
    const refused = await send(target, trusting);
    expect(refused).toMatchObject({ kind: 'failed', reason: expect.stringContaining('535') });
    expect(JSON.stringify(refused)).not.toContain('wrong-password');
    expect(await send(mailOf(smtp.port, 'right'))).toMatchObject({ kind: 'failed' });
    expect(smtp.mails).toHaveLength(0);
    const plain = { ...target.settings, host: '127.0.0.1', security: 'none' as const };
    const elsewhere = { loopback: false, networks: [] };
    expect(await send({ ...target, settings: plain }, elsewhere)).toMatchObject({ kind: 'failed' });
    await smtp.close();
  });
});
