/** Sites: made by hand or by the first token, titled, counted, deleted once nothing is there. */
import { createRoute, z } from '@hono/zod-openapi';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import type { Api } from '@signalbeam/platform/http/app';
import { actorOf, authorOf, requireUser, type UserCaller } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import {
  conditional,
  holdVersion,
  tellVersion,
  versionOf,
} from '@signalbeam/platform/http/entity-tag';
import { refusal } from '@signalbeam/platform/http/problem';
import { holdQuota } from '@signalbeam/platform/identity/quota';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { siteWindowsMax, type When, windowFault } from '@signalbeam/platform/schedule/windows';
import { plainText, siteName } from '@signalbeam/sync/wire/shape';
import { countLiveGrants } from '../store/site-grants.ts';
import {
  countOpenTokens,
  deleteSite,
  findSite,
  insertSite,
  listSites,
  lockSite,
  retitleSite,
  type Site,
  setSiteWindows,
} from '../store/sites.ts';
import type { Parts } from './parts.ts';
import { siteSchema, siteWindowSchema } from './schemas.ts';

const noSuchSite = () => refusal('not-found', 'There is no such site.');
const title = plainText(100);
const nameParams = z.strictObject({ name: siteName });

const listRoute = createRoute({
  method: 'get',
  path: '/api/sites',
  tags: ['Sites'],
  summary: 'Lists sites by name, with how many devices are at each',
  middleware: [requireUser('viewer')] as const,
  request: {
    query: z.strictObject({
      cursor: z.string().max(200).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(100),
    }),
  },
  responses: {
    200: json(
      z.strictObject({ sites: z.array(siteSchema), nextCursor: z.string().nullable() }),
      'A page',
    ),
  },
});

const createSiteRoute = createRoute({
  method: 'post',
  path: '/api/sites',
  tags: ['Sites'],
  summary: 'Makes a site',
  middleware: [requireUser('operator', { everySite: true })] as const,
  request: {
    body: body(z.strictObject({ name: siteName, title: title.default('') }), {
      name: 'plant-7',
      title: 'Plant 7, Oslo',
    }),
  },
  responses: { 201: json(siteSchema, 'The site'), ...conflict },
});

const renameRoute = createRoute({
  method: 'patch',
  path: '/api/sites/{name}',
  tags: ['Sites'],
  summary: 'Gives a site another title; its name is signed and stays',
  middleware: [requireUser('operator'), conditional()] as const,
  request: { params: nameParams, body: body(z.strictObject({ title }), { title: 'Plant 7' }) },
  responses: { 200: json(siteSchema, 'The site'), ...notFound },
});

const windowsRoute = createRoute({
  method: 'put',
  path: '/api/sites/{name}/windows',
  tags: ['Sites'],
  summary: 'Says when rollouts may change devices of a site; empty: at any time',
  middleware: [requireUser('operator'), conditional()] as const,
  request: {
    params: nameParams,
    body: body(z.strictObject({ windows: z.array(siteWindowSchema).max(siteWindowsMax) }), {
      windows: [{ cron: '0 2 * * SAT', timeZone: 'Europe/Berlin', minutes: 120 }],
    }),
  },
  responses: { 200: json(siteSchema, 'The site'), ...notFound },
});

const deleteRoute = createRoute({
  method: 'delete',
  path: '/api/sites/{name}',
  tags: ['Sites'],
  summary: 'Deletes a site at which nothing is',
  middleware: [requireUser('operator', { everySite: true })] as const,
  request: { params: nameParams },
  responses: { 204: { description: 'Deleted' }, ...notFound, ...conflict },
});

/** What its version is made of. */
const factsOf = ({ title, windows }: Pick<Site, 'title' | 'windows'>) => ({ title, windows });

const shown = (site: Site): z.infer<typeof siteSchema> => ({
  ...site,
  createdAt: site.createdAt.toISOString(),
  version: versionOf(factsOf(site)),
});

const tell = (
  sql: Sql,
  verb: string,
  change: { name: string; before?: object; after?: object },
  by: { caller: UserCaller; ip: string | null },
) => {
  const { name, ...facts } = change;
  return writeAudit(sql, {
    tenantId: by.caller.tenantId,
    actor: actorOf(by.caller),
    action: `site.${verb}`,
    target: `site:${name}`,
    ...facts,
    ip: by.ip,
  });
};

const refuseShut = (windows: readonly When[], nowMs: number): void => {
  const errors = windows.flatMap((window, at) => {
    const fault = windowFault(window, nowMs);
    return fault === null
      ? []
      : [{ path: `windows[${at}].${fault.field}`, message: fault.message }];
  });
  if (errors.length === 0) return;
  throw refusal('invalid-request', 'These windows never open; nothing was changed.', { errors });
};

const remove = async (sql: Sql, name: string, now: Date): Promise<{ title: string }> => {
  const locked = await lockSite(sql, name);
  if (locked === null) throw noSuchSite();
  const site = await findSite(sql, name);
  if (site !== null && site.devices > 0) {
    throw refusal('wrong-state', `Devices at this site: ${site.devices}. It was not deleted.`, {
      next: 'Move or delete them first.',
    });
  }
  if ((await countOpenTokens(sql, name, now)) > 0) {
    throw refusal('wrong-state', 'A registration token still lets devices in at this site.', {
      next: 'Revoke it first.',
    });
  }
  if ((await countLiveGrants(sql, name, now)) > 0) {
    throw refusal('wrong-state', 'A technician may still sign in at this site.', {
      next: 'Take the grants back first.',
    });
  }
  await deleteSite(sql, name);
  return locked;
};

export const addSiteRoutes = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  api.openapi(listRoute, async (c) => {
    const { cursor, limit } = c.req.valid('query');
    const after = readCursor(cursor, z.string().max(63)) ?? '';
    const found = await withTenant(pools.api, c.var.caller, (sql) =>
      listSites(sql, { after, limit: limit + 1 }),
    );
    const page = pageOf(found, limit, ({ name }) => name);
    return c.json({ sites: page.rows.map(shown), nextCursor: page.nextCursor }, 200);
  });
  api.openapi(createSiteRoute, async (c) => {
    const { caller, clientAddress: ip } = c.var;
    const given = c.req.valid('json');
    const site = await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const createdAt = new Date(parts.now());
      const isNew = await insertSite(sql, { tenantId: caller.tenantId, ...given, createdAt });
      if (!isNew) throw refusal('already-exists', 'There is a site with this name already.');
      await holdQuota(sql, 'sites');
      await tell(sql, 'create', { name: given.name, after: given }, { caller, ip });
      return findSite(sql, given.name);
    });
    if (site === null) throw noSuchSite();
    return c.json(shown(site), 201);
  });
  api.openapi(renameRoute, async (c) => {
    const { caller, clientAddress: ip } = c.var;
    const { name } = c.req.valid('param');
    const { title: next } = c.req.valid('json');
    const site = await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const locked = await lockSite(sql, name);
      if (locked === null) return null;
      holdVersion(c, factsOf(locked));
      await retitleSite(sql, name, next);
      tellVersion(c, factsOf({ title: next, windows: locked.windows }));
      const facts = { before: { title: locked.title }, after: { title: next } };
      if (locked.title !== next) await tell(sql, 'rename', { name, ...facts }, { caller, ip });
      return findSite(sql, name);
    });
    if (site === null) throw noSuchSite();
    return c.json(shown(site), 200);
  });
  api.openapi(windowsRoute, async (c) => {
    const { caller, clientAddress: ip } = c.var;
    const { name } = c.req.valid('param');
    const { windows } = c.req.valid('json');
    refuseShut(windows, parts.now());
    const site = await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const locked = await lockSite(sql, name);
      if (locked === null) return null;
      holdVersion(c, factsOf(locked));
      await setSiteWindows(sql, name, windows);
      tellVersion(c, factsOf({ title: locked.title, windows }));
      const facts = { before: { windows: locked.windows }, after: { windows } };
      await tell(sql, 'change-windows', { name, ...facts }, { caller, ip });
      await recordEvent(sql, {
        tenantId: caller.tenantId,
        type: 'site.windows-changed',
        subject: 'signalbeam.tenants.site-windows',
        data: { site: name, windows },
      });
      return findSite(sql, name);
    });
    if (site === null) throw noSuchSite();
    return c.json(shown(site), 200);
  });
  api.openapi(deleteRoute, async (c) => {
    const { caller, clientAddress: ip } = c.var;
    const { name } = c.req.valid('param');
    await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const before = await remove(sql, name, new Date(parts.now()));
      await tell(sql, 'delete', { name, before }, { caller, ip });
    });
    return c.body(null, 204);
  });
};
