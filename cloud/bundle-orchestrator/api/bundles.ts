/** Bundles: make, list, look; and the judge of what could be released. */
import { createRoute, z } from '@hono/zod-openapi';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { tellVersion } from '@signalbeam/platform/http/entity-tag';
import { refusal } from '@signalbeam/platform/http/problem';
import { holdQuota } from '@signalbeam/platform/identity/quota';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { checkContainers } from '../bundles/check-containers.ts';
import { factsOfBundle } from '../bundles/lives.ts';
import { findBundle, insertBundle, listBundles } from '../store/bundles.ts';
import type { Parts } from './parts.ts';
import {
  bundleSchema,
  exampleContainers,
  idParams,
  newBundleSchema,
  pageQuery,
  takenContainers,
  validationSchema,
} from './schemas.ts';

const tags = ['Bundles'];

const addCreating = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/bundles',
      tags,
      summary: 'Makes a bundle, which versions are then released of',
      middleware: [requireUser('operator', { everySite: true })] as const,
      request: { body: body(newBundleSchema, { name: 'hello', description: 'Says hello' }) },
      responses: { 201: json(bundleSchema, 'The bundle'), ...conflict },
    }),
    async (c) => {
      const author = authorOf(c.var);
      const { tenantId, actor, ip } = author;
      const { name, description } = c.req.valid('json');
      const bundle = await changeTenant(parts.pool, author, async (sql) => {
        const made = await insertBundle(sql, { tenantId, name, description, createdBy: actor });
        if (made === null) {
          throw refusal('already-exists', `There is or was a bundle called ${name} already.`);
        }
        await holdQuota(sql, 'bundles');
        const target = `bundle:${made.id}`;
        await writeAudit(sql, {
          tenantId,
          actor,
          action: 'bundle.create',
          target,
          after: made,
          ip,
        });
        await recordEvent(sql, {
          tenantId,
          type: 'bundle.created',
          subject: 'signalbeam.bundles.created',
          data: { bundleId: made.id, name },
        });
        return made;
      });
      return c.json(bundle, 201);
    },
  );
};

const addReading = (api: Api, parts: Parts): void => {
  const listed = z.strictObject({
    bundles: z.array(bundleSchema),
    nextCursor: z.string().nullable(),
  });
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/bundles',
      tags,
      summary: 'Lists bundles by name',
      middleware: [requireUser('viewer')] as const,
      request: { query: pageQuery(200) },
      responses: { 200: json(listed, 'A page of them') },
    }),
    async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const after = readCursor(cursor, z.string().max(200));
      const rows = await withTenant(parts.pool, c.var.caller, (sql) =>
        listBundles(sql, { limit: limit + 1, after }),
      );
      const page = pageOf(rows, limit, (bundle) => bundle.name);
      return c.json({ bundles: page.rows, nextCursor: page.nextCursor }, 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/bundles/{id}',
      tags,
      summary: 'One bundle',
      middleware: [requireUser('viewer')] as const,
      request: { params: idParams },
      responses: { 200: json(bundleSchema, 'The bundle'), ...notFound },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const { caller } = c.var;
      const kept = { kind: 'bundle', id, tenantId: caller.tenantId, schema: bundleSchema } as const;
      const bundle = await parts.aside.read(kept, () =>
        withTenant(parts.pool, caller, (sql) => findBundle(sql, id)),
      );
      if (bundle === null) throw refusal('not-found', 'There is no such bundle.');
      tellVersion(c, factsOfBundle(bundle));
      return c.json(bundle, 200);
    },
  );
};

const addValidating = (api: Api, parts: Parts): void => {
  const asked = z.strictObject({ containers: takenContainers });
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/bundles/validate',
      tags,
      summary: 'Says whether these containers could be released, and what is wrong where',
      middleware: [requireUser('viewer')] as const,
      request: { body: body(asked, { containers: exampleContainers }) },
      responses: { 200: json(validationSchema, 'The finding') },
    }),
    async (c) => {
      const { containers } = c.req.valid('json');
      const checked = await withTenant(parts.pool, c.var.caller, (sql) =>
        checkContainers(sql, containers, {
          tenantId: c.var.caller.tenantId,
          installation: parts.policy,
        }),
      );
      return checked.kind === 'refused'
        ? c.json({ valid: false, errors: checked.errors }, 200)
        : c.json({ valid: true, errors: [], containers: checked.containers }, 200);
    },
  );
};

export const addBundleRoutes = (api: Api, parts: Parts): void => {
  addCreating(api, parts);
  addValidating(api, parts);
  addReading(api, parts);
};
