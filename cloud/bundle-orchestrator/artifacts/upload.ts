/**
 * Takes an image archive in: spool, understand, store the blobs, then the rows. Rows come last, so
 * whoever sees an image finds all of it; a refusal before that leaves nothing behind.
 */
import type { Blobs } from '@signalbeam/platform/blobs/port';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { refusal } from '@signalbeam/platform/http/problem';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { type Author, changeTenant } from '@signalbeam/platform/postgres/tenant';
import { nameImage } from '../core/named-image.ts';
import { holdBlobs, insertImage, type NewImage, referenceOf, sizeOf } from '../store/artifacts.ts';
import type { FoundImage } from './image-documents.ts';
import { interpretArchive } from './interpret.ts';
import { readArchive } from './read-archive.ts';
import { openSpool, type Spool, type SpooledFile } from './spool.ts';

/** Each upload may fill the spool with one archive. */
const uploadsAtOnceMax = 4;

export type Uploader = (upload: {
  author: Author;
  /** The name to keep the images under; null takes it from the archive. */
  name: string | null;
  source: AsyncIterable<Uint8Array>;
}) => Promise<UploadedImage[]>;

export type UploadedImage = {
  reference: string;
  name: string;
  digest: string;
  sizeBytes: number;
  tags: string[];
  platforms: string[];
};

const named = (image: FoundImage, asked: string | null): NewImage => {
  const naming = nameImage(image, asked);
  if (naming === null) {
    throw refusal(
      'invalid-request',
      'The archive does not say what its image is called. Nothing was stored.',
      { next: 'Give the name with the upload: POST /api/artifacts?name=team/app.' },
    );
  }
  const { digest, mediaType, platforms, blobs } = image;
  return { ...naming, digest, mediaType, platforms, blobs };
};

const asUploaded = (image: NewImage): UploadedImage => ({
  reference: referenceOf(image.name, image.digest),
  name: image.name,
  digest: image.digest,
  sizeBytes: sizeOf(image.blobs),
  tags: image.tags,
  platforms: image.platforms,
});

type Parts = { pool: Pool; blobs: Blobs; spoolFolder: string };

type Taken = { author: Author; images: NewImage[]; blobs: ReadonlyMap<string, SpooledFile> };

const areThere = async (blobs: Blobs, digests: Iterable<string>): Promise<boolean> => {
  for (const digest of digests) if ((await blobs.head(digest)) === null) return false;
  return true;
};

/** False when a blob is gone: nothing was written then. */
const writeRows = ({ pool, blobs }: Parts, taken: Taken): Promise<boolean> => {
  const { tenantId, actor, ip } = taken.author;
  const uploaded = taken.images.map(asUploaded);
  return changeTenant(pool, taken.author, async (sql) => {
    await holdBlobs(sql);
    if (!(await areThere(blobs, taken.blobs.keys()))) return false;
    for (const image of taken.images) await insertImage(sql, tenantId, image, actor);
    const references = uploaded.map(({ reference }) => reference);
    await writeAudit(sql, {
      tenantId,
      actor,
      action: 'artifact.upload',
      target: `artifact:${references.join(',')}`,
      after: { images: uploaded },
      ip,
    });
    await recordEvent(sql, {
      tenantId,
      type: 'artifacts.uploaded',
      subject: 'signalbeam.bundles.artifacts.uploaded',
      data: { images: uploaded },
    });
    return true;
  });
};

/**
 * A blob that was there, left by an upload that failed long ago, may be swept before the rows are written: then it is
 * stored anew, and what is new is not swept.
 */
const keepTaken = async (parts: Parts, spool: Spool, taken: Taken): Promise<void> => {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    for (const [digest, file] of taken.blobs) {
      await parts.blobs.put(digest, file.sizeBytes, spool.stream(file));
    }
    if (await writeRows(parts, taken)) return;
  }
  throw refusal('blob-store-unavailable', 'The blob storage lost what was just stored.', {
    next: 'Upload it again.',
  });
};

const take = async (parts: Parts, upload: Parameters<Uploader>[0]): Promise<UploadedImage[]> => {
  const spool = await openSpool(parts.spoolFolder);
  try {
    const files = await readArchive(upload.source, spool);
    const { images: found, blobs } = await interpretArchive({ files, spool });
    const images = found.map((image) => named(image, upload.name));
    await keepTaken(parts, spool, { author: upload.author, images, blobs });
    return images.map(asUploaded);
  } finally {
    await spool.remove();
  }
};

export const createUploader = (parts: Parts): Uploader => {
  let running = 0;
  return async (upload) => {
    if (running >= uploadsAtOnceMax) {
      throw refusal('too-many-requests', `${uploadsAtOnceMax} uploads are being taken already.`, {
        next: 'Wait for one of them to end, then upload again.',
      });
    }
    running += 1;
    try {
      return await take(parts, upload);
    } finally {
      running -= 1;
    }
  };
};
