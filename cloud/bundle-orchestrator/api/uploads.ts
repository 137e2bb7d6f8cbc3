/** Uploading a large archive in parts that can be sent again: begin, send, look, finish, give up. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import {
  body,
  conflict,
  json,
  notFound,
  problem,
  tooMany,
  unacceptable,
} from '@signalbeam/platform/http/describe';
import { artifactBytesMax, uploadPartBytes } from '@signalbeam/sync/core/limits';
import { digest } from '@signalbeam/sync/wire/shape';
import { isImageName } from '../core/image-name.ts';
import { partCount } from '../core/upload-parts.ts';
import type { Upload } from '../store/uploads.ts';
import type { Parts } from './parts.ts';
import { idParams, imageName, imageSchema } from './schemas.ts';

export const partPaths = ['/api/artifacts/upload-parts/*'];

const tags = ['Artifacts'];
const operators = requireUser('operator', { everySite: true });

const wishSchema = z
  .strictObject({
    digest,
    sizeBytes: z.int().min(1).max(artifactBytesMax),
    parts: z
      .array(digest)
      .min(1)
      .max(partCount(artifactBytesMax))
      .openapi({
        description: `SHA-256 of each ${uploadPartBytes} bytes, the last of what is left`,
      }),
    name: imageName
      .refine(isImageName, 'must be a name such as team/app, in lower-case letters')
      .optional(),
  })
  .refine(({ sizeBytes, parts }) => parts.length === partCount(sizeBytes), {
    path: ['parts'],
    message: `must be one for each ${uploadPartBytes} bytes of sizeBytes`,
  });

const uploadSchema = z
  .strictObject({
    id: z.uuid(),
    name: z.string().nullable(),
    digest,
    sizeBytes: z.int(),
    partBytes: z.int(),
    partCount: z.int(),
    received: z.array(z.int()).openapi({ description: 'The parts that are here, from 0' }),
    expiresAt: z.iso.datetime(),
  })
  .openapi('ArtifactUpload');

const answerOf = ({ parts, ...upload }: Upload): z.infer<typeof uploadSchema> => ({
  ...upload,
  partBytes: uploadPartBytes,
  partCount: parts.length,
});

const exampleDigest = `sha256:${'a'.repeat(64)}`;

const addPart = (api: Api, { uploads }: Parts): void => {
  api.openapi(
    createRoute({
      method: 'put',
      path: '/api/artifacts/upload-parts/{id}/{index}',
      tags,
      summary: 'Takes one part; sending it again does nothing',
      middleware: [operators] as const,
      request: {
        params: z.strictObject({ id: z.uuid(), index: z.coerce.number().int().min(0).max(255) }),
        body: {
          required: true,
          content: {
            'application/octet-stream': { schema: { type: 'string', format: 'binary' } as const },
          },
        },
      },
      responses: {
        204: { description: 'It is here' },
        507: problem('The disk is full; nothing was stored'),
        ...notFound,
        ...unacceptable,
        ...tooMany,
      },
    }),
    async (c) => {
      const source = c.req.raw.body ?? new Blob([]).stream();
      await uploads.send(c.var.caller, { ...c.req.valid('param'), source });
      return c.body(null, 204);
    },
  );
};

const addBeginning = (api: Api, { uploads }: Parts): void => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/artifacts/uploads',
      tags,
      summary: 'Begins an upload in parts, or goes on with the same one',
      description: 'The digest is the SHA-256 of the whole archive.',
      middleware: [operators] as const,
      request: {
        body: body(wishSchema, { digest: exampleDigest, sizeBytes: 1, parts: [exampleDigest] }),
      },
      responses: { 201: json(uploadSchema, 'The upload, and what of it is here'), ...tooMany },
    }),
    async (c) => {
      const { name, ...wish } = c.req.valid('json');
      const begun = await uploads.begin(authorOf(c.var), { ...wish, name: name ?? null });
      return c.json(answerOf(begun), 201);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/artifacts/uploads/{id}',
      tags,
      summary: 'Says which parts of an upload are here',
      middleware: [operators] as const,
      request: { params: idParams },
      responses: { 200: json(uploadSchema, 'The upload'), ...notFound },
    }),
    async (c) => c.json(answerOf(await uploads.show(c.var.caller, c.req.valid('param').id)), 200),
  );
};

const addEnding = (api: Api, { uploads }: Parts): void => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/artifacts/uploads/{id}/finish',
      tags,
      summary: 'Takes the archive in once all of its parts are here',
      middleware: [operators] as const,
      request: { params: idParams },
      responses: {
        201: json(z.strictObject({ images: z.array(imageSchema) }), 'The images in it'),
        507: problem('The disk is full; nothing was stored'),
        ...notFound,
        ...conflict,
        ...unacceptable,
        ...tooMany,
      },
    }),
    async (c) => {
      const images = await uploads.finish(authorOf(c.var), c.req.valid('param').id);
      return c.json({ images }, 201);
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: '/api/artifacts/uploads/{id}',
      tags,
      summary: 'Gives an upload up; its parts are deleted',
      middleware: [operators] as const,
      request: { params: idParams },
      responses: { 204: { description: 'Given up' }, ...notFound },
    }),
    async (c) => {
      await uploads.abandon(authorOf(c.var), c.req.valid('param').id);
      return c.body(null, 204);
    },
  );
};

export const addUploadRoutes = (api: Api, parts: Parts): void => {
  addBeginning(api, parts);
  addPart(api, parts);
  addEnding(api, parts);
};
