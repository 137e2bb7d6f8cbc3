/** Registration tokens: what a person makes so that devices of a site may ask to be let in. */
import { createRoute, z } from '@hono/zod-openapi';
import { changeTags, printTag } from '@signalbeam/platform/core/tag';
import type { Api } from '@signalbeam/platform/http/app';
import { actorOf, authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { body, conflict, json, notFound, problem } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { holdQuota } from '@signalbeam/platform/identity/quota';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { plainText, siteName } from '@signalbeam/sync/wire/shape';
import { admissionOf } from '../core/registration-token.ts';
import { makeToken } from '../credentials/token-secret.ts';
import { noSuchGroup } from '../refusals.ts';
import { lockGroup } from '../store/groups.ts';
import {
  findToken,
  insertToken,
  listTokens,
  type RegistrationToken,
  revokeToken,
} from '../store/registration-tokens.ts';
import { findSite } from '../store/sites.ts';
import type { Parts } from './parts.ts';
import { idParams, registrationTokenSchema, tagListSchema } from './schemas.ts';

const dayMs = 24 * 60 * 60_000;

const newTokenSchema = z.strictObject({
  description: plainText(500).default(''),
  site: siteName,
  maxUses: z.int().min(1).max(100_000).default(1),
  validityDays: z.int().min(1).max(365).default(30),
  autoApprove: z.boolean().default(false),
  group: z.uuid().optional().openapi({ description: 'A static group for its devices' }),
  tags: tagListSchema.default([]).openapi({ description: 'Tags for its devices' }),
});

const shown = (token: RegistrationToken, nowMs: number) => ({
  id: token.id,
  prefix: token.prefix,
  description: token.description,
  site: token.site,
  maxUses: token.maxUses,
  currentUses: token.currentUses,
  autoApprove: token.autoApprove,
  group: token.groupId,
  tags: token.tags,
  createdBy: token.createdBy,
  createdAt: token.createdAt.toISOString(),
  expiresAt: token.expiresAt.toISOString(),
  revokedAt: token.revokedAt?.toISOString() ?? null,
  state: admissionOf(
    {
      revokedAtMs: token.revokedAt?.getTime() ?? null,
      expiresAtMs: token.expiresAt.getTime(),
      currentUses: token.currentUses,
      maxUses: token.maxUses,
    },
    nowMs,
  ).kind,
});

const createTokenRoute = createRoute({
  method: 'post',
  path: '/api/registration-tokens',
  tags: ['Registration'],
  summary: 'Makes a registration token; it is shown this once',
  middleware: [requireUser('operator')] as const,
  request: { body: body(newTokenSchema, { site: 'plant-7', maxUses: 3, validityDays: 7 }) },
  responses: {
    201: json(registrationTokenSchema.extend({ token: z.string() }), 'The token'),
    404: problem('There is no such group'),
    ...conflict,
  },
});

const listTokensRoute = createRoute({
  method: 'get',
  path: '/api/registration-tokens',
  tags: ['Registration'],
  summary: 'Lists registration tokens, newest first',
  middleware: [requireUser('viewer')] as const,
  request: {
    query: z.strictObject({
      cursor: z.string().max(500).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
  },
  responses: {
    200: json(
      z.strictObject({
        registrationTokens: z.array(registrationTokenSchema),
        nextCursor: z.string().nullable(),
      }),
      'A page',
    ),
  },
});

const revokeTokenRoute = createRoute({
  method: 'delete',
  path: '/api/registration-tokens/{id}',
  tags: ['Registration'],
  summary: 'Revokes a registration token; devices that used it stay',
  middleware: [requireUser('operator')] as const,
  request: { params: idParams },
  responses: { 204: { description: 'Revoked' }, ...notFound },
});

/** A dynamic group has whom its query finds. */
const checkGroup = async (sql: Sql, id: string): Promise<void> => {
  const group = await lockGroup(sql, id, 'KEY SHARE');
  if (group === null) throw noSuchGroup();
  if (group.query === null) return;
  throw refusal('wrong-state', 'The members of this group follow from its query.', {
    next: 'Give the token tags that the query finds, or choose a static group.',
  });
};

const position = z.tuple([z.iso.datetime(), z.uuid()]);

export const addTokenRoutes = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  api.openapi(createTokenRoute, async (c) => {
    const { caller } = c.var;
    const given = c.req.valid('json');
    const { description, site, maxUses, validityDays, autoApprove, group } = given;
    const tags = changeTags([], { set: given.tags, unset: [] }).map(printTag);
    const nowMs = parts.now();
    const { token: text, ...secret } = makeToken();
    const token = await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      if (group !== undefined) await checkGroup(sql, group);
      const isNewSite = (await findSite(sql, site)) === null;
      const made = await insertToken(sql, {
        ...secret,
        tenantId: caller.tenantId,
        description,
        site,
        maxUses,
        autoApprove,
        groupId: group ?? null,
        tags,
        createdBy: caller.email,
        createdAt: new Date(nowMs),
        expiresAt: new Date(nowMs + validityDays * dayMs),
      });
      await holdQuota(sql, 'registrationTokens');
      if (isNewSite) await holdQuota(sql, 'sites');
      await writeAudit(sql, {
        tenantId: caller.tenantId,
        actor: actorOf(caller),
        action: 'registration-token.create',
        target: `registration-token:${made.id}`,
        after: { prefix: made.prefix, site, maxUses, validityDays, autoApprove, group, tags },
        ip: c.var.clientAddress,
      });
      return made;
    });
    c.header('cache-control', 'no-store');
    return c.json({ ...shown(token, nowMs), token: text }, 201);
  });
  api.openapi(listTokensRoute, async (c) => {
    const { cursor, limit } = c.req.valid('query');
    const given = readCursor(cursor, position);
    const after = given === null ? null : { createdAt: new Date(given[0]), id: given[1] };
    const tokens = await withTenant(pools.api, c.var.caller, (sql) =>
      listTokens(sql, { after, limit: limit + 1 }),
    );
    const page = pageOf(tokens, limit, (token) => [token.createdAt.toISOString(), token.id]);
    const nowMs = parts.now();
    const registrationTokens = page.rows.map((token) => shown(token, nowMs));
    return c.json({ registrationTokens, nextCursor: page.nextCursor }, 200);
  });
  api.openapi(revokeTokenRoute, async (c) => {
    const { caller } = c.var;
    const { id } = c.req.valid('param');
    await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const token = await findToken(sql, id);
      if (token === null) throw refusal('not-found', 'There is no such registration token.');
      if (!(await revokeToken(sql, id, new Date(parts.now())))) return;
      await writeAudit(sql, {
        tenantId: caller.tenantId,
        actor: actorOf(caller),
        action: 'registration-token.revoke',
        target: `registration-token:${id}`,
        before: { prefix: token.prefix, site: token.site, currentUses: token.currentUses },
        ip: c.var.clientAddress,
      });
    });
    return c.body(null, 204);
  });
};
