/** What is done with a channel beside keeping it: a test that is really sent, and a new signing key. */
import { randomUUID } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import type { Notice } from '../core/notice.ts';
import { openTarget, sealSecrets } from '../notify/channel.ts';
import { handoverMs, newSigningKey, rotated } from '../notify/signature.ts';
import { openSend } from '../notify/start.ts';
import { findChannel, lockChannel, updateChannel } from '../store/notification-channels.ts';
import { logTest } from '../store/notification-deliveries.ts';
import { testAnswerSchema } from './channel-schemas.ts';
import { noSuchChannel } from './channels.ts';
import type { Parts } from './parts.ts';
import { idParams } from './schemas.ts';

const testRoute = createRoute({
  method: 'post',
  path: '/api/notification-channels/{id}/test',
  tags: ['Notifications'],
  summary: 'Sends a test now, also when the channel is paused, and tells what the receiver said',
  middleware: [requireUser('operator', { everySite: true })] as const,
  request: { params: idParams },
  responses: { 200: json(testAnswerSchema, 'What became of it'), ...notFound },
});

const rotateRoute = createRoute({
  method: 'post',
  path: '/api/notification-channels/{id}/signing-key',
  tags: ['Notifications'],
  summary: 'Makes a new signing key for a webhook; the one before it signs for another day',
  middleware: [requireUser('admin', { everySite: true })] as const,
  request: { params: idParams },
  responses: {
    201: json(
      z.strictObject({ signingKey: z.string(), previousUntil: z.iso.datetime() }),
      'The key, shown this once',
    ),
    ...notFound,
    ...conflict,
  },
});

const testNotice = (id: string, by: string, now: number): Notice => ({
  ...{ id, type: 'test', occurredAt: new Date(now).toISOString(), occurredAtMs: now },
  ...{ about: { kind: 'test', by }, data: { by } },
});

const addTesting = (api: Api, parts: Parts): void => {
  const { pools, kek, now } = parts;
  const send = openSend(parts);
  api.openapi(testRoute, async (c) => {
    const author = authorOf(c.var);
    const { id: channelId } = c.req.valid('param');
    const channel = await withTenant(pools.api, author, (sql) => findChannel(sql, channelId));
    if (channel === null) throw noSuchChannel();
    const id = randomUUID();
    const began = now();
    const notice = testNotice(randomUUID(), c.var.caller.email, began);
    const message = { id, notices: [notice], incidentKey: null };
    const outcome = await send(openTarget(kek, channel), message);
    const said = outcome.kind === 'delivered' ? outcome.answer : outcome.reason;
    const delivered = outcome.kind === 'delivered';
    await changeTenant(pools.api, author, async (sql) => {
      if ((await lockChannel(sql, channelId)) === null) throw noSuchChannel();
      const { tenantId } = author;
      await logTest(sql, { id, tenantId, channelId, notice, delivered, said, at: new Date(now()) });
      await writeAudit(sql, {
        ...{ ...author, action: 'notification-channel.test' },
        ...{ target: `notification-channel:${channelId}`, after: { outcome: outcome.kind } },
      });
    });
    return c.json({ outcome: outcome.kind, said, tookMs: Math.max(0, now() - began) }, 200);
  });
};

const addRotating = (api: Api, parts: Parts): void => {
  const { pools, kek, now } = parts;
  api.openapi(rotateRoute, async (c) => {
    const author = authorOf(c.var);
    const { id } = c.req.valid('param');
    const key = newSigningKey();
    const at = now();
    await changeTenant(pools.api, author, async (sql) => {
      const channel = await lockChannel(sql, id);
      if (channel === null) throw noSuchChannel();
      const target = openTarget(kek, channel);
      if (target.kind !== 'webhook') {
        throw refusal('wrong-state', 'Only webhooks are signed.', {
          next: 'Change the channel with the secret that its receiver gave you.',
        });
      }
      const keys = rotated(target.secrets.keys, key, at);
      const next = { ...target, secrets: { ...target.secrets, keys } };
      const secretsSealed = sealSecrets(kek, channel, next);
      await updateChannel(sql, { ...channel, secretsSealed }, new Date(at));
      await writeAudit(sql, {
        ...{ ...author, action: 'notification-channel.rotate' },
        ...{ target: `notification-channel:${id}`, after: { signingKeys: keys.length } },
      });
    });
    c.header('cache-control', 'no-store');
    const previousUntil = new Date(at + handoverMs).toISOString();
    return c.json({ signingKey: key, previousUntil }, 201);
  });
};

export const addChannelActRoutes = (api: Api, parts: Parts): void => {
  addTesting(api, parts);
  addRotating(api, parts);
};
