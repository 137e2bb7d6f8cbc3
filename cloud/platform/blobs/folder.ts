/**
 * Blobs in a folder, `sha256/<two digits>/<digits>`. A blob is written beside, synced, renamed and
 * its folder synced, so after a power cut it is whole or absent. Leftovers are swept at start.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { FleetError } from '@signalbeam/sync/core/errors';
import { type Blobs, digestHex, resolveRange } from './port.ts';
import { verified } from './verify.ts';

const leftoverMs = 3600 * 1000;

const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

const statOf = async (path: string): Promise<Stats | null> => {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
};

const sizeOf = async (path: string): Promise<number | null> => (await statOf(path))?.size ?? null;

const write = async (path: string, source: AsyncIterable<Uint8Array>): Promise<void> => {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of source) await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
};

const explain = (error: unknown): unknown =>
  errorCode(error) === 'ENOSPC'
    ? new FleetError('disk-full', 'The disk of the blob folder is full; nothing was stored.', {
        cause: error,
        next: 'Make room, then send it again.',
      })
    : error;

/** Other processes may share the folder, so only what nobody wrote to for an hour is a leftover. */
const sweep = async (incoming: string): Promise<void> => {
  for (const name of await readdir(incoming)) {
    const path = join(incoming, name);
    const found = await stat(path).catch(() => null);
    if (found !== null && Date.now() - found.mtimeMs > leftoverMs) await rm(path, { force: true });
  }
};

async function* listBlobs(
  root: string,
): AsyncGenerator<{ digest: string; sizeBytes: number; storedAtMs: number }> {
  for (const shard of await readdir(root)) {
    for (const rest of await readdir(join(root, shard))) {
      const found = await statOf(join(root, shard, rest));
      if (found === null) continue;
      yield { digest: `sha256:${shard}${rest}`, sizeBytes: found.size, storedAtMs: found.mtimeMs };
    }
  }
}

export const openFolderBlobs = async (folder: string): Promise<Blobs> => {
  const root = join(folder, 'sha256');
  const incoming = join(folder, 'incoming');
  await mkdir(root, { recursive: true });
  await mkdir(incoming, { recursive: true });
  await sweep(incoming);
  const pathOf = (digest: string): string => {
    const hex = digestHex(digest);
    return join(root, hex.slice(0, 2), hex.slice(2));
  };
  return {
    put: async (digest, sizeBytes, source) => {
      const path = pathOf(digest);
      if ((await sizeOf(path)) === sizeBytes) return;
      const temporary = join(incoming, randomUUID());
      try {
        await write(temporary, verified(source, digest, sizeBytes));
        await mkdir(dirname(path), { recursive: true });
        await rename(temporary, path);
        await syncFolder(dirname(path));
        await syncFolder(root);
      } catch (error) {
        await rm(temporary, { force: true });
        throw explain(error);
      }
    },
    get: async (digest, range) => {
      const path = pathOf(digest);
      const sizeBytes = await sizeOf(path);
      if (sizeBytes === null) return null;
      const resolved = resolveRange(range, sizeBytes);
      const file = sizeBytes === 0 ? Readable.from([]) : createReadStream(path, resolved);
      const stream = Readable.toWeb(file) as ReadableStream<Uint8Array>;
      return { stream, sizeBytes, range: resolved };
    },
    head: async (digest) => {
      const sizeBytes = await sizeOf(pathOf(digest));
      return sizeBytes === null ? null : { sizeBytes };
    },
    presigned: async (digest) => {
      digestHex(digest);
      return null;
    },
    delete: async (digest) => {
      await rm(pathOf(digest), { force: true });
    },
    list: () => listBlobs(root),
  };
};
