/** What becomes of bundles and versions: change, deprecate, delete; and which devices have them. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { conditional, holdVersion, tellVersion } from '@signalbeam/platform/http/entity-tag';
import { refusal } from '@signalbeam/platform/http/problem';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { bundleVersion } from '@signalbeam/sync/wire/manifest';
import { changeBundle, deprecate, factsOfBundle, remove } from '../bundles/lives.ts';
import { listAssigned } from '../store/bundle-lives.ts';
import { type Bundle, findBundle } from '../store/bundles.ts';
import type { Parts } from './parts.ts';
import {
  assignedDeviceSchema,
  bundleSchema,
  changedBundleSchema,
  deprecatingSchema,
  idParams,
  pageQuery,
  versionParams,
  versionSchema,
} from './schemas.ts';

const tags = ['Bundles'];
const path = '/api/bundles/{id}';
const versionPath = `${path}/versions/{version}`;
const operator = requireUser('operator', { everySite: true });
const example = { reason: 'Leaks memory; 1.2.1 does not.' };
const unchecked = (_: Bundle): void => {};

const addChanging = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'patch',
      path,
      tags,
      summary: 'Changes the description, and the name while nothing is released under it',
      middleware: [operator, conditional()] as const,
      request: { params: idParams, body: body(changedBundleSchema, { description: 'Says hello' }) },
      responses: { 200: json(bundleSchema, 'The bundle'), ...notFound, ...conflict },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const changed = await changeBundle(
        parts,
        authorOf(c.var),
        id,
        c.req.valid('json'),
        (bundle) => holdVersion(c, factsOfBundle(bundle)),
      );
      await parts.aside.forget('bundle', id);
      tellVersion(c, factsOfBundle(changed));
      return c.json(changed, 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path,
      tags,
      summary: 'Deletes a bundle that nobody uses; a name that was released is not given again',
      middleware: [operator, conditional()] as const,
      request: { params: idParams },
      responses: { 204: { description: 'Deleted' }, ...notFound, ...conflict },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      await remove(parts, authorOf(c.var), { bundleId: id, version: null }, (bundle) =>
        holdVersion(c, factsOfBundle(bundle)),
      );
      await parts.aside.forget('bundle', id);
      return c.body(null, 204);
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: versionPath,
      tags,
      summary: 'Deletes a version that nobody uses; its number is not given again',
      middleware: [operator] as const,
      request: { params: versionParams },
      responses: { 204: { description: 'Deleted' }, ...notFound, ...conflict },
    }),
    async (c) => {
      const { id, version } = c.req.valid('param');
      await remove(parts, authorOf(c.var), { bundleId: id, version }, unchecked);
      await parts.aside.forget('bundle', id);
      return c.body(null, 204);
    },
  );
};

const addDeprecatingBundles = (api: Api, parts: Parts): void => {
  const responses = { 200: json(bundleSchema, 'The bundle'), ...notFound, ...conflict };
  const set = async (author: ReturnType<typeof authorOf>, id: string, reason: string | null) => {
    const { bundle } = await deprecate(parts, author, { bundleId: id, version: null }, reason);
    await parts.aside.forget('bundle', id);
    return bundle;
  };
  api.openapi(
    createRoute({
      method: 'put',
      path: `${path}/deprecation`,
      tags,
      summary: 'Says that no version of a bundle should be used any more, and why',
      middleware: [operator] as const,
      request: { params: idParams, body: body(deprecatingSchema, example) },
      responses,
    }),
    async (c) => {
      const { reason } = c.req.valid('json');
      return c.json(await set(authorOf(c.var), c.req.valid('param').id, reason), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: `${path}/deprecation`,
      tags,
      summary: 'Takes back that a bundle is deprecated',
      middleware: [operator] as const,
      request: { params: idParams },
      responses,
    }),
    async (c) => c.json(await set(authorOf(c.var), c.req.valid('param').id, null), 200),
  );
};

const addDeprecatingVersions = (api: Api, parts: Parts): void => {
  const responses = { 200: json(versionSchema, 'The version'), ...notFound, ...conflict };
  const set = async (
    author: ReturnType<typeof authorOf>,
    { id, version }: { id: string; version: string },
    reason: string | null,
  ) => {
    const done = await deprecate(parts, author, { bundleId: id, version }, reason);
    if (done.version === null) throw new Error('a version was asked for');
    return done.version;
  };
  api.openapi(
    createRoute({
      method: 'put',
      path: `${versionPath}/deprecation`,
      tags,
      summary: 'Says that a version should not be used any more, and why',
      description:
        'What runs it goes on, and rollouts may go back to it; a new rollout or assignment has to ask for it.',
      middleware: [operator] as const,
      request: { params: versionParams, body: body(deprecatingSchema, example) },
      responses,
    }),
    async (c) => {
      const { reason } = c.req.valid('json');
      return c.json(await set(authorOf(c.var), c.req.valid('param'), reason), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: `${versionPath}/deprecation`,
      tags,
      summary: 'Takes back that a version is deprecated',
      middleware: [operator] as const,
      request: { params: versionParams },
      responses,
    }),
    async (c) => c.json(await set(authorOf(c.var), c.req.valid('param'), null), 200),
  );
};

const position = z.tuple([z.string().max(64), z.uuid()]);

const addAssigned = (api: Api, parts: Parts): void => {
  const listed = z.strictObject({
    devices: z.array(assignedDeviceSchema),
    nextCursor: z.string().nullable(),
  });
  api.openapi(
    createRoute({
      method: 'get',
      path: `${path}/devices`,
      tags,
      summary: 'Lists the devices that shall run a bundle, by version',
      middleware: [requireUser('viewer')] as const,
      request: {
        params: idParams,
        query: pageQuery(200).extend({ version: bundleVersion.optional() }),
      },
      responses: { 200: json(listed, 'A page of them'), ...notFound },
    }),
    async (c) => {
      const { id: bundleId } = c.req.valid('param');
      const { limit, cursor, version = null } = c.req.valid('query');
      const from = readCursor(cursor, position);
      const after = from === null ? null : { version: from[0], deviceId: from[1] };
      const { tenantId } = c.var.caller;
      const rows = await withTenant(parts.pool, c.var.caller, async (sql) => {
        const bundle = await findBundle(sql, bundleId);
        if (bundle === null) throw refusal('not-found', 'There is no such bundle.');
        const { name } = bundle;
        return listAssigned(
          sql,
          { tenantId, bundleId, version },
          { name, limit: limit + 1, after },
        );
      });
      const page = pageOf(rows, limit, (row) => [row.version.toLowerCase(), row.deviceId]);
      return c.json({ devices: page.rows, nextCursor: page.nextCursor }, 200);
    },
  );
};

export const addBundleLifeRoutes = (api: Api, parts: Parts): void => {
  addChanging(api, parts);
  addDeprecatingBundles(api, parts);
  addDeprecatingVersions(api, parts);
  addAssigned(api, parts);
};
