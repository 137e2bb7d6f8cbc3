/**
 * The console's files. Names with a hash never change, so they are kept for a year; everything
 * else is asked for again by its ETag. Text is compressed once and kept. A page address that is
 * no file gets index.html: the console routes by itself.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

import { wrongMethod } from './wrong-method.ts';

export type StaticFiles = {
  /** The answer to a request for a file or a page, or null when it is neither. */
  answer: (request: Request) => Promise<Response | null>;
};

type File = {
  modifiedMs: number;
  sizeBytes: number;
  bytes: Buffer;
  etag: string;
  compressed: { br: Buffer; gzip: Buffer } | null;
};

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.map': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};
const compressible = /^(text\/|application\/(json|manifest)|image\/svg)/;
const fileBytesMax = 16 * 1024 * 1024;

const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);

const compress = async (bytes: Buffer, type: string): Promise<File['compressed']> => {
  if (bytes.byteLength < 1024 || !compressible.test(type)) return null;
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  return { br: await compressBrotli(bytes, { params }), gzip: await compressGzip(bytes) };
};

/** `/assets/app-3f2b.js` → its path below the folder, or null for anything that could leave it. */
const relativePath = (pathname: string): string | null => {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  const parts = path.split('/').filter((part) => part !== '');
  const safe = parts.every((part) => !part.startsWith('.') && !/[\\\0]/.test(part));
  return safe ? parts.join(sep) : null;
};

const openFile = async (
  root: string,
  path: string,
  cache: Map<string, File>,
): Promise<File | null> => {
  const full = join(root, path);
  const found = await stat(full).catch(() => null);
  if (found === null || !found.isFile() || found.size > fileBytesMax) return null;
  const cached = cache.get(path);
  if (cached?.modifiedMs === found.mtimeMs && cached.sizeBytes === found.size) return cached;
  const bytes = await readFile(full);
  const file: File = {
    modifiedMs: found.mtimeMs,
    sizeBytes: found.size,
    bytes,
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    compressed: await compress(bytes, types[extname(path)] ?? ''),
  };
  cache.set(path, file);
  return file;
};

const respond = (request: Request, path: string, file: File): Response => {
  if (request.method !== 'GET' && request.method !== 'HEAD') return wrongMethod(['GET', 'HEAD']);
  const hashed = /[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/.test(path) && path.startsWith('assets');
  const headers: Record<string, string> = {
    'content-type': types[extname(path)] ?? 'application/octet-stream',
    'cache-control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag: file.etag,
    vary: 'accept-encoding',
  };
  const known = request.headers.get('if-none-match')?.split(/\s*,\s*/) ?? [];
  if (known.some((tag) => tag.replace(/^W\//, '') === file.etag)) {
    return new Response(null, { status: 304, headers });
  }
  const accepted = request.headers.get('accept-encoding') ?? '';
  const coding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : null;
  const packed = coding === null ? undefined : file.compressed?.[coding];
  if (packed !== undefined && coding !== null) headers['content-encoding'] = coding;
  const body = packed ?? file.bytes;
  headers['content-length'] = String(body.byteLength);
  return new Response(request.method === 'HEAD' ? null : new Uint8Array(body), { headers });
};

export const serveFolder = (root: string): StaticFiles => {
  const cache = new Map<string, File>();
  return {
    answer: async (request) => {
      const asked = relativePath(new URL(request.url).pathname);
      if (asked === null) return null;
      const path = asked === '' ? 'index.html' : asked;
      const file = await openFile(root, path, cache);
      if (file !== null) return respond(request, path, file);
      // A missing script must be a 404, not a page that fails to parse as a script.
      if (extname(path) !== '') return null;
      const page = await openFile(root, 'index.html', cache);
      return page === null ? null : respond(request, 'index.html', page);
    },
  };
};
