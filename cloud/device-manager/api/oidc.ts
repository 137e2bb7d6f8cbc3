/** Sign-in elsewhere, as the browser walks through it, and the provider that a tenant trusts. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { body, json, notFound } from '@signalbeam/platform/http/describe';
import { conditional, holdVersion, tellVersion } from '@signalbeam/platform/http/entity-tag';
import { problemOf, refusal } from '@signalbeam/platform/http/problem';
import { isAllowedUrl } from '@signalbeam/platform/outside/reach';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { plainText } from '@signalbeam/sync/wire/shape';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { checkProvider, findingKinds } from '../check-provider.ts';
import {
  attemptMs,
  beginOidc,
  callbackPath,
  finishOidc,
  providerReach,
  secretContext,
} from '../oidc.ts';
import {
  deleteProvider,
  type IdentityProvider,
  listedProviders,
  lockProvider,
  readProvider,
  writeProvider,
} from '../store/identity-providers.ts';
import { fromOf, rememberSigned } from './auth.ts';
import type { Parts } from './parts.ts';
import { role, siteScope } from './schemas.ts';

const stateCookie = 'sb_oidc';
const statePath = '/api/auth/oidc';
const admins = requireUser('admin', { everySite: true });

const listedRoute = createRoute({
  method: 'get',
  path: '/api/auth/providers',
  tags: ['Sign-in'],
  summary: 'Where else people sign in, or sign up: the buttons of the sign-in page',
  responses: {
    200: json(
      z.strictObject({
        providers: z.array(z.strictObject({ tenantId: z.uuid(), name: z.string() })),
        /** Whether people make tenants themselves. */
        signUp: z.boolean(),
      }),
      'Those that are listed, and whether one can sign up',
    ),
  },
});

const beginRoute = createRoute({
  method: 'get',
  path: '/api/auth/oidc',
  tags: ['Sign-in'],
  summary: 'Sends the browser to the provider of a tenant',
  request: { query: z.strictObject({ tenant: z.uuid() }) },
  responses: { 302: { description: 'To the provider, or back with the code of a refusal' } },
});

const callbackRoute = createRoute({
  method: 'get',
  path: callbackPath,
  tags: ['Sign-in'],
  summary: 'Where the provider sends the browser back',
  // Providers add what they like to it.
  request: { query: z.looseObject({ state: z.string().max(200).optional() }) },
  responses: { 302: { description: 'To the console, signed in or with the code of a refusal' } },
});

const ruleSchema = z.strictObject({ value: plainText(200).min(1), role, sites: siteScope });
const providerFields = {
  name: plainText(100).min(1),
  issuer: z.url({ protocol: /^https?$/ }).max(500),
  clientId: plainText(500).min(1),
  listed: z.boolean(),
  /** Of the ID token; a dotted name reaches into objects. */
  roleClaim: plainText(200).min(1),
  roleRules: z.array(ruleSchema).max(50),
  /** Of those whom no rule names; null keeps them out. */
  defaultRole: role.nullable(),
  linkByEmail: z.boolean(),
};
const providerSchema = z
  .strictObject({ ...providerFields, hasSecret: z.boolean() })
  .openapi('IdentityProvider');

const showRoute = createRoute({
  method: 'get',
  path: '/api/identity-provider',
  tags: ['Users'],
  summary: 'The provider whose people may sign in to this tenant',
  middleware: [admins] as const,
  responses: { 200: json(providerSchema, 'The provider'), ...notFound },
});

const writeRoute = createRoute({
  method: 'put',
  path: '/api/identity-provider',
  tags: ['Users'],
  summary: 'Lets the people of a provider sign in, by OpenID Connect',
  middleware: [admins, conditional()] as const,
  request: {
    body: body(
      z.strictObject({
        ...providerFields,
        listed: providerFields.listed.default(false),
        roleClaim: providerFields.roleClaim.default('groups'),
        roleRules: providerFields.roleRules.default([]),
        defaultRole: providerFields.defaultRole.default(null),
        linkByEmail: providerFields.linkByEmail.default(false),
        /** Left out: the one that is there stays. Null: a public client. */
        clientSecret: z.string().min(1).max(500).nullable().optional(),
      }),
      {
        name: 'Example Works',
        issuer: 'https://login.example.org',
        clientId: 'signalbeam',
        roleRules: [{ value: 'fleet-admins', role: 'admin', sites: null }],
      },
    ),
  },
  responses: { 200: json(providerSchema, 'The provider') },
});

const checkRoute = createRoute({
  method: 'post',
  path: '/api/identity-provider/check',
  tags: ['Users'],
  summary: 'Reads what a provider says of itself, as a sign-in would; nothing is kept',
  middleware: [admins] as const,
  request: {
    body: body(z.strictObject({ issuer: providerFields.issuer }), {
      issuer: 'https://login.example.org',
    }),
  },
  responses: {
    200: json(
      z.strictObject({
        ok: z.boolean(),
        findings: z.array(
          z.strictObject({ what: z.enum(findingKinds), ok: z.boolean(), detail: z.string() }),
        ),
      }),
      'What was found, step by step',
    ),
  },
});

const deleteRoute = createRoute({
  method: 'delete',
  path: '/api/identity-provider',
  tags: ['Users'],
  summary: 'Takes the provider away; its people can not sign in with it any more',
  middleware: [admins] as const,
  responses: { 204: { description: 'Gone' }, ...notFound },
});

const shown = (provider: IdentityProvider): z.infer<typeof providerSchema> => {
  const { tenantId: _, secretSealed, ...facts } = provider;
  return { ...facts, hasSecret: secretSealed !== null };
};
const noSuchProvider = () => refusal('not-found', 'There is no provider.');

const addSigningIn = (api: Api, parts: Parts): void => {
  const secure = parts.config.publicUrl?.startsWith('https:') ?? false;
  // Lax: the browser comes back from another site, and must bring it.
  const options = { httpOnly: true, sameSite: 'Lax', path: statePath, secure } as const;
  const back = (error: unknown): string => {
    const { code, status } = problemOf(error);
    if (status >= 500 && code === 'internal') throw error;
    return `/?sign-in=${code}`;
  };
  api.openapi(listedRoute, async (c) =>
    c.json(
      {
        providers: await listedProviders(parts.pools.system),
        signUp: parts.config.signUp !== null,
      },
      200,
    ),
  );
  api.openapi(beginRoute, async (c) => {
    try {
      const { url, state } = await beginOidc(parts, c.req.valid('query').tenant);
      setCookie(c, stateCookie, state, { ...options, maxAge: attemptMs / 1_000 });
      return c.redirect(url.href, 302);
    } catch (error) {
      return c.redirect(back(error), 302);
    }
  });
  api.openapi(callbackRoute, async (c) => {
    const state = getCookie(c, stateCookie);
    deleteCookie(c, stateCookie, options);
    const query = new URL(c.req.url).searchParams;
    try {
      const signed = await finishOidc(parts, { query, state }, fromOf(c));
      rememberSigned(c, parts, signed);
      return c.redirect('/', 302);
    } catch (error) {
      c.var.log.info({ error }, 'a sign-in by OpenID Connect was refused');
      return c.redirect(back(error), 302);
    }
  });
};

export const addOidcRoutes = (api: Api, parts: Parts): void => {
  const { pools, kek } = parts;
  addSigningIn(api, parts);
  api.openapi(showRoute, async (c) => {
    const { tenantId } = c.var.caller;
    const provider = await withTenant(pools.api, c.var.caller, (sql) =>
      readProvider(sql, tenantId),
    );
    if (provider === null) throw noSuchProvider();
    tellVersion(c, shown(provider));
    return c.json(shown(provider), 200);
  });
  api.openapi(writeRoute, async (c) => {
    const author = authorOf(c.var);
    const { tenantId } = author;
    const { clientSecret, ...given } = c.req.valid('json');
    if (!isAllowedUrl(new URL(given.issuer), providerReach(parts))) {
      throw refusal('invalid-request', 'The provider must be reached by https.', {
        errors: [{ path: 'issuer', message: 'must begin with https://' }],
      });
    }
    const provider = await changeTenant(pools.api, author, async (sql) => {
      const before = await lockProvider(sql, tenantId);
      holdVersion(c, before === null ? null : shown(before));
      const kept = before?.issuer === given.issuer ? before.secretSealed : null;
      const sealed =
        typeof clientSecret === 'string'
          ? kek.seal(Buffer.from(clientSecret), secretContext(tenantId))
          : null;
      const secretSealed = clientSecret === undefined ? kept : sealed;
      const next = { ...given, tenantId, secretSealed };
      await writeProvider(sql, next);
      await writeAudit(sql, {
        ...author,
        action: 'identity-provider.change',
        target: `tenant:${tenantId}`,
        ...(before === null ? {} : { before: shown(before) }),
        after: shown(next),
      });
      tellVersion(c, shown(next));
      return next;
    });
    return c.json(shown(provider), 200);
  });
  api.openapi(checkRoute, async (c) => {
    const findings = await checkProvider(c.req.valid('json').issuer, providerReach(parts));
    return c.json({ ok: findings.every(({ ok }) => ok), findings }, 200);
  });
  api.openapi(deleteRoute, async (c) => {
    const author = authorOf(c.var);
    await changeTenant(pools.api, author, async (sql) => {
      const before = await lockProvider(sql, author.tenantId);
      if (before === null) throw noSuchProvider();
      await deleteProvider(sql, author.tenantId);
      await writeAudit(sql, {
        ...author,
        action: 'identity-provider.delete',
        target: `tenant:${author.tenantId}`,
        before: shown(before),
      });
    });
    return c.body(null, 204);
  });
};
