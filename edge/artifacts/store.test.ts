/** The store keeps only what matches its digest, continues what was cut, and never leaves its folder. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BlobStore, openBlobStore } from './store.ts';
import type { OpenBlob } from './write-blob.ts';

let dir = '';
let store: BlobStore;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sb-store-'));
  store = await openBlobStore({ dir, floorBytes: 0 });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const digestOf = (bytes: Uint8Array) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const content = randomBytes(300_000);
const blob = { digest: digestOf(content), sizeBytes: content.length };

async function* chunksOf(bytes: Uint8Array, cutAfter = Number.POSITIVE_INFINITY) {
  for (let at = 0; at < bytes.length; at += 64_000) {
    if (at >= cutAfter) throw new Error('line cut');
    yield bytes.subarray(at, at + 64_000);
  }
}
const from = (bytes: Uint8Array, cutAfter?: number): OpenBlob => {
  return async (fromByte) => ({ fromByte, chunks: chunksOf(bytes.subarray(fromByte), cutAfter) });
};
const files = () => readdir(join(dir, 'blobs', 'sha256'));

test('stores a blob under its digest and knows it afterwards', async () => {
  expect(await store.has(blob.digest)).toBeNull();
  expect(await store.put(blob, from(content))).toEqual({ kind: 'stored', sizeBytes: 300_000 });
  expect(await store.put(blob, from(content))).toEqual({ kind: 'present', sizeBytes: 300_000 });
  expect(await store.has(blob.digest)).toBe(300_000);
  expect(await readFile(store.path(blob.digest))).toEqual(content);
  expect(await files()).toEqual([blob.digest.slice(7)]);
});

test('continues after a cut with the bytes that were missing, and only those', async () => {
  await expect(store.put(blob, from(content, 128_000))).rejects.toThrow('line cut');
  const asked: number[] = [];
  await store.put(blob, async (fromByte) => {
    asked.push(fromByte);
    return { fromByte, chunks: chunksOf(content.subarray(fromByte)) };
  });
  expect(asked).toEqual([128_000]);
  expect(await store.verify(blob.digest)).toBe(true);
});

test('starts over when the source can’t continue', async () => {
  await expect(store.put(blob, from(content, 128_000))).rejects.toThrow();
  await store.put(blob, async () => ({ fromByte: 0, chunks: chunksOf(content) }));
  expect(await readFile(store.path(blob.digest))).toEqual(content);
});

test('deletes what does not match its digest, also when the damage was in the leftover', async () => {
  const other = randomBytes(300_000);
  await expect(store.put(blob, from(other))).rejects.toMatchObject({ code: 'blob-wrong-hash' });
  expect(await files()).toEqual([]);
  await writeFile(`${store.path(blob.digest)}.part`, other.subarray(0, 1000));
  await expect(store.put(blob, from(content))).rejects.toMatchObject({ code: 'blob-wrong-hash' });
  await store.put(blob, from(content));
  expect(await store.verify(blob.digest)).toBe(true);
});

test('refuses the first byte too many and reports one too few', async () => {
  const longer = Buffer.concat([content, Buffer.from('x')]);
  await expect(store.put(blob, from(longer))).rejects.toMatchObject({ code: 'blob-too-large' });
  expect(await files()).toEqual([]);
  const shorter = content.subarray(0, -1);
  await expect(store.put(blob, from(shorter))).rejects.toMatchObject({ code: 'blob-cut' });
  expect((await stat(`${store.path(blob.digest)}.part`)).size).toBe(299_999);
});

test('holds a blob of unknown size to the limit of a manifest', async () => {
  async function* endless() {
    for (;;) yield Buffer.alloc(1_000_000);
  }
  const unknown = { digest: blob.digest, sizeBytes: null };
  const put = store.put(unknown, async () => ({ fromByte: 0, chunks: endless() }));
  await expect(put).rejects.toMatchObject({ code: 'blob-too-large' });
});

test.each([
  'sha256:../../etc/passwd',
  'sha256:',
  `sha256:${'A'.repeat(64)}`,
  `sha256:${'a'.repeat(63)}/`,
  `sha512:${'a'.repeat(64)}`,
  `sha256:${'a'.repeat(64)}\n`,
])('never makes a path of %j', async (digest) => {
  expect(() => store.path(digest)).toThrow(expect.objectContaining({ code: 'digest-invalid' }));
  const put = store.put({ digest, sizeBytes: 1 }, from(content));
  await expect(put).rejects.toMatchObject({ code: 'digest-invalid' });
});

test('lets one of two writers of the same blob write', async () => {
  let opened = 0;
  const open: OpenBlob = async (fromByte) => {
    opened += 1;
    return { fromByte, chunks: chunksOf(content) };
  };
  const outcomes = await Promise.all([store.put(blob, open), store.put(blob, open)]);
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(['stored', 'present']);
  expect(opened).toBe(1);
});

test('sweeps what nobody keeps, leftovers of a power cut too, and counts what is there', async () => {
  const small = Buffer.from('small');
  const kept = { digest: digestOf(small), sizeBytes: small.length };
  await store.put(kept, from(small));
  await store.put(blob, from(content));
  await writeFile(`${store.path(digestOf(Buffer.from('gone')))}.part`, 'half');
  await writeFile(join(dir, 'blobs', 'sha256', 'not-a-blob'), 'stranger');
  expect(await store.usage()).toEqual({ blobs: 2, sizeBytes: 300_005, partialBytes: 4 });
  const swept = await store.sweep(new Set([kept.digest]));
  expect(swept).toEqual({ removed: [blob.digest], freedBytes: 300_004 });
  expect((await files()).sort()).toEqual([kept.digest.slice(7), 'not-a-blob'].sort());
});

test('does not sweep a blob that is being written', async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* slow() {
    yield content.subarray(0, 1000);
    await gate;
    yield content.subarray(1000);
  }
  const put = store.put(blob, async () => ({ fromByte: 0, chunks: slow() }));
  await store.sweep(new Set());
  release();
  expect((await put).kind).toBe('stored');
});

test('removes a blob that rotted on the disk', async () => {
  await store.put(blob, from(content));
  await writeFile(store.path(blob.digest), 'rot');
  expect(await store.verify(blob.digest)).toBe(false);
  expect(await store.has(blob.digest)).toBeNull();
});

test('refuses to go below the disk floor and writes nothing', async () => {
  const floored = await openBlobStore({ dir, floorBytes: Number.MAX_SAFE_INTEGER });
  let opened = false;
  const put = floored.put(blob, async () => {
    opened = true;
    return { fromByte: 0, chunks: chunksOf(content) };
  });
  await expect(put).rejects.toMatchObject({ code: 'disk-floor' });
  expect(opened).toBe(false);
  expect(await files()).toEqual([]);
});

test('stops at the caller’s abort and keeps what came', async () => {
  const abort = new AbortController();
  async function* aborted() {
    yield content.subarray(0, 1000);
    abort.abort(new Error('shutting down'));
    yield content.subarray(1000);
  }
  const put = store.put(blob, async () => ({ fromByte: 0, chunks: aborted() }), abort.signal);
  await expect(put).rejects.toThrow('shutting down');
  expect((await stat(`${store.path(blob.digest)}.part`)).size).toBe(1000);
});
