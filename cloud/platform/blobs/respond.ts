/**
 * One content as an answer over HTTP: whole, in a range, not changed, or its head alone. Its entity tag
 * is a hash of it, so the same tag is the same bytes. A browser only ever saves it: it is somebody's
 * image, and never rendered, whatever it contains.
 */
import { problemBody, problemResponse } from '../http/problem.ts';
import { isUnchanged, rangeAsked } from './conditional.ts';
import type { Blobs } from './port.ts';

export type Content = {
  /** Quoted. */
  entityTag: string;
  sizeBytes: number;
  /** What a client saves it as. */
  fileName?: string;
  cacheControl: string;
  headers?: Record<string, string>;
  /** Throws when it is not there to be read. */
  read: (range?: { start: number; end: number }) => Promise<ReadableStream<Uint8Array>>;
  check: () => Promise<void>;
};

export type Asked = { isHead: boolean; header: (name: string) => string | undefined };

const headersOf = (content: Content) => ({
  etag: content.entityTag,
  'accept-ranges': 'bytes',
  'cache-control': content.cacheControl,
  'content-type': 'application/octet-stream',
  'content-disposition':
    content.fileName === undefined ? 'attachment' : `attachment; filename="${content.fileName}"`,
  ...content.headers,
});

const outside = (sizeBytes: number): Response =>
  problemResponse(problemBody('range-not-satisfiable', `The content has ${sizeBytes} bytes.`), {
    'content-range': `bytes */${sizeBytes}`,
  });

export const respond = async (content: Content, asked: Asked): Promise<Response> => {
  const { entityTag, sizeBytes } = content;
  const headers = headersOf(content);
  if (isUnchanged(asked.header('if-none-match'), entityTag)) {
    return new Response(null, { status: 304, headers });
  }
  const whole = { ...headers, 'content-length': String(sizeBytes) };
  if (asked.isHead) {
    await content.check();
    return new Response(null, { status: 200, headers: whole });
  }
  const range = rangeAsked(asked.header('range'), asked.header('if-range'), content);
  if (range.kind === 'outside') return outside(sizeBytes);
  if (range.kind === 'whole') {
    return new Response(await content.read(), { status: 200, headers: whole });
  }
  const { start, end } = range;
  return new Response(await content.read({ start, end }), {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(end - start + 1),
      'content-range': `bytes ${start}-${end}/${sizeBytes}`,
    },
  });
};

/** A blob as such a content; `lost` is thrown when the store does not have it. */
export const blobContent = (
  blobs: Pick<Blobs, 'get' | 'head'>,
  blob: { digest: string; sizeBytes: number },
  about: { cacheControl: string; lost: () => Error },
): Content => ({
  entityTag: `"${blob.digest}"`,
  sizeBytes: blob.sizeBytes,
  cacheControl: about.cacheControl,
  headers: { 'docker-content-digest': blob.digest },
  read: async (range) => {
    const found = await blobs.get(blob.digest, range);
    if (found === null) throw about.lost();
    return found.stream;
  },
  check: async () => {
    if ((await blobs.head(blob.digest)) === null) throw about.lost();
  },
});
