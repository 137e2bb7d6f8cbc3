/**
 * The endpoint as a registry client sees it: the protocol's answers and errors, ranges, and that
 * only this host, by a loopback name, and only by reading, gets anything.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mediaTypes } from './oci.ts';
import { type Registry, startRegistry } from './registry.ts';
import { type BlobStore, openBlobStore } from './store.ts';

let dir = '';
let store: BlobStore;
let registry: Registry;
const digestOf = (bytes: Uint8Array) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const layer = randomBytes(100_000);
const describing = (mediaType: string) => ({
  mediaType,
  digest: digestOf(layer),
  size: layer.length,
});
const manifestOf = (mediaType?: string) =>
  Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      ...(mediaType ? { mediaType } : {}),
      config: describing('c'),
      layers: [describing('l')],
    }),
  );
const oci = manifestOf();
const docker = manifestOf(mediaTypes.dockerManifest);
const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [] }));

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sb-registry-'));
  store = await openBlobStore({ dir, floorBytes: 0 });
  for (const bytes of [layer, oci, docker, index]) {
    await store.put({ digest: digestOf(bytes), sizeBytes: bytes.length }, async () => ({
      fromByte: 0,
      chunks: (async function* once() {
        yield bytes;
      })(),
    }));
  }
  registry = await startRegistry(store);
});
afterAll(async () => {
  await registry?.close();
  await rm(dir, { recursive: true, force: true });
});

type Asked = { method?: string; headers?: Record<string, string>; host?: string };
const ask = (path: string, { method = 'GET', headers = {}, host = '127.0.0.1' }: Asked = {}) =>
  new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>(
    (resolve, reject) => {
      // Not fetch: it tidies paths and will not send another Host.
      const call = request(
        { host, port: registry.port, path, method, headers, agent: false },
        (reply) => {
          const chunks: Buffer[] = [];
          reply.on('data', (chunk) => chunks.push(chunk));
          reply.on('end', () =>
            resolve({
              status: reply.statusCode ?? 0,
              headers: reply.headers,
              body: Buffer.concat(chunks),
            }),
          );
        },
      );
      call.on('error', reject);
      call.end();
    },
  );
const codeOf = (body: Buffer) => JSON.parse(body.toString()).errors[0].code;

test('says which protocol it speaks', async () => {
  const { status, headers } = await ask('/v2/');
  expect(status).toBe(200);
  expect(headers['docker-distribution-api-version']).toBe('registry/2.0');
});

test.each([
  ['an OCI manifest without a type', oci, mediaTypes.ociManifest],
  ['a Docker manifest', docker, mediaTypes.dockerManifest],
  ['an index', index, mediaTypes.ociIndex],
])('serves %s with its type, and its headers alone to HEAD', async (_what, bytes, type) => {
  const path = `/v2/plant/web/manifests/${digestOf(bytes)}`;
  const { status, headers, body } = await ask(path);
  expect({ status, body }).toEqual({ status: 200, body: bytes });
  const expected = {
    'content-type': type,
    'content-length': String(bytes.length),
    'docker-content-digest': digestOf(bytes),
  };
  expect(headers).toMatchObject(expected);
  const head = await ask(path, { method: 'HEAD' });
  expect(head).toMatchObject({ status: 200, headers: expected });
  expect(head.body.length).toBe(0);
});

test('serves a blob, its headers, and any range of it', async () => {
  const path = `/v2/web/blobs/${digestOf(layer)}`;
  expect((await ask(path)).body).toEqual(layer);
  const head = await ask(path, { method: 'HEAD' });
  expect(head.headers).toMatchObject({ 'content-length': '100000', 'accept-ranges': 'bytes' });
  const part = await ask(path, { headers: { range: 'bytes=10-19' } });
  expect(part).toMatchObject({ status: 206, headers: { 'content-range': 'bytes 10-19/100000' } });
  expect(part.body).toEqual(layer.subarray(10, 20));
  const rest = await ask(path, { headers: { range: 'bytes=99990-' } });
  expect(rest.body).toEqual(layer.subarray(99_990));
  const beyond = await ask(path, { headers: { range: 'bytes=100000-' } });
  expect(beyond).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */100000' } });
});

test.each([
  [`/v2/web/blobs/sha256:${'0'.repeat(64)}`, 404, 'BLOB_UNKNOWN'],
  [`/v2/web/manifests/sha256:${'0'.repeat(64)}`, 404, 'MANIFEST_UNKNOWN'],
  [`/v2/web/manifests/${digestOf(layer)}`, 404, 'MANIFEST_UNKNOWN'],
  ['/v2/web/manifests/latest', 404, 'MANIFEST_UNKNOWN'],
  ['/v2/web/blobs/sha256:abc', 400, 'DIGEST_INVALID'],
  [`/v2/../../etc/blobs/${digestOf(layer)}`, 400, 'NAME_INVALID'],
  ['/v2/web/blobs/sha256:..%2f..%2fetc%2fpasswd', 400, 'DIGEST_INVALID'],
  ['/v2/_catalog', 404, 'UNSUPPORTED'],
  ['/', 404, 'UNSUPPORTED'],
])('answers %s with %d %s', async (path, status, code) => {
  const reply = await ask(path);
  expect(reply.status).toBe(status);
  expect(reply.headers['content-type']).toBe('application/json');
  expect(codeOf(reply.body)).toBe(code);
});

test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('refuses %s', async (method) => {
  const { status, headers, body } = await ask(`/v2/web/blobs/${digestOf(layer)}`, { method });
  expect({ status, allow: headers['allow'] }).toEqual({ status: 405, allow: 'GET, HEAD' });
  expect(codeOf(body)).toBe('UNSUPPORTED');
  expect(await store.has(digestOf(layer))).toBe(layer.length);
});

test.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '192.0.2.7'])(
  'refuses the Host %j that a page may have rebound to this machine',
  async (host) => {
    const { status, body } = await ask(`/v2/web/blobs/${digestOf(layer)}`, { headers: { host } });
    expect(status).toBe(403);
    expect(codeOf(body)).toBe('DENIED');
  },
);

test.each(['localhost', 'localhost:5000', '127.0.0.1:1', '[::1]:1'])(
  'answers to %s',
  async (host) => {
    expect((await ask('/v2/', { headers: { host } })).status).toBe(200);
  },
);

test('is not there for the network', async () => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((each) => each && !each.internal && each.family === 'IPv4');
  if (!outside) throw new Error('this machine has no address but loopback: the test needs one');
  await expect(ask('/v2/', { host: outside.address })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
});

test('says by code that its port is taken', async () => {
  await expect(startRegistry(store, registry.port)).rejects.toMatchObject({
    code: 'registry-port-taken',
  });
});
