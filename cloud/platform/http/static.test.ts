/** The console's files: caching, compression, page addresses, and nothing outside of the folder. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StaticFiles, serveFolder } from './static.ts';

const script = `console.log(${JSON.stringify('x'.repeat(5000))})`;
let folder: string;
let files: StaticFiles;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'static-'));
  const root = join(folder, 'dist');
  await mkdir(join(root, 'assets'), { recursive: true });
  await writeFile(join(root, 'index.html'), '<!doctype html><title>Console</title>');
  await writeFile(join(root, 'assets', 'app-Bx3f9_Qz.js'), script);
  await writeFile(join(root, '.hidden'), 'hidden');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  files = serveFolder(root);
});
afterAll(() => rm(folder, { recursive: true }));

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  files.answer(new Request(`http://localhost${path}`, { method, headers }));

describe('static files', () => {
  it('with a hash in their name are kept for a year, pages are asked for again', async () => {
    const asset = await get('/assets/app-Bx3f9_Qz.js');
    expect(asset?.headers.get('cache-control')).toContain('immutable');
    expect(asset?.headers.get('content-type')).toContain('text/javascript');
    expect(await asset?.text()).toBe(script);
    const page = await get('/');
    expect(page?.headers.get('cache-control')).toBe('no-cache');
    const etag = page?.headers.get('etag') ?? '';
    expect((await get('/', { 'if-none-match': `W/${etag}` }))?.status).toBe(304);
    expect((await get('/', { 'if-none-match': '"other"' }))?.status).toBe(200);
  });

  it('are new as soon as they change', async () => {
    const path = join(folder, 'dist', 'robots.txt');
    await writeFile(path, 'old');
    expect(await (await get('/robots.txt'))?.text()).toBe('old');
    await writeFile(path, 'newer');
    expect(await (await get('/robots.txt'))?.text()).toBe('newer');
  });

  it('are compressed for who accepts it', async () => {
    const path = '/assets/app-Bx3f9_Qz.js';
    const body = async (encoding: string) => {
      const response = await get(path, { 'accept-encoding': encoding });
      const bytes = Buffer.from((await response?.arrayBuffer()) ?? new ArrayBuffer());
      expect(response?.headers.get('content-length')).toBe(String(bytes.byteLength));
      return { coding: response?.headers.get('content-encoding'), bytes };
    };
    const brotli = await body('gzip, deflate, br');
    expect(brotli.coding).toBe('br');
    expect(brotliDecompressSync(brotli.bytes).toString()).toBe(script);
    const gzip = await body('gzip');
    expect(gunzipSync(gzip.bytes).toString()).toBe(script);
    expect((await body('identity')).coding).toBeNull();
  });

  it('give page addresses to the console and missing files to nobody', async () => {
    expect(await (await get('/devices/42'))?.text()).toContain('Console');
    expect(await get('/assets/gone-12345678.js')).toBeNull();
    expect(await get('/assets/gone-12345678.js', {}, 'POST')).toBeNull();
    const changed = await get('/', {}, 'POST');
    expect([changed?.status, changed?.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const head = await get('/', {}, 'HEAD');
    expect(await head?.text()).toBe('');
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/%00secret.txt',
    '/.hidden',
    '/assets/%E0%A4%A',
    '//etc/passwd',
  ])('never serve %s', async (path) => {
    const request = Object.defineProperty(new Request('http://localhost/'), 'url', {
      value: `http://localhost${path}`,
    });
    const response = await files.answer(request);
    const text = (await response?.text()) ?? '';
    expect(text).not.toMatch(/secret|hidden|root:/);
  });
});
