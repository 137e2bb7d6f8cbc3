/** Sending a manifest or a blob of the store, whole or a range of it. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { mediaTypeOf, parseImageDocument } from './oci.ts';
import type { BlobStore, ByteRange } from './store.ts';
import { manifestBytesMax } from './write-blob.ts';

type Refusal = { status: number; code: string; message: string };

export const sendManifest = async (
  store: BlobStore,
  digest: string,
  call: IncomingMessage,
  reply: ServerResponse,
): Promise<Refusal | null> => {
  const sizeBytes = await store.has(digest);
  const unknown = { status: 404, code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' };
  if (sizeBytes === null || sizeBytes > manifestBytesMax) return unknown;
  const bytes = await readFile(store.path(digest));
  const type = typeOf(bytes, digest);
  // A layer asked for as a manifest must not come back as one.
  if (type === null) return unknown;
  reply.writeHead(200, {
    'content-type': type,
    'content-length': bytes.length,
    ...immutable(digest),
  });
  reply.end(call.method === 'HEAD' ? undefined : bytes);
  return null;
};

export const sendBlob = async (
  store: BlobStore,
  digest: string,
  call: IncomingMessage,
  reply: ServerResponse,
): Promise<Refusal | null> => {
  const sizeBytes = await store.has(digest);
  if (sizeBytes === null) return { status: 404, code: 'BLOB_UNKNOWN', message: 'blob unknown' };
  const range = rangeOf(call.headers.range, sizeBytes);
  if (range === 'unsatisfiable') {
    reply.setHeader('content-range', `bytes */${sizeBytes}`);
    return { status: 416, code: 'SIZE_INVALID', message: 'the range is beyond the blob' };
  }
  const length = range ? range.end - range.start + 1 : sizeBytes;
  reply.writeHead(range ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'content-length': length,
    'accept-ranges': 'bytes',
    ...immutable(digest),
    ...(range ? { 'content-range': `bytes ${range.start}-${range.end}/${sizeBytes}` } : {}),
  });
  if (call.method === 'HEAD') reply.end();
  else await pipeline(store.open(digest, range ?? undefined), reply);
  return null;
};

const immutable = (digest: string) => ({
  'docker-content-digest': digest,
  etag: `"${digest}"`,
  'cache-control': 'private, max-age=31536000, immutable',
});

const typeOf = (bytes: Uint8Array, digest: string): string | null => {
  try {
    return mediaTypeOf(parseImageDocument(bytes, digest));
  } catch {
    return null;
  }
};

/** One range of bytes; several, or another unit, are answered with the whole as RFC 9110 allows. */
export const rangeOf = (
  header: string | undefined,
  sizeBytes: number,
): ByteRange | 'unsatisfiable' | null => {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === '' && to === '') return null;
  const last = sizeBytes - 1;
  const start = from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from);
  const end = from === '' || to === '' ? last : Math.min(Number(to), last);
  if (from === '' && Number(to) === 0) return 'unsatisfiable';
  if (start > last) return 'unsatisfiable';
  return end < start ? null : { start, end };
};
