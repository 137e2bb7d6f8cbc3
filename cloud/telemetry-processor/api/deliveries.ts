/** What was sent on channels, what waits and what was given up, with reasons; and another try. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { wordsOf } from '../core/wording.ts';
import { findChannel } from '../store/notification-channels.ts';
import {
  type DeliveryRow,
  listDeliveries,
  lockDelivery,
  retryDelivery,
} from '../store/notification-deliveries.ts';
import { deliveriesQuery, deliverySchema } from './channel-schemas.ts';
import { noSuchChannel } from './channels.ts';
import type { Parts } from './parts.ts';
import { idParams } from './schemas.ts';

const page = z.strictObject({
  deliveries: z.array(deliverySchema),
  nextCursor: z.string().nullable(),
});

const listRoute = createRoute({
  method: 'get',
  path: '/api/notification-deliveries',
  tags: ['Notifications'],
  summary: 'Lists deliveries of all channels, newest first',
  middleware: [requireUser('viewer')] as const,
  request: { query: deliveriesQuery },
  responses: { 200: json(page, 'A page') },
});

const ofChannelRoute = createRoute({
  method: 'get',
  path: '/api/notification-channels/{id}/deliveries',
  tags: ['Notifications'],
  summary: 'Lists deliveries of a channel, newest first',
  middleware: [requireUser('viewer', { everySite: true })] as const,
  request: { params: idParams, query: deliveriesQuery },
  responses: { 200: json(page, 'A page'), ...notFound },
});

const retryRoute = createRoute({
  method: 'post',
  path: '/api/notification-deliveries/{id}/retry',
  tags: ['Notifications'],
  summary: 'Tries a delivery again: one that was given up, or one that waits, at once',
  middleware: [requireUser('operator')] as const,
  request: { params: idParams },
  responses: { 200: json(deliverySchema, 'The delivery'), ...notFound, ...conflict },
});

const shown = (row: DeliveryRow): z.infer<typeof deliverySchema> => ({
  id: row.id,
  channelId: row.channelId,
  channelName: row.channelName,
  kind: row.kind as z.infer<typeof deliverySchema>['kind'],
  type: row.type,
  title: wordsOf([row.notice], null).title,
  site: row.site,
  status: row.status,
  attempts: row.attempts,
  occurredAt: row.occurredAt.toISOString(),
  queuedAt: row.queuedAt.toISOString(),
  lastAttemptAt: row.lastAttemptAt?.toISOString() ?? null,
  nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
  finishedAt: row.finishedAt?.toISOString() ?? null,
  folded: row.folded,
  reason: row.reason,
  answer: row.answer,
});

const pageOf = (rows: readonly DeliveryRow[], limit: number): z.infer<typeof page> => {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? String(last.position) : null;
  return { deliveries: kept.map(shown), nextCursor };
};

const filterOf = (query: z.infer<typeof deliveriesQuery>) => ({
  status: query.status ?? null,
  before: query.cursor === undefined ? null : Number(query.cursor),
  // One more says that there is another page.
  limit: query.limit + 1,
});

export const addDeliveryRoutes = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  api.openapi(listRoute, async (c) => {
    const { tenantId } = c.var.caller;
    const query = c.req.valid('query');
    const rows = await withTenant(pools.api, c.var.caller, (sql) =>
      listDeliveries(sql, { tenantId, channelId: null, ...filterOf(query) }),
    );
    return c.json(pageOf(rows, query.limit), 200);
  });
  api.openapi(ofChannelRoute, async (c) => {
    const { tenantId } = c.var.caller;
    const query = c.req.valid('query');
    const { id: channelId } = c.req.valid('param');
    const rows = await withTenant(pools.api, c.var.caller, async (sql) =>
      (await findChannel(sql, channelId)) === null
        ? null
        : listDeliveries(sql, { tenantId, channelId, ...filterOf(query) }),
    );
    if (rows === null) throw noSuchChannel();
    return c.json(pageOf(rows, query.limit), 200);
  });
  api.openapi(retryRoute, async (c) => {
    const author = authorOf(c.var);
    const { id } = c.req.valid('param');
    const again = await changeTenant(pools.api, author, async (sql) => {
      const before = await lockDelivery(sql, id);
      if (before === null) throw refusal('not-found', 'There is no such delivery.');
      if (before.status === 'delivered' || before.status === 'passed-over') {
        throw refusal('wrong-state', 'It is not waiting, nor was it given up.');
      }
      await retryDelivery(sql, before, new Date(parts.now()));
      await writeAudit(sql, {
        ...{ ...author, action: 'notification-delivery.retry' },
        target: `notification-channel:${before.channelId}`,
        ...{ before: { status: before.status }, after: { delivery: id, status: 'waiting' } },
      });
      return lockDelivery(sql, id);
    });
    if (again === null) throw refusal('not-found', 'There is no such delivery.');
    return c.json(shown(again), 200);
  });
};
