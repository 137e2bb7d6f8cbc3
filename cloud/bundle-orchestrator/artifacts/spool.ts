/**
 * Where an upload waits until all of it is known to be good: a folder of its own on the local disk,
 * so that memory stays small and a refused archive leaves nothing. Files are numbered, never named
 * after what the archive calls them.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { refusal } from '@signalbeam/platform/http/problem';

export type SpooledFile = { file: string; digest: string; sizeBytes: number };

export type Spool = {
  /** Writes what `source` yields and returns what it turned out to be. */
  add: (source: AsyncIterable<Uint8Array>) => Promise<SpooledFile>;
  /** Reads a small file whole; the caller has looked at its size. */
  read: (spooled: SpooledFile) => Promise<Buffer>;
  stream: (spooled: SpooledFile) => AsyncIterable<Uint8Array>;
  remove: () => Promise<void>;
};

const diskFull = (cause: unknown): unknown => {
  const code = cause instanceof Error && 'code' in cause ? cause.code : '';
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? refusal('disk-full', 'There is no room left to take this upload; it was removed again.', {
        cause,
        next: 'Free space where the service keeps uploads, then upload again.',
      })
    : cause;
};

const writeTo = async (
  file: string,
  source: AsyncIterable<Uint8Array>,
): Promise<{ digest: string; sizeBytes: number }> => {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const handle = await open(file, 'wx', 0o600);
  try {
    for await (const chunk of source) {
      hash.update(chunk);
      sizeBytes += chunk.byteLength;
      await handle.write(chunk).catch((error) => {
        throw diskFull(error);
      });
    }
  } finally {
    await handle.close();
  }
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes };
};

/** An upload that takes longer was left behind by a process that is gone. */
const leftBehindMs = 24 * 3_600_000;

/** Removes what a crash left; other processes' uploads that are still going stay. */
export const sweepSpool = async (folder: string, nowMs: number): Promise<void> => {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    if (!name.startsWith('upload-') || found === null) continue;
    if (nowMs - found.mtimeMs > leftBehindMs) await rm(path, { recursive: true, force: true });
  }
};

export const openSpool = async (folder: string): Promise<Spool> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const own = await mkdtemp(join(folder, 'upload-'));
  let next = 0;
  return {
    add: async (source) => {
      const file = join(own, String(next++));
      return { file, ...(await writeTo(file, source)) };
    },
    read: (spooled) => readFile(spooled.file),
    stream: (spooled) => createReadStream(spooled.file, { highWaterMark: 256 * 1024 }),
    remove: () => rm(own, { recursive: true, force: true }),
  };
};
