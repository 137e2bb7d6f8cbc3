/**
 * One change to many devices: chosen as in the list, in batches that the client asks for one after
 * another, each a transaction of its own with a result per device. Stopping between two batches
 * leaves those before it done, and going on with the cursor repeats nothing.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { actorOf, authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { writeCursor } from '@signalbeam/platform/http/cursor';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { changeTenant } from '@signalbeam/platform/postgres/tenant';
import { plainText } from '@signalbeam/sync/wire/shape';
import { batchDevicesMax, runBatch } from '../bulk-change.ts';
import { tagChangeSchema } from './device-tags.ts';
import { readPosition } from './devices.ts';
import type { Parts } from './parts.ts';
import { choiceFields } from './schemas.ts';

const choiceSchema = z
  .strictObject({ ids: z.array(z.uuid()).min(1).max(batchDevicesMax).optional(), ...choiceFields })
  .refine(
    (choice) => Object.values(choice).some((value) => value !== undefined && value !== ''),
    'say which devices: by ids, query, group, site, status or search',
  );

const actionSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('tag'), ...tagChangeSchema.shape }),
  z.strictObject({ kind: z.literal('join'), group: z.uuid() }),
  z.strictObject({ kind: z.literal('leave'), group: z.uuid() }),
  z.strictObject({ kind: z.literal('approve') }),
  z.strictObject({ kind: z.literal('reject'), reason: plainText(500).optional() }),
  z.strictObject({ kind: z.literal('delete') }),
]);

const route = createRoute({
  method: 'post',
  path: '/api/devices/bulk',
  tags: ['Devices'],
  summary: 'Changes many devices, a batch at a time: tags, groups, approval, deletion',
  middleware: [requireUser('operator')] as const,
  request: {
    body: body(
      z.strictObject({
        devices: choiceSchema,
        action: actionSchema,
        cursor: z.string().max(2_000).optional(),
        limit: z.int().min(1).max(batchDevicesMax).default(200),
      }),
      {
        devices: { query: 'site=plant-7 AND NOT ring=canary' },
        action: { kind: 'tag', set: ['ring=late'] },
      },
    ),
  },
  responses: {
    200: json(
      z.strictObject({
        results: z.array(
          z.strictObject({
            deviceId: z.uuid(),
            /** Null: there is no such device. */
            name: z.string().nullable(),
            outcome: z.enum(['changed', 'unchanged', 'refused']),
            /** Why it was refused. */
            reason: z.string().nullable(),
          }),
        ),
        nextCursor: z.string().nullable().openapi({ description: 'Send it for the next batch' }),
      }),
      'What became of each device of this batch',
    ),
    ...notFound,
    ...conflict,
  },
});

export const addBulkRoutes = (api: Api, parts: Parts): void => {
  api.openapi(route, async (c) => {
    const { caller, clientAddress: ip } = c.var;
    const { devices, action, cursor, limit } = c.req.valid('json');
    const wish = { choice: devices, action, after: readPosition(cursor), limit };
    const by = { actor: actorOf(caller), ip, now: new Date(parts.now()) };
    const batch = await changeTenant(parts.pools.api, authorOf(c.var), (sql) =>
      runBatch(sql, wish, by),
    );
    const { results, next } = batch;
    return c.json(
      { results, nextCursor: next === null ? null : writeCursor([next.listedAs, next.id]) },
      200,
    );
  });
};
