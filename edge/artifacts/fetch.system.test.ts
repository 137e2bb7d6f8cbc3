/**
 * Downloads against a real HTTP server that cuts, stalls, lies and refuses; and whole images, walked
 * from their digest. Nothing wrong is ever kept and nothing whole is fetched twice.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchBlob, httpSource, type Patience } from './fetch-blob.ts';
import { fetchImage } from './fetch-image.ts';
import { mediaTypes } from './oci.ts';
import { type BlobStore, openBlobStore } from './store.ts';

type Handler = (call: IncomingMessage, reply: ServerResponse, nth: number) => void;

let dir = '';
let store: BlobStore;
let server: Server;
let url = '';
let calls: { path: string; range: string | undefined; authorization: string | undefined }[] = [];
let handler: Handler = () => undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sb-fetch-'));
  store = await openBlobStore({ dir, floorBytes: 0 });
  calls = [];
  server = createServer((call, reply) => {
    const { range, authorization } = call.headers;
    calls.push({ path: call.url ?? '', range, authorization });
    handler(call, reply, calls.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(dir, { recursive: true, force: true });
});

const patience: Patience = {
  ...{ attemptsMax: 3, pauseMs: 5, pauseMsMax: 20, stallMs: 300 },
  slow: { windowMs: 60_000, bytesMin: 1 },
};
const digestOf = (bytes: Uint8Array) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const content = randomBytes(1_000_000);
const digest = digestOf(content);
const get = (
  more: {
    sizeBytes?: number | null;
    signal?: AbortSignal;
    store?: BlobStore;
    patience?: Patience;
  } = {},
) =>
  fetchBlob({
    url: `${url}/blob`,
    headers: { authorization: 'Bearer t' },
    digest,
    sizeBytes: content.length,
    store,
    patience,
    ...more,
  });

/**
 * Answers a range as a good server does, and hangs up after `cutAfter` bytes of it: a moment later, since a
 * client throws away what it has not read when its connection breaks.
 */
const serve = (reply: ServerResponse, bytes: Uint8Array, range?: string, cutAfter?: number) => {
  const from = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
  const body = bytes.subarray(from);
  const total = bytes.length;
  const partial = { 'content-range': `bytes ${from}-${total - 1}/${total}` };
  const headers = { 'content-length': body.length, ...(range ? partial : {}) };
  reply.writeHead(range ? 206 : 200, headers);
  if (cutAfter === undefined) return reply.end(body);
  return reply.write(body.subarray(0, cutAfter), () => setTimeout(() => reply.destroy(), 200));
};

test('fetches a blob once, with its headers', async () => {
  handler = (call, reply) => serve(reply, content, call.headers.range);
  expect(await get()).toEqual({ kind: 'stored', sizeBytes: content.length });
  expect(await get()).toEqual({ kind: 'present', sizeBytes: content.length });
  expect(calls).toEqual([{ path: '/blob', range: undefined, authorization: 'Bearer t' }]);
});

test('goes on at the storage that the cloud sends to, which learns no token', async () => {
  handler = (call, reply, nth) => {
    if (call.url !== '/blob')
      return serve(reply, content, call.headers.range, nth < 4 ? 9 : undefined);
    const elsewhere = url.replace('127.0.0.1', 'localhost');
    return reply.writeHead(307, { location: `${elsewhere}/signed?sig=1` }).end();
  };
  expect(await get()).toEqual({ kind: 'stored', sizeBytes: content.length });
  const atStorage = calls.filter(({ path }) => path !== '/blob');
  expect(atStorage).toEqual([
    { path: '/signed?sig=1', range: undefined, authorization: undefined },
    { path: '/signed?sig=1', range: 'bytes=9-', authorization: undefined },
  ]);
});

/** Hangs up as soon as the client has stored so many bytes, however long that takes it. */
const serveUntilStored = async (reply: ServerResponse, range: string | undefined, more: number) => {
  const from = Number(/\d+/.exec(range ?? '0')?.[0]);
  const body = content.subarray(from, from + more);
  reply.writeHead(range === undefined ? 200 : 206, {
    'content-length': content.length - from,
    ...(range && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
  });
  reply.write(body);
  while ((await store.usage()).partialBytes < from + more) await sleep(5);
  reply.destroy();
};

test('continues after every cut where it stopped, for as long as bytes come', async () => {
  handler = (call, reply, nth) =>
    nth <= 8
      ? void serveUntilStored(reply, call.headers.range, 100_000)
      : serve(reply, content, call.headers.range);
  await get({ patience: { ...patience, stallMs: 10_000 } });
  const ranges = calls.map((call) => Number(/\d+/.exec(call.range ?? '0')?.[0]));
  expect(ranges).toHaveLength(9);
  expect(ranges).toEqual([...ranges].sort((a, b) => a - b));
  expect(ranges.at(-1)).toBe(800_000);
  expect(await store.verify(digest)).toBe(true);
});

test('starts over with a server that knows no ranges', async () => {
  handler = (_call, reply, nth) =>
    serve(reply, content, undefined, nth === 1 ? 100_000 : undefined);
  await get();
  expect(calls[1]?.range).toMatch(/^bytes=\d+-$/);
  expect(await store.verify(digest)).toBe(true);
});

test('does not go round for ever with a server that always cuts at the same byte', async () => {
  handler = (_call, reply) => serve(reply, content, undefined, 100_000);
  await expect(get()).rejects.toMatchObject({ code: 'blob-unreachable' });
  expect(calls.length).toBeLessThanOrEqual(4);
});

test('cuts a server that goes silent, and comes back', async () => {
  handler = (call, reply, nth) => {
    if (nth === 1) {
      reply.writeHead(200, { 'content-length': content.length });
      reply.write(content.subarray(0, 5_000));
    } else serve(reply, content, call.headers.range);
  };
  await get();
  expect(calls[1]?.range).toBe('bytes=5000-');
});

test('waits out a server that is overloaded, and gives up after its attempts', async () => {
  handler = (call, reply, nth) => {
    if (nth < 3) reply.writeHead(503).end();
    else serve(reply, content, call.headers.range);
  };
  await get();
  expect(calls).toHaveLength(3);
  const other = await openBlobStore({ dir: join(dir, 'other'), floorBytes: 0 });
  handler = (_call, reply) => reply.writeHead(503).end();
  await expect(get({ store: other })).rejects.toMatchObject({ code: 'blob-unreachable' });
  expect(calls).toHaveLength(6);
});

test.each([
  [404, 'blob-not-found'],
  [401, 'blob-refused'],
  [403, 'blob-refused'],
])('does not try again after %d', async (status, code) => {
  handler = (_call, reply) => reply.writeHead(status).end();
  await expect(get()).rejects.toMatchObject({ code });
  expect(calls).toHaveLength(1);
});

test('refuses other bytes, more bytes and endless bytes, and keeps none of them', async () => {
  handler = (_call, reply) => serve(reply, randomBytes(content.length));
  await expect(get()).rejects.toMatchObject({ code: 'blob-wrong-hash' });
  handler = (_call, reply) => serve(reply, Buffer.concat([content, content]));
  await expect(get()).rejects.toMatchObject({ code: 'blob-too-large' });
  handler = (_call, reply) => {
    reply.writeHead(200);
    const more = () => {
      while (!reply.destroyed && reply.write(Buffer.alloc(65_536)));
      if (!reply.destroyed) reply.once('drain', more);
    };
    more();
  };
  await expect(get({ sizeBytes: null })).rejects.toMatchObject({ code: 'blob-too-large' });
  expect(await store.usage()).toEqual({ blobs: 0, sizeBytes: 0, partialBytes: 0 });
});

test('gives a source up that only drips, keeps what came and goes on there with another', async () => {
  handler = (_call, reply) => {
    reply.writeHead(200, { 'content-length': content.length });
    let sent = 0;
    const drip = setInterval(() => {
      reply.write(content.subarray(sent, sent + 10));
      sent += 10;
    }, 5);
    reply.once('close', () => clearInterval(drip));
  };
  const slow = { windowMs: 50, bytesMin: 100_000 };
  await expect(get({ patience: { ...patience, slow } })).rejects.toMatchObject({
    code: 'blob-too-slow',
  });
  expect(calls).toHaveLength(patience.attemptsMax);
  expect((await store.usage()).partialBytes).toBeGreaterThan(0);
  handler = (call, reply) => {
    const from = Number(/bytes=(\d+)-/.exec(call.headers.range ?? '')?.[1] ?? '0');
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    reply.writeHead(from > 0 ? 206 : 200, { 'content-range': range }).end(content.subarray(from));
  };
  expect(await get()).toMatchObject({ kind: 'stored' });
  expect(calls.at(-1)?.range).toMatch(/^bytes=[1-9]/);
});

test('does not ask for what the disk has no room for', async () => {
  const full = await openBlobStore({ dir, floorBytes: Number.MAX_SAFE_INTEGER });
  await expect(get({ store: full })).rejects.toMatchObject({ code: 'disk-floor' });
  expect(calls).toEqual([]);
});

test('stops at the caller’s word', async () => {
  const abort = new AbortController();
  handler = (_call, reply) => {
    reply.writeHead(200, { 'content-length': content.length });
    reply.write(content.subarray(0, 1_000));
    setTimeout(() => abort.abort(new Error('shutting down')), 30);
  };
  await expect(get({ signal: abort.signal })).rejects.toThrow('shutting down');
  expect(calls).toHaveLength(1);
});

const descriptor = (mediaType: string, bytes: Uint8Array) => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});

/** An index for two processors over one layer, as a server's blobs. */
const image = (() => {
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const layer = content;
  const parts = ['amd64', 'arm64'].map((architecture) => {
    const config = json({ architecture, os: 'linux' });
    const manifest = json({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: [descriptor('application/vnd.oci.image.layer.v1.tar', layer)],
    });
    const platform = { os: 'linux', architecture };
    return {
      config,
      manifest,
      entry: { ...descriptor(mediaTypes.ociManifest, manifest), platform },
    };
  });
  const index = json({ schemaVersion: 2, manifests: parts.map((part) => part.entry) });
  const blobs = [index, layer, ...parts.flatMap((part) => [part.config, part.manifest])];
  return { index, parts, blobs: new Map(blobs.map((bytes) => [digestOf(bytes), bytes])) };
})();

const source = httpSource((wanted) => ({ url: `${url}/blobs/${wanted}`, headers: {} }));
const serveImage: Handler = (call, reply) => {
  const bytes = image.blobs.get((call.url ?? '').slice('/blobs/'.length));
  if (bytes) serve(reply, bytes, call.headers.range);
  else reply.writeHead(404).end();
};
const arm = { os: 'linux', architecture: 'arm64' };

test('walks an index to the image for this processor and fetches nothing of the other', async () => {
  handler = serveImage;
  const wanted = { source, store, digest: digestOf(image.index), platform: arm, patience };
  const fetched = await fetchImage(wanted);
  const [, mine] = image.parts;
  expect(fetched.manifestDigest).toBe(digestOf(mine?.manifest ?? content));
  expect(fetched.digests).toHaveLength(4);
  expect((await store.list()).map((blob) => blob.digest).sort()).toEqual(
    [...fetched.digests].sort(),
  );
  const before = calls.length;
  await fetchImage(wanted);
  expect(calls.length).toBe(before);
});

test('says when there is no image for this processor, or no image at all', async () => {
  handler = serveImage;
  const wanted = { source, store, digest: digestOf(image.index), patience };
  await expect(
    fetchImage({ ...wanted, platform: { os: 'linux', architecture: 'riscv64' } }),
  ).rejects.toMatchObject({ code: 'image-platform-missing' });
  await expect(fetchImage({ ...wanted, digest, platform: arm })).rejects.toMatchObject({
    code: 'image-manifest-invalid',
  });
  await expect(
    fetchImage({ ...wanted, digest: `sha256:${'0'.repeat(64)}`, platform: arm }),
  ).rejects.toMatchObject({ code: 'blob-not-found' });
});

test.each([
  ['a size beyond the limit', { size: 1e15 }],
  ['a negative size', { size: -1 }],
  ['a digest that is a path', { digest: 'sha256:../../../etc/passwd' }],
])('refuses a manifest with %s before it fetches anything more', async (_what, change) => {
  const bad = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: { ...descriptor('x', content), ...change },
      layers: [],
    }),
  );
  handler = (_call, reply) => serve(reply, bad);
  const wanted = { source, store, digest: digestOf(bad), platform: arm, patience };
  await expect(fetchImage(wanted)).rejects.toMatchObject({ code: 'image-manifest-invalid' });
  expect(calls).toHaveLength(1);
});
