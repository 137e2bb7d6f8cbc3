/**
 * The store on a real disk of its own that is full, and that loses power: a loop-mounted ext4, and
 * `xfs_io shutdown`, which drops every page that was not yet on the disk.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createDisk, type Disk } from '@signalbeam/launcher/infra/loop-disk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openBlobStore } from './store.ts';

let disk: Disk;
const open = (floorBytes = 0) =>
  openBlobStore({ dir: join(disk.mountPoint, 'artifacts'), floorBytes });

beforeEach(() => {
  disk = createDisk(24);
});
afterEach(() => disk.remove());

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
    disk.cutPower();
    disk.remount();
    const store = await open();
    expect(await store.has(blob.digest)).toBe(bytes.length);
    expect(await store.verify(blob.digest)).toBe(true);
  }
});

test('a download that the power cut goes on, and ends in the right blob', async () => {
  const { bytes, blob } = blobOf(2_000_000);
  await expect((await open()).put(blob, from(bytes, 1_000_000))).rejects.toThrow('line cut');
  disk.cutPower();
  disk.remount();
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
        if (sent > 1_000_000) disk.cutPower();
        sent += piece.length;
        yield piece;
      }
    })(),
  }));
  await expect(writing).rejects.toThrow();
  disk.remount();
  const after = await open();
  expect(await after.has(blob.digest)).toBeNull();
  await after.put(blob, from(bytes)).catch(() => after.put(blob, from(bytes)));
  expect(await after.verify(blob.digest)).toBe(true);
});

test('a full disk is said by code and nothing is left of the blob', async () => {
  const { bytes, blob } = blobOf(30_000_000);
  const store = await open(Number.NEGATIVE_INFINITY);
  await expect(store.put(blob, from(bytes))).rejects.toMatchObject({ code: 'disk-full' });
  expect(await readdir(join(disk.mountPoint, 'artifacts', 'blobs', 'sha256'))).toEqual([]);
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
