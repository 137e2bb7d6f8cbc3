/** Tags: changed on one device; and all that are in use, with how many devices have each. */
import { createRoute, z } from '@hono/zod-openapi';
import { printTag } from '@signalbeam/platform/core/tag';
import { queryLengthMax } from '@signalbeam/platform/core/tag-query';
import { parseQuery } from '@signalbeam/platform/core/tag-query-parse';
import type { Api } from '@signalbeam/platform/http/app';
import { actorOf, authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { conditional } from '@signalbeam/platform/http/entity-tag';
import { refusal } from '@signalbeam/platform/http/problem';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { plainText } from '@signalbeam/sync/wire/shape';
import { changeTagsOf } from '../change-tags.ts';
import { noSuchDevice } from '../refusals.ts';
import { viewDevice } from '../store/device-list.ts';
import { countTags } from '../store/device-tags.ts';
import { lockDevice } from '../store/devices.ts';
import { suggest } from '../suggest.ts';
import { holdDeviceVersion, tellDeviceVersion } from './device-version.ts';
import { shownDevice } from './devices.ts';
import type { Parts } from './parts.ts';
import { deviceSchema, idParams, tagListSchema } from './schemas.ts';

export const tagChangeSchema = z.strictObject({
  set: tagListSchema.default([]),
  unset: tagListSchema
    .default([])
    .openapi({ description: '`ring=canary`, or `ring` whatever its value' }),
});

const changeRoute = createRoute({
  method: 'patch',
  path: '/api/devices/{id}/tags',
  tags: ['Tags'],
  summary: 'Sets tags of a device and takes others off; a key has one value',
  middleware: [requireUser('operator'), conditional()] as const,
  request: {
    params: idParams,
    body: body(tagChangeSchema, { set: ['environment=production'], unset: ['ring'] }),
  },
  responses: { 200: json(deviceSchema, 'The device'), ...notFound, ...conflict },
});

const countsRoute = createRoute({
  method: 'get',
  path: '/api/tags',
  tags: ['Tags'],
  summary: 'Lists the tags in use, with how many devices have each',
  middleware: [requireUser('viewer')] as const,
  request: {
    query: z.strictObject({
      key: plainText(63).optional().openapi({ description: 'Empty: bare tags only' }),
      prefix: plainText(63).default('').openapi({ description: 'What a value starts with' }),
      cursor: z.string().max(500).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(100),
    }),
  },
  responses: {
    200: json(
      z.strictObject({
        tags: z.array(
          z.strictObject({
            tag: z.string(),
            /** Null: a bare tag. */
            key: z.string().nullable(),
            value: z.string(),
            devices: z.int(),
          }),
        ),
        nextCursor: z.string().nullable(),
      }),
      'A page',
    ),
  },
});

const suggestionsRoute = createRoute({
  method: 'get',
  path: '/api/tags/suggestions',
  tags: ['Tags'],
  summary: 'Judges a query that is being written, and says what may stand at the caret',
  middleware: [requireUser('viewer')] as const,
  request: {
    query: z.strictObject({
      query: z.string().max(queryLengthMax).default(''),
      at: z.coerce.number().int().min(0).max(queryLengthMax).optional(),
    }),
  },
  responses: {
    200: json(
      z.strictObject({
        /** What is wrong with it, and where (UTF-16 units). */
        fault: z.strictObject({ message: z.string(), start: z.int(), end: z.int() }).nullable(),
        /** The place that a suggestion replaces. */
        replace: z.strictObject({ start: z.int(), end: z.int() }),
        suggestions: z.array(
          z.strictObject({
            text: z.string(),
            kind: z.enum(['key', 'tag', 'value', 'word']),
            hint: z.string(),
          }),
        ),
      }),
      'What may come next',
    ),
  },
});

const tagPosition = z
  .tuple([z.string().max(63), z.string().max(63)])
  .transform(([key, value]) => ({ key, value }));

export const addTagRoutes = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  api.openapi(changeRoute, async (c) => {
    const { caller, clientAddress: ip } = c.var;
    const { id } = c.req.valid('param');
    const change = c.req.valid('json');
    const view = await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const device = await lockDevice(sql, id);
      if (device === null) return null;
      await holdDeviceVersion(c, sql, id);
      const by = { actor: actorOf(caller), ip };
      const outcome = (await changeTagsOf(sql, [device], change, by)).get(id);
      if (outcome?.kind === 'refused') throw refusal('conflict', outcome.reason);
      return viewDevice(sql, id);
    });
    if (view === null) throw noSuchDevice();
    tellDeviceVersion(c, view);
    return c.json(shownDevice(view), 200);
  });
  api.openapi(countsRoute, async (c) => {
    const { key, prefix, cursor, limit } = c.req.valid('query');
    const after = readCursor(cursor, tagPosition) ?? undefined;
    const wish = { after, key: key?.toLowerCase(), prefix: prefix.toLowerCase(), limit: limit + 1 };
    const counted = await withTenant(pools.api, c.var.caller, (sql) => countTags(sql, wish));
    const page = pageOf(counted, limit, (tag) => [tag.key, tag.value]);
    const tags = page.rows.map(({ key: of, value, devices }) => ({
      tag: printTag({ key: of, value }),
      key: of === '' ? null : of,
      value,
      devices,
    }));
    return c.json({ tags, nextCursor: page.nextCursor }, 200);
  });
  api.openapi(suggestionsRoute, async (c) => {
    const { query, at = query.length } = c.req.valid('query');
    const parsed = parseQuery(query);
    const offered = await withTenant(pools.api, c.var.caller, (sql) => suggest(sql, query, at));
    return c.json({ fault: parsed.kind === 'fault' ? parsed.fault : null, ...offered }, 200);
  });
};
