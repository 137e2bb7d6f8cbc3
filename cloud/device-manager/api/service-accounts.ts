/**
 * Accounts of programs: a role, sites, and tokens that expire. Two tokens can live at once, so that
 * one takes over from the other without a gap.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { serviceTokens } from '@signalbeam/platform/identity/secret-tokens';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { plainText } from '@signalbeam/sync/wire/shape';
import {
  countAccounts,
  countLiveTokens,
  deleteAccount,
  insertAccount,
  insertToken,
  listAccounts,
  lockAccount,
  revokeToken,
  type ServiceAccount,
  type ServiceToken,
} from '../store/service-accounts.ts';
import type { Parts } from './parts.ts';
import { idParams, role, serviceAccountSchema, serviceTokenSchema, siteScope } from './schemas.ts';

const accountsMax = 200;
const liveTokensMax = 2;
const dayMs = 86_400_000;
const noSuchAccount = () => refusal('not-found', 'There is no such service account.');
const rank = { viewer: 0, operator: 1, admin: 2 } as const;

const admins = requireUser('admin', { everySite: true });

const listRoute = createRoute({
  method: 'get',
  path: '/api/service-accounts',
  tags: ['Service accounts'],
  summary: 'Lists service accounts with their tokens',
  middleware: [admins] as const,
  responses: {
    200: json(z.strictObject({ serviceAccounts: z.array(serviceAccountSchema) }), 'All'),
  },
});

const createAccountRoute = createRoute({
  method: 'post',
  path: '/api/service-accounts',
  tags: ['Service accounts'],
  summary: 'Makes an account for a program; it needs a token to do anything',
  middleware: [admins] as const,
  request: {
    body: body(
      z.strictObject({
        name: plainText(100)
          .min(1)
          .regex(/^[\w.-]+$/, 'letters, digits, dots and dashes'),
        role,
        sites: siteScope.optional(),
      }),
      { name: 'ci', role: 'operator' },
    ),
  },
  responses: { 201: json(serviceAccountSchema, 'The account'), ...conflict },
});

const deleteRoute = createRoute({
  method: 'delete',
  path: '/api/service-accounts/{id}',
  tags: ['Service accounts'],
  summary: 'Deletes an account; its tokens end at once',
  middleware: [admins] as const,
  request: { params: idParams },
  responses: { 204: { description: 'Deleted' }, ...notFound },
});

const createTokenRoute = createRoute({
  method: 'post',
  path: '/api/service-accounts/{id}/tokens',
  tags: ['Service accounts'],
  summary: 'Makes a token, shown once; at most two live at the same time',
  middleware: [admins] as const,
  request: {
    params: idParams,
    body: body(
      z.strictObject({
        /** Not above the account's; the account's when left out. */
        role: role.optional(),
        validityDays: z.int().min(1).max(366).default(90),
      }),
      { validityDays: 90 },
    ),
  },
  responses: {
    201: json(
      z.strictObject({ ...serviceTokenSchema.shape, token: z.string() }),
      'The token; `token` is shown this once',
    ),
    ...notFound,
    ...conflict,
  },
});

const revokeRoute = createRoute({
  method: 'delete',
  path: '/api/service-accounts/{id}/tokens/{tokenId}',
  tags: ['Service accounts'],
  summary: 'Revokes a token at once',
  middleware: [admins] as const,
  request: { params: z.strictObject({ id: z.uuid(), tokenId: z.uuid() }) },
  responses: { 204: { description: 'Revoked' }, ...notFound },
});

const shownToken = (token: ServiceToken): z.infer<typeof serviceTokenSchema> => ({
  id: token.id,
  prefix: token.prefix,
  role: token.role,
  createdBy: token.createdBy,
  createdAt: token.createdAt.toISOString(),
  expiresAt: token.expiresAt.toISOString(),
  lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
});
const shown = (account: ServiceAccount, tokens: readonly ServiceToken[]) => ({
  ...account,
  createdAt: account.createdAt.toISOString(),
  tokens: tokens.map(shownToken),
});

const addAccounts = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  api.openapi(listRoute, async (c) => {
    const accounts = await withTenant(pools.api, c.var.caller, listAccounts);
    return c.json({ serviceAccounts: accounts.map((one) => shown(one, one.tokens)) }, 200);
  });
  api.openapi(createAccountRoute, async (c) => {
    const author = authorOf(c.var);
    const { name, role: given, sites = null } = c.req.valid('json');
    const made = await changeTenant(pools.api, author, async (sql) => {
      if ((await countAccounts(sql)) >= accountsMax) {
        throw refusal('conflict', `There are ${accountsMax} service accounts already.`, {
          next: 'Delete one that is not used any more.',
        });
      }
      const account = await insertAccount(sql, {
        ...{ tenantId: author.tenantId, name, role: given, sites },
        ...{ createdBy: c.var.caller.email, createdAt: new Date(parts.now()) },
      });
      if (account === null) throw refusal('already-exists', 'There is an account of this name.');
      await writeAudit(sql, {
        ...author,
        action: 'service-account.create',
        target: `service-account:${account.id}`,
        after: { name, role: given, sites },
      });
      return account;
    });
    return c.json(shown(made, []), 201);
  });
  api.openapi(deleteRoute, async (c) => {
    const author = authorOf(c.var);
    const { id } = c.req.valid('param');
    await changeTenant(pools.api, author, async (sql) => {
      const account = await lockAccount(sql, id);
      if (account === null) throw noSuchAccount();
      await deleteAccount(sql, id);
      const { name, role: had, sites } = account;
      await writeAudit(sql, {
        ...author,
        action: 'service-account.delete',
        target: `service-account:${id}`,
        before: { name, role: had, sites },
      });
    });
    return c.body(null, 204);
  });
};

const addTokens = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  api.openapi(createTokenRoute, async (c) => {
    const author = authorOf(c.var);
    const { id: accountId } = c.req.valid('param');
    const wish = c.req.valid('json');
    const createdAt = new Date(parts.now());
    const expiresAt = new Date(createdAt.getTime() + wish.validityDays * dayMs);
    const { text, ...secret } = serviceTokens.create();
    const made = await changeTenant(pools.api, author, async (sql) => {
      const account = await lockAccount(sql, accountId);
      if (account === null) throw noSuchAccount();
      const given = wish.role ?? account.role;
      if (rank[given] > rank[account.role]) {
        throw refusal('conflict', `The account is no more than ${account.role}.`);
      }
      if ((await countLiveTokens(sql, accountId, createdAt)) >= liveTokensMax) {
        throw refusal('conflict', `The account has ${liveTokensMax} tokens already.`, {
          next: 'Revoke the one that is not used any more.',
        });
      }
      const { tenantId } = author;
      const dates = { createdBy: c.var.caller.email, createdAt, expiresAt };
      const token = await insertToken(sql, {
        ...secret,
        tenantId,
        accountId,
        role: given,
        ...dates,
      });
      await writeAudit(sql, {
        ...author,
        action: 'service-token.create',
        target: `service-account:${accountId}`,
        after: { prefix: token.prefix, role: given, expiresAt: expiresAt.toISOString() },
      });
      return token;
    });
    c.header('cache-control', 'no-store');
    return c.json({ ...shownToken(made), token: text }, 201);
  });
  api.openapi(revokeRoute, async (c) => {
    const author = authorOf(c.var);
    const { id: accountId, tokenId } = c.req.valid('param');
    await changeTenant(pools.api, author, async (sql) => {
      const at = new Date(parts.now());
      const token = await revokeToken(sql, { accountId, id: tokenId, at });
      if (token === null) throw refusal('not-found', 'There is no such token in force.');
      await writeAudit(sql, {
        ...author,
        action: 'service-token.revoke',
        target: `service-account:${accountId}`,
        before: { prefix: token.prefix, role: token.role },
      });
    });
    return c.body(null, 204);
  });
};

export const addServiceAccountRoutes = (api: Api, parts: Parts): void => {
  addAccounts(api, parts);
  addTokens(api, parts);
};
