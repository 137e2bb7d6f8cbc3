/**
 * The store on a real disk of its own that is full, and that loses power: a loop-mounted ext4, and
 * `xfs_io shutdown`, which drops every page that was not yet on the disk.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openBlobStore } from './store.ts';

let dir = '';
const mount = () => execFileSync('mount', ['-o', 'loop', join(dir, 'disk'), join(dir, 'mnt')]);
const unmount = () => execFileSync('umount', [join(dir, 'mnt')]);
const cutPower = () => execFileSync('xfs_io', ['-x', '-c', 'shutdown', join(dir, 'mnt')]);
const open = (floorBytes = 0) => openBlobStore({ dir: join(dir, 'mnt', 'artifacts'), floorBytes });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sb-disk-'));
  const disk = join(dir, 'disk');
  await writeFile(disk, '');
  await truncate(disk, 24 * 1024 * 1024);
  execFileSync('mkfs.ext4', ['-q', '-m', '0', disk]);
  execFileSync('mkdir', [join(dir, 'mnt')]);
  mount();
});
afterEach(async () => {
  unmount();
  await rm(dir, { recursive: true, force: true });
});

const blobOf = (sizeBytes: number) => {
  const bytes = randomBytes(sizeBytes);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { bytes, blob: { digest, sizeBytes } };
};
async function* inPieces(bytes: Uint8Array, cutAt = Number.POSITIVE_INFINITY) {
  for (let at = 0; at < bytes.length; at += 65_536) {
    if (at >= cutAt) throw new Error('line cut');
    yield bytes.subarray(at, at + 65_536);
  }
}
const from = (bytes: Uint8Array, cutAt?: number) => async (fromByte: number) => ({
  fromByte,
  chunks: inPieces(bytes.subarray(fromByte), cutAt),
});

test('a blob that was stored is there, whole, after the power came back', async () => {
  for (let round = 0; round < 3; round += 1) {
    const { bytes, blob } = blobOf(700_000);
    await (await open()).put(blob, from(bytes));
    cutPower();
    unmount();
    mount();
    const store = await open();
    expect(await store.has(blob.digest)).toBe(bytes.length);
    expect(await store.verify(blob.digest)).toBe(true);
  }
});

test('a download that the power cut goes on, and ends in the right blob', async () => {
  const { bytes, blob } = blobOf(2_000_000);
  await expect((await open()).put(blob, from(bytes, 1_000_000))).rejects.toThrow('line cut');
  cutPower();
  unmount();
  mount();
  const store = await open();
  expect(await store.has(blob.digest)).toBeNull();
  const asked: number[] = [];
  await store.put(blob, (fromByte) => {
    asked.push(fromByte);
    return from(bytes)(fromByte);
  });
  expect(asked[0]).toBeGreaterThanOrEqual(1_000_000);
  expect(await store.verify(blob.digest)).toBe(true);
});

test('power that goes while bytes are written leaves no blob, or a whole one', async () => {
  const { bytes, blob } = blobOf(2_000_000);
  const store = await open();
  let sent = 0;
  const writing = store.put(blob, async () => ({
    fromByte: 0,
    chunks: (async function* cutting() {
      for await (const piece of inPieces(bytes)) {
        if (sent > 1_000_000) cutPower();
        sent += piece.length;
        yield piece;
      }
    })(),
  }));
  await expect(writing).rejects.toThrow();
  unmount();
  mount();
  const after = await open();
  expect(await after.has(blob.digest)).toBeNull();
  await after.put(blob, from(bytes)).catch(() => after.put(blob, from(bytes)));
  expect(await after.verify(blob.digest)).toBe(true);
});

test('a full disk is said by code and nothing is left of the blob', async () => {
  const { bytes, blob } = blobOf(30_000_000);
  const store = await open(Number.NEGATIVE_INFINITY);
  await expect(store.put(blob, from(bytes))).rejects.toMatchObject({ code: 'disk-full' });
  expect(await readdir(join(dir, 'mnt', 'artifacts', 'blobs', 'sha256'))).toEqual([]);
  const small = blobOf(100_000);
  await store.put(small.blob, from(small.bytes));
});

test('the floor keeps the disk from becoming full', async () => {
  const { bytes, blob } = blobOf(10_000_000);
  const store = await open(15_000_000);
  await expect(store.put(blob, from(bytes))).rejects.toMatchObject({ code: 'disk-floor' });
  const small = blobOf(1_000_000);
  await store.put(small.blob, from(small.bytes));
});
