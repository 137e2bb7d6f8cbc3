/**
 * Blobs on this device by their content (the `blobs/sha256` folder of an OCI layout). A blob at its
 * final name is whole, hashed and on disk: it is written beside, fsynced, renamed, and the folder
 * fsynced. What an interrupted download left stays beside as `.part` and the next one continues it.
 * One process owns the folder.
 */
import { createHash } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hexOf } from './digest.ts';
import { createKeyedLock } from './keyed-lock.ts';
import { type Expected, type OpenBlob, writeBlob } from './write-blob.ts';

export type ByteRange = { start: number; end: number };

export type BlobStore = {
  /** Stores a blob from `open`, continuing where an earlier attempt ended. */
  put(
    blob: Expected,
    open: OpenBlob,
    signal?: AbortSignal,
  ): Promise<{ kind: 'stored' | 'present'; sizeBytes: number }>;
  /** Its size, or null. */
  has(digest: string): Promise<number | null>;
  /** `range` is inclusive at both ends. */
  open(digest: string, range?: ByteRange): ReadStream;
  path(digest: string): string;
  remove(digest: string): Promise<void>;
  /** Reads it again; a blob that rotted on the disk is removed, so that it is fetched anew. */
  verify(digest: string): Promise<boolean>;
  list(): Promise<{ digest: string; sizeBytes: number }[]>;
  usage(): Promise<{ blobs: number; sizeBytes: number; partialBytes: number }>;
  /** Removes every blob and leftover that is neither kept nor being written now. */
  sweep(keep: ReadonlySet<string>): Promise<{ removed: string[]; freedBytes: number }>;
};

export type StoreOptions = {
  dir: string;
  /** New blobs are refused when they would leave less free space than this. */
  floorBytes: number;
};

const fileName = /^([0-9a-f]{64})(\.part)?$/;

export const openBlobStore = async ({ dir, floorBytes }: StoreOptions): Promise<BlobStore> => {
  const blobs = join(dir, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  await writeFile(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const path = (digest: string) => join(blobs, hexOf(digest));
  const lock = createKeyedLock();

  const has = async (digest: string): Promise<number | null> => sizeOf(path(digest));
  const put: BlobStore['put'] = (blob, open, signal) =>
    lock.hold(blob.digest, async () => {
      const before = await has(blob.digest);
      if (before !== null) return { kind: 'present', sizeBytes: before };
      const paths = { folder: blobs, final: path(blob.digest), floorBytes };
      return { kind: 'stored', sizeBytes: await writeBlob(paths, blob, open, signal) };
    });
  const remove = async (digest: string) => {
    await rm(path(digest), { force: true });
    await rm(`${path(digest)}.part`, { force: true });
  };

  return {
    put,
    has,
    path,
    open: (digest, range) => createReadStream(path(digest), range),
    remove: (digest) => lock.hold(digest, () => remove(digest)),
    verify: (digest) =>
      lock.hold(digest, async () => {
        const whole = await hashFile(path(digest)).catch(() => '');
        if (whole === digest) return true;
        await remove(digest);
        return false;
      }),
    list: async () =>
      (await entries(blobs))
        .filter((entry) => !entry.partial)
        .map(({ digest, sizeBytes }) => ({ digest, sizeBytes })),
    usage: async () => usageOf(await entries(blobs)),
    sweep: (keep) => sweep(blobs, keep, lock.isHeld),
  };
};

type Entry = { name: string; digest: string; partial: boolean; sizeBytes: number };

const entries = async (folder: string): Promise<Entry[]> => {
  const found = await readdir(folder);
  const stats = await Promise.all(found.map((name) => sizeOf(join(folder, name))));
  return found.flatMap((name, index) => {
    const [, hex, part] = fileName.exec(name) ?? [];
    const sizeBytes = stats[index] ?? 0;
    return hex ? [{ name, digest: `sha256:${hex}`, partial: part !== undefined, sizeBytes }] : [];
  });
};

const usageOf = (all: readonly Entry[]) => {
  const sum = (some: readonly Entry[]) => some.reduce((total, each) => total + each.sizeBytes, 0);
  const whole = all.filter((entry) => !entry.partial);
  return {
    blobs: whole.length,
    sizeBytes: sum(whole),
    partialBytes: sum(all.filter((entry) => entry.partial)),
  };
};

const sweep = async (
  folder: string,
  keep: ReadonlySet<string>,
  isHeld: (digest: string) => boolean,
) => {
  const removed: string[] = [];
  let freedBytes = 0;
  for (const entry of await entries(folder)) {
    if (keep.has(entry.digest) || isHeld(entry.digest)) continue;
    await rm(join(folder, entry.name), { force: true });
    if (!entry.partial) removed.push(entry.digest);
    freedBytes += entry.sizeBytes;
  }
  return { removed, freedBytes };
};

const sizeOf = async (path: string): Promise<number | null> => {
  try {
    return (await stat(path)).size;
  } catch {
    return null;
  }
};

const hashFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
};
