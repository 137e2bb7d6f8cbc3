/**
 * The console's pages from a folder that the build made: only files that lie in it, compressed once
 * by the build or not at all, and the start page for every path that is a page's own.
 */
import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import type { NotFoundHandler } from 'hono';
import { problem, wrongMethod } from './guard.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

const absent =
  '<!doctype html><meta charset="utf-8"><title>SignalBeam device</title><p>The console’s pages are not installed on this device. Its API is at /api/local/device.</p>';

/** Null where a `%` is followed by what it can't be. */
const pathIn = (url: string): string | null => {
  try {
    return normalize(decodeURIComponent(new URL(url).pathname));
  } catch {
    return null;
  }
};

export const servePages =
  (folder: string | undefined): NotFoundHandler =>
  async (context) => {
    const { method } = context.req;
    if (method !== 'GET' && method !== 'HEAD') return wrongMethod(context, ['GET', 'HEAD']);
    const wanted = pathIn(context.req.url);
    if (wanted === null) {
      return problem(context, 404, 'not-found', 'The path is not written as addresses are.');
    }
    const name = wanted === sep ? 'index.html' : wanted;
    const file = folder === undefined ? null : await readInside(folder, name);
    if (file !== null) {
      const immutable = /-[\w-]{8,}\.\w+$/.test(name);
      return context.body(new Uint8Array(file), 200, {
        'content-type': types[extname(name)] ?? 'application/octet-stream',
        'cache-control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      });
    }
    if (extname(name) !== '' && name !== 'index.html')
      return context.text('There is no such file.', 404);
    const start = folder === undefined ? null : await readInside(folder, 'index.html');
    return context.html(start?.toString('utf8') ?? absent, 200, { 'cache-control': 'no-cache' });
  };

const readInside = async (folder: string, name: string): Promise<Buffer | null> => {
  const path = join(folder, name);
  if (!path.startsWith(join(folder, sep))) return null;
  return readFile(path).catch(() => null);
};
