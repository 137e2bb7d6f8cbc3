/**
 * How a device proved itself and failed to: by its signature, an API key or a certificate, counted
 * per hour. For who wonders whether a credential is in use, or in the wrong hands.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { requireUser } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { json, notFound } from '@signalbeam/platform/http/describe';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { noSuchDevice } from '../refusals.ts';
import { listAuthentications } from '../store/authentications.ts';
import { findDevice } from '../store/devices.ts';
import type { Parts } from './parts.ts';
import { authenticationSchema, idParams } from './schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/api/devices/{id}/authentications',
  tags: ['Devices'],
  summary: 'Lists how a device proved itself or failed to, newest hour first; kept for 30 days',
  middleware: [requireUser('operator')] as const,
  request: {
    params: idParams,
    query: z.strictObject({
      cursor: z.string().max(300).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
  },
  responses: {
    200: json(
      z.strictObject({
        authentications: z.array(authenticationSchema),
        nextCursor: z.string().nullable(),
      }),
      'A page',
    ),
    ...notFound,
  },
});

const position = z
  .tuple([z.iso.datetime(), z.string().max(32), z.string().max(32)])
  .transform(([hour, method, outcome]) => ({ hour: new Date(hour), method, outcome }));

export const addAuthenticationRoutes = (api: Api, parts: Parts): void => {
  api.openapi(route, async (c) => {
    const { id } = c.req.valid('param');
    const { cursor, limit } = c.req.valid('query');
    const after = readCursor(cursor, position);
    const found = await withTenant(parts.pools.api, c.var.caller, async (sql) =>
      (await findDevice(sql, id)) === null
        ? null
        : listAuthentications(sql, id, { after, limit: limit + 1 }),
    );
    if (found === null) throw noSuchDevice();
    const page = pageOf(found, limit, ({ hour, method, outcome }) => [
      hour.toISOString(),
      method,
      outcome,
    ]);
    const authentications = page.rows.map((row) => ({
      ...row,
      hour: row.hour.toISOString(),
      firstAt: row.firstAt.toISOString(),
      lastAt: row.lastAt.toISOString(),
    }));
    return c.json({ authentications, nextCursor: page.nextCursor }, 200);
  });
};
