/** Versions of bundles, and the signed releases that devices fetch. */
import { createRoute, z } from '@hono/zod-openapi';
import { isUnchanged } from '@signalbeam/platform/blobs/conditional';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireDevice, requireUser } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { body, conflict, json, notFound, unacceptable } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { envelopeSchema } from '@signalbeam/sync/wire/dsse';
import { digest } from '@signalbeam/sync/wire/shape';
import { releaseVersion } from '../bundles/release.ts';
import { versionOrderKey } from '../core/version-order.ts';
import { findBundle, findEnvelope, findVersion, listVersions } from '../store/bundles.ts';
import type { Parts } from './parts.ts';
import {
  exampleContainers,
  idParams,
  newVersionSchema,
  pageQuery,
  versionParams,
  versionSchema,
} from './schemas.ts';

const tags = ['Bundles'];
const path = '/api/bundles/{id}/versions';

const addReleasing = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'post',
      path,
      tags,
      summary: 'Releases a version: signed, and immutable from then on',
      middleware: [requireUser('operator', { everySite: true })] as const,
      request: {
        params: idParams,
        body: body(newVersionSchema, { version: '1.0.0', containers: exampleContainers }),
      },
      responses: {
        201: json(versionSchema, 'The version'),
        ...notFound,
        ...conflict,
        ...unacceptable,
      },
    }),
    async (c) => {
      const { version, containers, releaseNotes } = c.req.valid('json');
      const bundleId = c.req.valid('param').id;
      const wish = { bundleId, version, containers, releaseNotes };
      const released = await releaseVersion(parts, authorOf(c.var), wish);
      await parts.aside.forget('bundle', wish.bundleId);
      return c.json(released, 201);
    },
  );
};

const addReading = (api: Api, parts: Parts): void => {
  const listed = z.strictObject({
    versions: z.array(versionSchema),
    nextCursor: z.string().nullable(),
  });
  api.openapi(
    createRoute({
      method: 'get',
      path,
      tags,
      summary: 'Lists versions, the highest first',
      middleware: [requireUser('viewer')] as const,
      request: { params: idParams, query: pageQuery(100) },
      responses: { 200: json(listed, 'A page of them'), ...notFound },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const { limit, cursor } = c.req.valid('query');
      const below = readCursor(cursor, z.string().max(200));
      const rows = await withTenant(parts.pool, c.var.caller, async (sql) => {
        if ((await findBundle(sql, id)) === null) {
          throw refusal('not-found', 'There is no such bundle.');
        }
        return listVersions(sql, id, { limit: limit + 1, below });
      });
      const page = pageOf(rows, limit, ({ version }) => versionOrderKey(version));
      return c.json({ versions: page.rows, nextCursor: page.nextCursor }, 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: `${path}/{version}`,
      tags,
      summary: 'One version',
      middleware: [requireUser('viewer')] as const,
      request: { params: versionParams },
      responses: { 200: json(versionSchema, 'The version'), ...notFound },
    }),
    async (c) => {
      const { id, version } = c.req.valid('param');
      const found = await withTenant(parts.pool, c.var.caller, (sql) =>
        findVersion(sql, id, version),
      );
      if (found === null) throw refusal('not-found', 'There is no such bundle version.');
      return c.json(found, 200);
    },
  );
};

const addReleases = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/releases/{digest}',
      tags: ['Devices'],
      summary: 'The signed release envelope that a desired state names, byte for byte',
      middleware: [requireDevice()] as const,
      request: { params: z.strictObject({ digest }) },
      responses: {
        200: {
          description: 'The envelope',
          content: { 'application/vnd.signalbeam.release+json': { schema: envelopeSchema } },
        },
        304: { description: 'You have it already' },
        ...notFound,
      },
    }),
    async (c) => {
      const asked = c.req.valid('param').digest;
      const envelope = await withTenant(parts.pool, c.var.caller, (sql) =>
        findEnvelope(sql, asked),
      );
      if (envelope === null) throw refusal('not-found', 'There is no such release.');
      const entityTag = `"${asked}"`;
      const headers = {
        etag: entityTag,
        'cache-control': 'private, max-age=31536000, immutable',
      };
      if (isUnchanged(c.req.header('if-none-match'), entityTag)) {
        return new Response(null, { status: 304, headers });
      }
      return new Response(Uint8Array.from(envelope), {
        status: 200,
        headers: { ...headers, 'content-type': 'application/vnd.signalbeam.release+json' },
      });
    },
  );
};

export const addVersionRoutes = (api: Api, parts: Parts): void => {
  addReleasing(api, parts);
  addReading(api, parts);
  addReleases(api, parts);
};
