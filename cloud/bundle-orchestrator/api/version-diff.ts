/** What is different between two versions of a bundle. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { requireUser } from '@signalbeam/platform/http/caller';
import { json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { bundleVersion } from '@signalbeam/sync/wire/manifest';
import { uploadedImage } from '../core/policy.ts';
import { diffVersions, type VersionDiff } from '../core/version-diff.ts';
import { blobsOfImages } from '../store/artifacts.ts';
import { type BundleVersion, findVersion } from '../store/bundles.ts';
import type { Parts } from './parts.ts';
import { versionParams } from './schemas.ts';

const fieldValue = z.string().nullable();
const versionDiffSchema = z
  .strictObject({
    from: z.string(),
    to: z.string(),
    containers: z.array(
      z.strictObject({
        name: z.string(),
        kind: z.enum(['added', 'removed', 'changed', 'unchanged']),
        fields: z.array(
          z.strictObject({ path: z.string(), before: fieldValue, after: fieldValue }),
        ),
      }),
    ),
    fetchBytes: z.int().openapi({ description: 'Of uploaded images, by a device that has `from`' }),
    unknownSizes: z
      .array(z.string())
      .openapi({ description: 'New images of registries elsewhere, whose size is not known here' }),
  })
  .openapi('VersionDiff');

const diffOf = async (
  sql: Sql,
  before: BundleVersion,
  after: BundleVersion,
): Promise<VersionDiff> => {
  const images = [...before.containers, ...after.containers].map(({ image }) => image);
  const uploads = images.flatMap((image) => uploadedImage(image) ?? []);
  const found = await blobsOfImages(sql, uploads);
  return diffVersions(before.containers, after.containers, (image) => {
    const uploaded = uploadedImage(image);
    return uploaded === null ? null : (found.get(`${uploaded.name}@${uploaded.digest}`) ?? []);
  });
};

export const addVersionDiffRoutes = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/bundles/{id}/versions/{version}/diff',
      tags: ['Bundles'],
      summary:
        'What is different from another version, field by field, and what a device has to fetch',
      middleware: [requireUser('viewer')] as const,
      request: { params: versionParams, query: z.strictObject({ from: bundleVersion }) },
      responses: { 200: json(versionDiffSchema, 'The difference'), ...notFound },
    }),
    async (c) => {
      const { id, version } = c.req.valid('param');
      const { from } = c.req.valid('query');
      const diff = await withTenant(parts.pool, c.var.caller, async (sql) => {
        const before = await findVersion(sql, id, from);
        const after = await findVersion(sql, id, version);
        if (before === null || after === null) {
          throw refusal('not-found', 'There is no such bundle version.');
        }
        return diffOf(sql, before, after);
      });
      return c.json({ from, to: version, ...diff }, 200);
    },
  );
};
