/**
 * Uploaded images and their blobs in Postgres. A row in `artifact_blobs` is a tenant's right to
 * read that blob; the bytes themselves are shared by everybody who uploaded the same.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { artifactHost } from '@signalbeam/sync/core/manifest';

export type ImageBlob = { digest: string; sizeBytes: number; mediaType: string };

export type NewImage = {
  name: string;
  digest: string;
  mediaType: string;
  tags: string[];
  platforms: string[];
  blobs: ImageBlob[];
};

export type StoredImage = {
  reference: string;
  name: string;
  digest: string;
  mediaType: string;
  sizeBytes: number;
  tags: string[];
  platforms: string[];
  createdAt: string;
  createdBy: string;
};

export const sizeOf = (blobs: readonly ImageBlob[]): number =>
  blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0);

export const referenceOf = (name: string, digest: string): string =>
  `${artifactHost}/${name}@${digest}`;

/**
 * Cursors carry milliseconds, so the rows they point at are no finer. The same image again only adds tags; who uploaded it first stays.
 */
export const insertImage = async (
  sql: Sql,
  tenantId: string,
  image: NewImage,
  createdBy: string,
): Promise<void> => {
  await sql.query(
    `INSERT INTO bundle_orchestrator.artifact_blobs
       (tenant_id, image_digest, digest, position, size_bytes, media_type)
     SELECT $1, $2, blob.digest, blob.position, blob.size_bytes, blob.media_type
       FROM unnest($3::text[], $4::bigint[], $5::text[])
            WITH ORDINALITY AS blob (digest, size_bytes, media_type, position)
     ON CONFLICT DO NOTHING`,
    [
      tenantId,
      image.digest,
      image.blobs.map((blob) => blob.digest),
      image.blobs.map((blob) => blob.sizeBytes),
      image.blobs.map((blob) => blob.mediaType),
    ],
  );
  await sql.query(
    `INSERT INTO bundle_orchestrator.artifacts AS kept
       (tenant_id, name, digest, media_type, size_bytes, tags, platforms, created_by, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, date_trunc('milliseconds', now()))
     ON CONFLICT (tenant_id, name, digest) DO UPDATE
       SET tags = ARRAY(SELECT DISTINCT tag FROM unnest(kept.tags || excluded.tags) AS tag
                         ORDER BY tag LIMIT 32),
           size_bytes = greatest(kept.size_bytes, excluded.size_bytes),
           platforms = ARRAY(SELECT DISTINCT one FROM unnest(kept.platforms || excluded.platforms) AS one
                              ORDER BY one)`,
    [
      tenantId,
      image.name,
      image.digest,
      image.mediaType,
      sizeOf(image.blobs),
      image.tags,
      image.platforms,
      createdBy,
    ],
  );
};

type ImageRow = {
  name: string;
  digest: string;
  media_type: string;
  size_bytes: number;
  tags: string[];
  platforms: string[];
  created_at: Date;
  created_by: string;
};

const imageOf = (row: ImageRow): StoredImage => ({
  reference: referenceOf(row.name, row.digest),
  name: row.name,
  digest: row.digest,
  mediaType: row.media_type,
  sizeBytes: row.size_bytes,
  tags: row.tags,
  platforms: row.platforms,
  createdAt: row.created_at.toISOString(),
  createdBy: row.created_by,
});

/** Newest first, after `before` when given. */
export const listImages = async (
  sql: Sql,
  page: { limit: number; before: { at: string; digest: string; name: string } | null },
): Promise<StoredImage[]> => {
  const { rows } = await sql.query<ImageRow>(
    `SELECT * FROM bundle_orchestrator.artifacts
      WHERE $2::timestamptz IS NULL OR (created_at, digest, name) < ($2, $3, $4)
      ORDER BY created_at DESC, digest DESC, name DESC LIMIT $1`,
    [page.limit, page.before?.at ?? null, page.before?.digest ?? null, page.before?.name ?? null],
  );
  return rows.map(imageOf);
};

/** One image of this tenant, or null. */
export const findImage = async (
  sql: Sql,
  image: { name: string; digest: string },
): Promise<StoredImage | null> => {
  const { rows } = await sql.query<ImageRow>(
    'SELECT * FROM bundle_orchestrator.artifacts WHERE name = $1 AND digest = $2',
    [image.name, image.digest],
  );
  return rows[0] === undefined ? null : imageOf(rows[0]);
};

export type TaggedImage = { name: string; tag: string; reference: string };

/** The newest image of each of these names that was uploaded with the tag; others are not in it. */
export const imagesTagged = async (
  sql: Sql,
  wanted: readonly { name: string; tag: string }[],
): Promise<TaggedImage[]> => {
  if (wanted.length === 0) return [];
  const { rows } = await sql.query<{ name: string; tag: string; digest: string }>(
    `SELECT DISTINCT ON (asked.name, asked.tag) asked.name, asked.tag, image.digest
       FROM unnest($1::text[], $2::text[]) AS asked (name, tag)
       JOIN bundle_orchestrator.artifacts image
         ON image.name = asked.name AND asked.tag = ANY (image.tags)
      ORDER BY asked.name, asked.tag, image.created_at DESC`,
    [wanted.map(({ name }) => name), wanted.map(({ tag }) => tag)],
  );
  return rows.map(({ name, tag, digest }) => ({ name, tag, reference: referenceOf(name, digest) }));
};

/** The blob as one of this tenant's images knows it, or null: then it is not theirs. */
export const findBlob = async (sql: Sql, digest: string): Promise<ImageBlob | null> => {
  const { rows } = await sql.query<{ size_bytes: number; media_type: string }>(
    `SELECT size_bytes, media_type FROM bundle_orchestrator.artifact_blobs
      WHERE digest = $1 LIMIT 1`,
    [digest],
  );
  const row = rows[0];
  return row === undefined
    ? null
    : { digest, sizeBytes: row.size_bytes, mediaType: row.media_type };
};

const blobsLock = `hashtextextended('artifact blobs', 0)`;

/** Until this transaction ends nobody sweeps blobs. */
export const holdBlobs = async (sql: Sql): Promise<void> => {
  await sql.query(`SELECT pg_advisory_xact_lock_shared(${blobsLock})`);
};

/** Until this transaction ends nobody writes rows of blobs. */
export const holdBlobsAlone = async (sql: Sql): Promise<void> => {
  await sql.query(`SELECT pg_advisory_xact_lock(${blobsLock})`);
};

/** As the background role: those of these digests that are in no image, of whichever tenant. */
export const unownedBlobs = async (sql: Sql, digests: readonly string[]): Promise<string[]> => {
  const { rows } = await sql.query<{ digest: string }>(
    `SELECT digest FROM unnest($1::text[]) AS asked (digest)
      WHERE NOT EXISTS (SELECT 1 FROM bundle_orchestrator.artifact_blobs blob
                         WHERE blob.digest = asked.digest)`,
    [digests],
  );
  return rows.map(({ digest }) => digest);
};

/** The blobs of each image that this tenant has, by `name@digest`; absent ones are not in it. */
export const blobsOfImages = async (
  sql: Sql,
  images: readonly { name: string; digest: string }[],
): Promise<Map<string, ImageBlob[]>> => {
  const { rows } = await sql.query<{
    name: string;
    image_digest: string;
    digest: string;
    size_bytes: number;
    media_type: string;
  }>(
    `SELECT image.name, blob.image_digest, blob.digest, blob.size_bytes, blob.media_type
       FROM bundle_orchestrator.artifacts image
       JOIN unnest($1::text[], $2::text[]) AS asked (name, digest)
         ON asked.name = image.name AND asked.digest = image.digest
       JOIN bundle_orchestrator.artifact_blobs blob
         ON blob.tenant_id = image.tenant_id AND blob.image_digest = image.digest
      ORDER BY image.name, blob.image_digest, blob.position`,
    [images.map((image) => image.name), images.map((image) => image.digest)],
  );
  const found = new Map<string, ImageBlob[]>();
  for (const row of rows) {
    const key = `${row.name}@${row.image_digest}`;
    const blobs = found.get(key) ?? [];
    blobs.push({ digest: row.digest, sizeBytes: row.size_bytes, mediaType: row.media_type });
    found.set(key, blobs);
  }
  return found;
};
