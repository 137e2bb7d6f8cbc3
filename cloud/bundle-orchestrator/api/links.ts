/**
 * Links for downloading: one image as an archive or one blob, for a few minutes, without a credential.
 * Who makes one is asked and told to the audit log, which never holds the link itself; it opens nothing
 * once its maker could not make it any more. Blobs then come from the blob storage where it can do that,
 * archives always from here, since nobody stores them.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { LinkProof } from '@signalbeam/platform/blobs/links';
import {
  admitLink,
  linkedCacheControl,
  openLinkedBlob,
  withdrawnLink,
} from '@signalbeam/platform/blobs/open-link';
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
import { mayLink } from '../store/link-makers.ts';
import { served } from './artifacts.ts';
import type { Parts } from './parts.ts';
import { at, imageName } from './schemas.ts';

const tags = ['Artifacts'];
const linkedImagesPath = '/api/artifacts/linked/images';
const linkedBlobsPath = '/api/artifacts/linked/blobs';
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

/** Whose link, a person's or a program's by its token: it counts as long as they may make it. */
type Maker = { tenantId: string; by: string };

const imageSubject = (
  { tenantId, by }: Maker,
  image: { name: string; digest: string },
): string[] => ['image', tenantId, by, image.name, image.digest];
const blobSubject = ({ tenantId, by }: Maker, wanted: string): string[] => [
  'blob',
  tenantId,
  by,
  wanted,
];

type Target = { target: string; path: string; fileName: string; sizeBytes: number };

const imageTarget = async (
  { links, blobs }: Parts,
  maker: Maker,
  image: Named,
  expiresAtMs: number,
): Promise<Target> => {
  const { fileName, sizeBytes } = await archiveContent(blobs, image, linkedCacheControl);
  const proof = links.sign(imageSubject(maker, image), expiresAtMs);
  const query = new URLSearchParams({ name: image.name, by: maker.by, ...proof });
  return {
    target: `artifact:${referenceOf(image.name, image.digest)}`,
    path: `${linkedImagesPath}/${maker.tenantId}/${image.digest}?${query}`,
    ...{ fileName, sizeBytes },
  };
};

const blobTarget = (
  { links }: Parts,
  maker: Maker,
  { digest: wanted, sizeBytes }: ImageBlob,
  expiresAtMs: number,
): Target => {
  const proof = links.sign(blobSubject(maker, wanted), expiresAtMs);
  const query = new URLSearchParams({ tenant: maker.tenantId, by: maker.by, ...proof });
  return {
    target: `blob:${wanted}`,
    path: `${linkedBlobsPath}/${wanted}?${query}`,
    ...{ fileName: wanted.replace(':', '-'), sizeBytes },
  };
};

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
      const maker = { tenantId: author.tenantId, by: c.var.caller.tokenId ?? c.var.caller.userId };
      // Whole seconds: that is how finely links end.
      const expiresAtMs = Math.floor(parts.now() / 1_000 + wish.validMinutes * 60) * 1_000;
      const expiresAt = new Date(expiresAtMs).toISOString();
      const found = await withTenant(parts.pool, c.var.caller, (sql) => findLinked(sql, wish));
      const { target, path, ...about } =
        found.kind === 'image'
          ? await imageTarget(parts, maker, found.image, expiresAtMs)
          : blobTarget(parts, maker, found.blob, expiresAtMs);
      await changeTenant(parts.pool, author, (sql) =>
        writeAudit(sql, { ...author, action: 'artifact.link', target, after: { expiresAt } }),
      );
      const url = new URL(path, parts.publicUrl ?? c.req.url).href;
      return c.json({ url, expiresAt, ...about }, 201, { 'cache-control': 'no-store' });
    },
  );
};

const proof = {
  by: z.uuid().openapi({ description: 'Who made the link' }),
  expires: z.string().regex(/^\d{1,12}$/, 'must be a time in seconds'),
  signature: z.string().max(64),
};
const opened = {
  ...served,
  403: problem('The link has ended, its maker may make none any more, or it is none of ours'),
  ...notFound,
};

/** Throws unless the link is good and its maker could make it now. */
const admit = async (
  { links, pool, now }: Parts,
  maker: Maker,
  subject: readonly string[],
  given: LinkProof,
): Promise<void> => {
  admitLink(links.judge(subject, given, now()));
  const may = await withTenant(pool, everySite(maker.tenantId), (sql) => mayLink(sql, maker.by));
  if (!may) throw withdrawnLink();
};

const addOpening = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'get',
      path: `${linkedBlobsPath}/{digest}`,
      tags,
      summary: 'Opens a link to a blob; HEAD, Range and If-None-Match are understood',
      request: {
        params: z.strictObject({ digest }),
        query: z.strictObject({ tenant: z.uuid(), ...proof }),
      },
      responses: { ...opened, 307: { description: 'It comes from the blob storage itself' } },
    }),
    async (c) => {
      const { digest: wanted } = c.req.valid('param');
      const { tenant: tenantId, by, ...given } = c.req.valid('query');
      const maker = { tenantId, by };
      await admit(parts, maker, blobSubject(maker, wanted), given);
      return openLinkedBlob(parts, wanted, {
        ...{ isHead: c.req.method === 'HEAD', header: (header) => c.req.header(header) },
      });
    },
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
      const { name: called, by, ...given } = c.req.valid('query');
      const maker = { tenantId: tenant, by };
      await admit(parts, maker, imageSubject(maker, { name: called, digest: wanted }), given);
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
