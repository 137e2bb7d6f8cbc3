/** Uploading image archives, listing images, and the blobs that devices fetch. */
import { createRoute, z } from '@hono/zod-openapi';
import { type Asked, blobContent, respond } from '@signalbeam/platform/blobs/respond';
import type { Api } from '@signalbeam/platform/http/app';
import {
  authorOf,
  type Caller,
  requireCaller,
  requireUser,
} from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { json, notFound, problem, tooMany, unacceptable } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { artifactBytesMax } from '@signalbeam/sync/core/limits';
import { digest } from '@signalbeam/sync/wire/shape';
import { isImageName } from '../core/image-name.ts';
import { findBlob, listImages } from '../store/artifacts.ts';
import type { Parts } from './parts.ts';
import { imageName, imageSchema, pageQuery, storedImageSchema } from './schemas.ts';

export const streamedPaths = ['/api/artifacts'];

const tags = ['Artifacts'];
const archive = { type: 'string', format: 'binary' } as const;
const uploadQuery = z.strictObject({
  name: imageName
    .refine(isImageName, 'must be a name such as team/app, in lower-case letters')
    .optional(),
});

/** A form would wrap the archive; what arrives must be the archive itself. */
const checkUpload = (header: (name: string) => string | undefined): void => {
  const kind = header('content-type')?.toLowerCase() ?? '';
  if (kind.startsWith('multipart/') || kind.startsWith('application/json')) {
    throw refusal('unsupported-media-type', 'The body must be the archive itself.', {
      next: 'Send the file as the body: curl --data-binary @image.tar.',
    });
  }
  if (Number(header('content-length') ?? 0) > artifactBytesMax) {
    throw refusal('body-too-large', `An archive may have at most ${artifactBytesMax} bytes.`);
  }
};

const addUploading = (api: Api, parts: Parts): void => {
  const uploaded = z.strictObject({ images: z.array(imageSchema) });
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/artifacts',
      tags,
      summary: 'Takes an image archive: OCI archive or docker save, plain or gzip',
      description: 'The body is the archive itself. The answer names each image by its digest.',
      middleware: [requireUser('operator', { everySite: true })] as const,
      request: {
        query: uploadQuery,
        body: { required: true, content: { 'application/octet-stream': { schema: archive } } },
      },
      responses: {
        201: json(uploaded, 'The images in it'),
        413: problem(`The archive is larger than ${artifactBytesMax} bytes`),
        415: problem('The body is a form or JSON, not the archive itself'),
        ...unacceptable,
        ...tooMany,
        507: problem('The disk is full; nothing was stored'),
      },
    }),
    async (c) => {
      checkUpload((name) => c.req.header(name));
      const source = c.req.raw.body;
      if (source === null) throw refusal('invalid-archive', 'The upload is empty.');
      const { name } = c.req.valid('query');
      const images = await parts.upload({
        author: authorOf(c.var),
        name: name ?? null,
        source,
      });
      return c.json({ images }, 201);
    },
  );
};

const position = z.tuple([z.iso.datetime(), digest, z.string().max(200)]);

const addListing = (api: Api, parts: Parts): void => {
  const listed = z.strictObject({
    images: z.array(storedImageSchema),
    nextCursor: z.string().nullable(),
  });
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/artifacts',
      tags,
      summary: 'Lists uploaded images, the newest first',
      middleware: [requireUser('viewer')] as const,
      request: { query: pageQuery(200) },
      responses: { 200: json(listed, 'A page of them') },
    }),
    async (c) => {
      const { limit, cursor } = c.req.valid('query');
      const from = readCursor(cursor, position);
      const before = from === null ? null : { at: from[0], digest: from[1], name: from[2] };
      const rows = await withTenant(parts.pool, c.var.caller, (sql) =>
        listImages(sql, { limit: limit + 1, before }),
      );
      const page = pageOf(rows, limit, (image) => [image.createdAt, image.digest, image.name]);
      return c.json({ images: page.rows, nextCursor: page.nextCursor }, 200);
    },
  );
};

const lost = (asked: string) =>
  refusal('blob-store-unavailable', `The blob ${asked} is not where it should be.`, {
    next: 'Upload the image again; the same bytes get the same digest.',
  });

const serveBlob = async (
  parts: Parts,
  caller: Caller,
  wanted: string,
  asked: Asked,
): Promise<Response> => {
  const blob = await withTenant(parts.pool, caller, (sql) => findBlob(sql, wanted));
  if (blob === null) throw refusal('not-found', 'There is no such blob.');
  const cacheControl = 'private, max-age=31536000, immutable';
  const about = { cacheControl, lost: () => lost(wanted) };
  return respond(blobContent(parts.blobs, blob, about), asked);
};

const bytes = { 'application/octet-stream': { schema: z.string() } };
/** What content answers that understands ranges and tags. */
export const served = {
  200: { description: 'The content', content: bytes },
  206: { description: 'The range that was asked for', content: bytes },
  304: { description: 'You have it already' },
  416: problem('The range is outside of the content'),
};

const addBlobs = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/artifacts/blobs/{digest}',
      tags,
      summary: 'A blob of an uploaded image; HEAD, Range and If-None-Match are understood',
      middleware: [requireCaller('viewer')] as const,
      request: { params: z.strictObject({ digest }) },
      responses: {
        ...served,
        ...notFound,
      },
    }),
    (c) =>
      serveBlob(parts, c.var.caller, c.req.valid('param').digest, {
        isHead: c.req.method === 'HEAD',
        header: (name) => c.req.header(name),
      }),
  );
};

export const addArtifactRoutes = (api: Api, parts: Parts): void => {
  addUploading(api, parts);
  addListing(api, parts);
  addBlobs(api, parts);
};
