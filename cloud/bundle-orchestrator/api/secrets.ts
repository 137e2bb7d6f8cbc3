/** Secrets that bundles name: kept by admins, listed for everybody, and never shown again. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { secretBytesMax } from '@signalbeam/sync/core/limits';
import { name } from '@signalbeam/sync/wire/manifest';
import { processText, siteName } from '@signalbeam/sync/wire/shape';
import { createSecret, removeSecret, rotateSecret } from '../secrets/change.ts';
import { isApproved, listSecrets, type SecretScope } from '../store/secrets.ts';
import type { Parts } from './parts.ts';
import { idParams, pageQuery } from './schemas.ts';

const tags = ['Secrets'];
const at = z.iso.datetime();
const admins = requireUser('admin', { everySite: true });

const secretSchema = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    scope: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('tenant') }),
      z.strictObject({ kind: z.literal('site'), site: z.string() }),
      z.strictObject({ kind: z.literal('device'), deviceId: z.uuid() }),
    ]),
    revision: z.int().openapi({ description: 'Grows by one with each new value' }),
    devices: z.int().openapi({ description: 'Whose desired state holds it' }),
    waiting: z.int().openapi({ description: 'Of them those that have yet to get this value' }),
    createdAt: at,
    createdBy: z.string(),
    changedAt: at,
    changedBy: z.string(),
  })
  .openapi('Secret');

const value = processText(secretBytesMax)
  .min(1)
  .refine(
    (text) => Buffer.byteLength(text) <= secretBytesMax,
    `at most ${secretBytesMax} bytes in UTF-8`,
  )
  .openapi({ description: 'It is never shown again', writeOnly: true });

const newSecretSchema = z
  .strictObject({
    name,
    value,
    site: siteName.optional(),
    deviceId: z.uuid().optional(),
  })
  .refine(({ site, deviceId }) => site === undefined || deviceId === undefined, {
    path: ['deviceId'],
    message: 'name a site or a device, not both; neither is for the whole tenant',
  });

const scopeOf = ({ site, deviceId }: z.infer<typeof newSecretSchema>): SecretScope => {
  if (site !== undefined) return { kind: 'site', site };
  return deviceId === undefined ? { kind: 'tenant' } : { kind: 'device', deviceId };
};

/** A day: by then every device that is there has it. */
const overMinutesMax = 24 * 60;
const rotation = z.strictObject({
  value,
  overMinutes: z.int().min(0).max(overMinutesMax).default(0).openapi({
    description:
      'Devices get it one by one over this time; 0: all at once, as for a value that leaked',
  }),
});

const position = z.strictObject({ name: z.string(), id: z.uuid() });

const addListing = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/secrets',
      tags,
      summary: 'Lists secrets by name, without their values',
      middleware: [requireUser('viewer')] as const,
      request: { query: pageQuery(50) },
      responses: {
        200: json(
          z.strictObject({ secrets: z.array(secretSchema), nextCursor: z.string().nullable() }),
          'A page',
        ),
      },
    }),
    async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const after = readCursor(cursor, position);
      const found = await withTenant(parts.pool, c.var.caller, (sql) =>
        listSecrets(sql, { limit: limit + 1, after }),
      );
      const { rows, nextCursor } = pageOf(found, limit, ({ name: named, id }) => ({
        ...{ name: named, id },
      }));
      return c.json({ secrets: rows, nextCursor }, 200);
    },
  );
};

export const addSecretRoutes = (api: Api, parts: Parts): void => {
  addListing(api, parts);
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/secrets',
      tags,
      summary: 'Makes a secret for the tenant, or one in its place at a site or on a device',
      middleware: [admins] as const,
      request: { body: body(newSecretSchema, { name: 'database-password', value: 'hunter2' }) },
      responses: { 201: json(secretSchema, 'The secret'), ...notFound, ...conflict },
    }),
    async (c) => {
      const wish = c.req.valid('json');
      const { deviceId } = wish;
      if (deviceId !== undefined) {
        const isThere = await withTenant(parts.pool, c.var.caller, (sql) =>
          isApproved(sql, c.var.caller.tenantId, deviceId),
        );
        if (!isThere) throw refusal('not-found', 'There is no such device.');
      }
      const { name: named, value: given } = wish;
      const scope = scopeOf(wish);
      const made = await createSecret(parts, authorOf(c.var), { name: named, value: given, scope });
      return c.json(made, 201);
    },
  );
  api.openapi(
    createRoute({
      method: 'put',
      path: '/api/secrets/{id}',
      tags,
      summary: 'Rotates a secret: its devices get the new value and start what uses it again',
      middleware: [admins] as const,
      request: {
        params: idParams,
        body: body(rotation, { value: 'correct horse battery staple', overMinutes: 60 }),
      },
      responses: { 200: json(secretSchema, 'The secret'), ...notFound, ...conflict },
    }),
    async (c) => {
      const { value: given, overMinutes } = c.req.valid('json');
      const { id } = c.req.valid('param');
      const wish = { id, value: given, overMs: overMinutes * 60_000 };
      return c.json(await rotateSecret(parts, authorOf(c.var), wish), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: '/api/secrets/{id}',
      tags,
      summary: 'Deletes a secret that no device needs',
      middleware: [admins] as const,
      request: { params: idParams },
      responses: { 204: { description: 'Deleted' }, ...notFound, ...conflict },
    }),
    async (c) => {
      await removeSecret(parts, authorOf(c.var), c.req.valid('param').id);
      return c.body(null, 204);
    },
  );
};
