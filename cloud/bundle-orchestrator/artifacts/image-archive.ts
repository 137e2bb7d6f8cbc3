/** Reads an uploaded image as one archive, from its blobs; nothing of it is kept or held in memory. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Blobs } from '@signalbeam/platform/blobs/port';
import type { Content } from '@signalbeam/platform/blobs/respond';
import { refusal } from '@signalbeam/platform/http/problem';
import { artifactHost } from '@signalbeam/sync/core/manifest';
import { parseJson } from '@signalbeam/sync/wire/shape';
import {
  type ArchivedImage,
  archiveBytes,
  layOut,
  type Piece,
  piecesOf,
} from '../core/image-archive.ts';
import type { ImageBlob, StoredImage } from '../store/artifacts.ts';
import { documentBytesMax, manifestSchema } from './image-documents.ts';

const lost = (digest: string) =>
  refusal('blob-store-unavailable', `The blob ${digest} is not where it should be.`, {
    next: 'Upload the image again; the same bytes get the same digest.',
  });

const read = async (
  blobs: Blobs,
  digest: string,
  range?: { start: number; end: number },
): Promise<ReadableStream<Uint8Array>> => {
  const found = await blobs.get(digest, range);
  if (found === null) throw lost(digest);
  return found.stream;
};

/** What its manifest names, or null when it is an index. */
const partsOf = async (blobs: Blobs, image: StoredImage): Promise<ArchivedImage['parts']> => {
  const text = await new Response(await read(blobs, image.digest)).arrayBuffer();
  const parsed = parseJson(new Uint8Array(text), manifestSchema, documentBytesMax);
  if (parsed.kind === 'refused') return null;
  const { config, layers } = parsed.value;
  return { config: config.digest, layers: layers.map(({ digest }) => digest) };
};

async function* bytesOf(blobs: Blobs, pieces: ReturnType<typeof piecesOf>) {
  for (const { piece, start, end } of pieces) {
    if (piece.kind === 'bytes') yield piece.bytes.subarray(start, end + 1);
    else yield* await read(blobs, piece.digest, { start, end });
  }
}

/** Of all that is not a blob, which names every blob: another archive has another. */
const tagOf = (pieces: readonly Piece[]): string => {
  const hash = createHash('sha256');
  for (const piece of pieces) if (piece.kind === 'bytes') hash.update(piece.bytes);
  return `"archive-${hash.digest('hex')}"`;
};

/** `team/app` at tag 1 is saved as `team-app-1.tar`. Names and tags hold nothing a header would mind. */
const fileNameOf = ({ name, tags, digest }: StoredImage): string =>
  `${name.replaceAll('/', '-')}-${tags[0] ?? digest.slice('sha256:'.length, 'sha256:'.length + 12)}.tar`;

export const archiveContent = async (
  blobs: Blobs,
  image: StoredImage & { blobs: readonly ImageBlob[] },
  cacheControl: string,
): Promise<Content & { fileName: string }> => {
  const pieces = layOut({ ...image, parts: await partsOf(blobs, image) }, artifactHost);
  const sizeBytes = archiveBytes(pieces);
  return {
    entityTag: tagOf(pieces),
    sizeBytes,
    fileName: fileNameOf(image),
    cacheControl,
    read: async (range = { start: 0, end: sizeBytes - 1 }) =>
      Readable.toWeb(
        Readable.from(bytesOf(blobs, piecesOf(pieces, range)), { objectMode: false }),
      ) as ReadableStream<Uint8Array>,
    check: async () => {
      const heads = await Promise.all(image.blobs.map(({ digest }) => blobs.head(digest)));
      const absent = image.blobs[heads.indexOf(null)];
      if (absent !== undefined) throw lost(absent.digest);
    },
  };
};
