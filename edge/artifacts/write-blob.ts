/**
 * Writing one blob so that a cut of power or of the line never leaves a wrong one: hashed as it
 * comes, refused at the first byte too many, renamed only when size and hash agree and the bytes
 * are on the disk. A cut line keeps what came; a wrong hash keeps nothing.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open as openFile, rename, rm, stat } from 'node:fs/promises';
import { FleetError } from '@signalbeam/sync/core/errors';
import { asDiskFailure, assertAboveFloor } from './disk-floor.ts';

export type Expected = {
  digest: string;
  /** Null when only the digest is known (a manifest): then `manifestBytesMax` is the limit. */
  sizeBytes: number | null;
};

/** What a source gives: `fromByte` is where its bytes truly begin (0 if it can't resume). */
export type BlobBytes = { fromByte: number; chunks: AsyncIterable<Uint8Array> };
export type OpenBlob = (fromByte: number) => Promise<BlobBytes>;

type Place = { folder: string; final: string; floorBytes: number };

/** What registries accept; ours are a few kilobytes. */
export const manifestBytesMax = 4 * 1024 * 1024;
/** The floor is looked at again after this much, for others write to the same disk. */
const floorCheckBytes = 32 * 1024 * 1024;

export const writeBlob = async (
  { folder, final, floorBytes }: Place,
  expected: Expected,
  open: OpenBlob,
  signal?: AbortSignal,
): Promise<number> => {
  const part = `${final}.part`;
  const limitBytes = expected.sizeBytes ?? manifestBytesMax;
  const resumeAt = await partialBytes(part, limitBytes);
  const floor = { folder, floorBytes };
  await assertAboveFloor(floor, limitBytes - resumeAt);
  const bytes = await open(resumeAt);
  const fromByte = bytes.fromByte === resumeAt ? resumeAt : 0;
  if (bytes.fromByte !== fromByte) throw cut(expected, resumeAt);
  const hash = await hashBefore(part, fromByte);
  try {
    const file = await openFile(part, fromByte === 0 ? 'w' : 'r+');
    const sizeBytes = await append(file, { ...bytes, hash, limitBytes, expected, floor, signal });
    if (expected.sizeBytes !== null && sizeBytes < expected.sizeBytes)
      throw cut(expected, sizeBytes);
    if (`sha256:${hash.digest('hex')}` !== expected.digest) throw wrongHash(expected);
    await rename(part, final);
    await syncFolder(folder);
    return sizeBytes;
  } catch (cause) {
    const failure = asDiskFailure(cause);
    if (failure instanceof FleetError && poisoned.has(failure.code))
      await rm(part, { force: true });
    throw failure;
  }
};

/** After these the partial file is worth nothing. */
const poisoned: ReadonlySet<string> = new Set(['blob-wrong-hash', 'blob-too-large', 'disk-full']);

type Appending = BlobBytes & {
  hash: Hash;
  limitBytes: number;
  expected: Expected;
  floor: { folder: string; floorBytes: number };
  signal: AbortSignal | undefined;
};

const append = async (file: FileHandle, to: Appending): Promise<number> => {
  let position = to.fromByte;
  let checkAt = position + floorCheckBytes;
  try {
    for await (const chunk of to.chunks) {
      to.signal?.throwIfAborted();
      if (position + chunk.length > to.limitBytes) throw tooLarge(to.expected, to.limitBytes);
      to.hash.update(chunk);
      await writeAll(file, chunk, position);
      position += chunk.length;
      if (position < checkAt) continue;
      checkAt = position + floorCheckBytes;
      await assertAboveFloor(to.floor, to.limitBytes - position);
    }
    // Not on the disk is not stored: a failing sync here must not end in the final name.
    await file.sync();
    return position;
  } catch (cause) {
    // What a cut line leaves goes to the disk too, for the next attempt continues it.
    await file.sync().catch(() => undefined);
    throw cause;
  } finally {
    await file.close();
  }
};

const writeAll = async (file: FileHandle, chunk: Uint8Array, position: number): Promise<void> => {
  let written = 0;
  while (written < chunk.length) {
    const { bytesWritten } = await file.write(
      chunk,
      written,
      chunk.length - written,
      position + written,
    );
    written += bytesWritten;
  }
};

/** A leftover as long as the whole blob, or longer, is no beginning of it. */
const partialBytes = async (part: string, limitBytes: number): Promise<number> => {
  const size = await stat(part).then(
    (found) => found.size,
    () => 0,
  );
  return size < limitBytes ? size : 0;
};

const hashBefore = async (part: string, fromByte: number): Promise<Hash> => {
  const hash = createHash('sha256');
  if (fromByte === 0) return hash;
  for await (const chunk of createReadStream(part, { end: fromByte - 1 })) hash.update(chunk);
  return hash;
};

/** The new name is only sure to outlive a power cut when its folder is on the disk too. */
const syncFolder = async (folder: string): Promise<void> => {
  const handle = await openFile(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const cut = ({ digest, sizeBytes }: Expected, got: number): FleetError =>
  new FleetError(
    'blob-cut',
    `The download of ${digest} ended after ${got} of ${sizeBytes ?? '?'} bytes. What came is kept.`,
    {
      next: 'It continues by itself when the line is back.',
    },
  );

const wrongHash = ({ digest }: Expected): FleetError =>
  new FleetError(
    'blob-wrong-hash',
    `What was sent as ${digest} is something else. It was deleted.`,
    {
      next: 'If it happens again, upload the artifact anew; the source may be damaged or hostile.',
    },
  );

const tooLarge = ({ digest }: Expected, limitBytes: number): FleetError =>
  new FleetError(
    'blob-too-large',
    `What was sent as ${digest} is larger than its ${limitBytes} bytes. It was deleted.`,
    {
      next: 'If it happens again, upload the artifact anew; the source may be damaged or hostile.',
    },
  );
