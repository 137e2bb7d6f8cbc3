/**
 * Links for downloading: one image as an archive or one blob, for a few minutes, without a credential.
 * Who makes one is asked and told to the audit log, which never holds the link itself. Blobs are
 * opened by the blob storage where it can do that, archives always here, since nobody stores them.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { linkedBlobsPath } from '@signalbeam/platform/blobs/links';
import { admitLink, linkedCacheControl, openBlobLink } from '@signalbeam/platform/blobs/open-link';
import { respond } from '@signalbeam/platform/blobs/respond';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { body, json, notFound, problem } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { changeTenant, everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import { digest } from '@signalbeam/sync/wire/shape';
import { archiveContent } from '../artifacts/image-archive.ts';
import { isImageName } from '../core/image-name.ts';
import {
  blobsOfImages,
  findBlob,
  findImage,
  type ImageBlob,
  referenceOf,
  type StoredImage,
} from '../store/artifacts.ts';
import { served } from './artifacts.ts';
import type { Parts } from './parts.ts';
import { at, imageName } from './schemas.ts';

const tags = ['Artifacts'];
const linkedImagesPath = '/api/artifacts/linked/images';
/** Enough to begin a download, which then may take as long as it likes. */
const validMinutesMax = 60;
const name = imageName.refine(isImageName, 'must be a name such as team/app');
const validMinutes = z.int().min(1).max(validMinutesMax).default(15);

const wishSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('image'), name, digest, validMinutes }),
  z.strictObject({ kind: z.literal('blob'), digest, validMinutes }),
]);
const linkSchema = z
  .strictObject({
    url: z.url().openapi({ description: 'A credential: whoever has it may download this' }),
    expiresAt: at,
    fileName: z.string(),
    sizeBytes: z.int(),
  })
  .openapi('DownloadLink');

type Named = StoredImage & { blobs: ImageBlob[] };

const imageWith = async (sql: Sql, wanted: { name: string; digest: string }): Promise<Named> => {
  const image = await findImage(sql, wanted);
  const blobs = (await blobsOfImages(sql, [wanted])).get(`${wanted.name}@${wanted.digest}`);
  if (image === null || blobs === undefined) throw refusal('not-found', 'There is no such image.');
  return { ...image, blobs };
};

const subjectOf = (tenantId: string, image: { name: string; digest: string }): string[] => [
  'image',
  tenantId,
  image.name,
  image.digest,
];

type Target = { target: string; path: string; fileName: string; sizeBytes: number };

const imageTarget = async (
  { links, blobs }: Parts,
  tenantId: string,
  image: Named,
  expiresAtMs: number,
): Promise<Target> => {
  const { fileName, sizeBytes } = await archiveContent(blobs, image, linkedCacheControl);
  const proof = links.sign(subjectOf(tenantId, image), expiresAtMs);
  const query = new URLSearchParams({ name: image.name, ...proof });
  return {
    target: `artifact:${referenceOf(image.name, image.digest)}`,
    path: `${linkedImagesPath}/${tenantId}/${image.digest}?${query}`,
    ...{ fileName, sizeBytes },
  };
};

const blobTarget = async (
  { blobs }: Parts,
  blob: ImageBlob,
  expiresAtMs: number,
): Promise<Target> => ({
  target: `blob:${blob.digest}`,
  path: await blobs.link(blob.digest, expiresAtMs),
  fileName: blob.digest.replace(':', '-'),
  sizeBytes: blob.sizeBytes,
});

type Found = { kind: 'image'; image: Named } | { kind: 'blob'; blob: ImageBlob };

/** Throws `not-found` for what is not this tenant's. */
const findLinked = async (sql: Sql, wish: z.infer<typeof wishSchema>): Promise<Found> => {
  if (wish.kind === 'image') return { kind: 'image', image: await imageWith(sql, wish) };
  const blob = await findBlob(sql, wish.digest);
  if (blob === null) throw refusal('not-found', 'There is no such blob.');
  return { kind: 'blob', blob };
};

const addMaking = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/artifacts/links',
      tags,
      summary: 'Makes a link for downloading one image or blob, for a few minutes',
      description: `At most ${validMinutesMax} minutes. Ranges and entity tags are understood there, so that a download that was cut goes on.`,
      middleware: [requireUser('operator', { everySite: true })] as const,
      request: {
        body: body(wishSchema, {
          ...{ kind: 'blob', digest: `sha256:${'a'.repeat(64)}`, validMinutes: 15 },
        }),
      },
      responses: { 201: json(linkSchema, 'The link'), ...notFound },
    }),
    async (c) => {
      const wish = c.req.valid('json');
      const author = authorOf(c.var);
      // Whole seconds: that is how finely links end.
      const expiresAtMs = Math.floor(parts.now() / 1_000 + wish.validMinutes * 60) * 1_000;
      const expiresAt = new Date(expiresAtMs).toISOString();
      const found = await withTenant(parts.pool, c.var.caller, (sql) => findLinked(sql, wish));
      const { target, path, ...about } =
        found.kind === 'image'
          ? await imageTarget(parts, author.tenantId, found.image, expiresAtMs)
          : await blobTarget(parts, found.blob, expiresAtMs);
      await changeTenant(parts.pool, author, (sql) =>
        writeAudit(sql, { ...author, action: 'artifact.link', target, after: { expiresAt } }),
      );
      const url = new URL(path, parts.publicUrl ?? c.req.url).href;
      return c.json({ url, expiresAt, ...about }, 201, { 'cache-control': 'no-store' });
    },
  );
};

const proof = {
  expires: z.string().regex(/^\d{1,12}$/, 'must be a time in seconds'),
  signature: z.string().max(64),
};
const opened = {
  ...served,
  403: problem('The link has ended, or it is none of ours'),
  ...notFound,
};

const addOpening = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'get',
      path: `${linkedBlobsPath}/{digest}`,
      tags,
      summary: 'Opens a link to a blob; HEAD, Range and If-None-Match are understood',
      request: { params: z.strictObject({ digest }), query: z.strictObject(proof) },
      responses: opened,
    }),
    (c) =>
      openBlobLink(
        parts,
        { digest: c.req.valid('param').digest, proof: c.req.valid('query') },
        { isHead: c.req.method === 'HEAD', header: (header) => c.req.header(header) },
      ),
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: `${linkedImagesPath}/{tenant}/{digest}`,
      tags,
      summary: 'Opens a link to an image, as an OCI archive that docker load reads, too',
      request: {
        params: z.strictObject({ tenant: z.uuid(), digest }),
        query: z.strictObject({ name, ...proof }),
      },
      responses: opened,
    }),
    async (c) => {
      const { tenant, digest: wanted } = c.req.valid('param');
      const { name: called, ...given } = c.req.valid('query');
      const subject = subjectOf(tenant, { name: called, digest: wanted });
      admitLink(parts.links.judge(subject, given, parts.now()));
      const image = await withTenant(parts.pool, everySite(tenant), (sql) =>
        imageWith(sql, { name: called, digest: wanted }),
      );
      return respond(await archiveContent(parts.blobs, image, linkedCacheControl), {
        ...{ isHead: c.req.method === 'HEAD', header: (header) => c.req.header(header) },
      });
    },
  );
};

export const addLinkRoutes = (api: Api, parts: Parts): void => {
  addMaking(api, parts);
  addOpening(api, parts);
};
