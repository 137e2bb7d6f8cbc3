/**
 * Reads layers through once, unpacked as an engine on a device would: what they turn out to be, and
 * whether they would fill its disk. A layer that says little and becomes much is refused here, where it
 * costs one upload, and not on every device. Nothing of what is unpacked is kept.
 */
import { createHash } from 'node:crypto';
import { Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { FleetError } from '@signalbeam/sync/core/errors';
import { extract, type Header } from 'tar-stream';
import { digestMismatch, invalidArchive, tooLarge } from './archive-failure.ts';
import type { Spool, SpooledFile } from './spool.ts';
import { cutAtFrames } from './zstd-frames.ts';

/** Of all layers of an archive together: reading them must end, and so must a device's disk. */
export type LayerReader = {
  /** The digest of the layer unpacked, as a configuration names it. */
  diffIdOf: (file: SpooledFile) => Promise<string>;
};

const magic = {
  gzip: Buffer.from([0x1f, 0x8b]),
  zstd: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
};

/** A frame of Zstandard to be passed over, which some writers begin with. */
const isSkipped = (head: Buffer): boolean =>
  head.byteLength === 4 && (head.readUInt32LE(0) & 0xfffffff0) >>> 0 === 0x184d2a50;

type Unpacker = {
  transform: Transform;
  prepare: (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
};

/** By what the bytes are: what a manifest calls them is not what an engine goes by. */
const unpackerFor = (head: Buffer): Unpacker | null => {
  if (head.subarray(0, 2).equals(magic.gzip)) {
    return { transform: createGunzip(), prepare: (bytes) => bytes };
  }
  return head.equals(magic.zstd) || isSkipped(head)
    ? { transform: createZstdDecompress(), prepare: cutAtFrames }
    : null;
};

const headOf = async (spool: Spool, file: SpooledFile): Promise<Buffer> => {
  for await (const chunk of spool.stream(file)) return Buffer.from(chunk.subarray(0, 4));
  return Buffer.alloc(0);
};

/** A sparse file is written out in full by engines, however little of it is in the archive. */
const isSparse = ({ type, pax }: Header): boolean =>
  type === null || Object.keys(pax ?? {}).some((name) => name.startsWith('GNU.sparse.'));

/** To the end, entry by entry. */
const walk = async (bytes: AsyncIterable<Uint8Array>, named: string): Promise<void> => {
  // Tools of long ago wrote no format into their headers.
  const tar = extract({ allowUnknownFormat: true } as Parameters<typeof extract>[0]);
  const feeding = Readable.from(bytes);
  feeding.on('error', (error) => tar.destroy(error));
  feeding.pipe(tar as unknown as NodeJS.WritableStream);
  try {
    for await (const entry of tar) {
      if (isSparse(entry.header as Header)) {
        throw invalidArchive(`The layer ${named} has an entry of a kind that images do not have.`);
      }
      entry.resume();
    }
  } finally {
    feeding.destroy();
    tar.destroy();
  }
};

/** What the readers of gzip, Zstandard and tar say of bytes they don't take; bugs and disks say it otherwise. */
const isOfReaders = (error: unknown): boolean => {
  if (!(error instanceof Error) || error instanceof FleetError) return false;
  const code = 'code' in error ? String(error.code) : null;
  return code === null ? error.constructor === Error : /^(?:Z_|ZSTD_|ERR_ZSTD)/.test(code);
};

export const openLayers = (spool: Spool, unpackedBytesMax: number): LayerReader => {
  let unpackedBytes = 0;
  const known = new Map<string, string>();

  const read = async (file: SpooledFile): Promise<string> => {
    const unpacker = unpackerFor(await headOf(spool, file));
    const stored = spool.stream(file);
    const packed = Readable.from(unpacker === null ? stored : unpacker.prepare(stored));
    packed.on('error', (error) => unpacker?.transform.destroy(error));
    const hash = createHash('sha256');
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of unpacker === null ? packed : packed.pipe(unpacker.transform)) {
        unpackedBytes += chunk.byteLength;
        if (unpackedBytes > unpackedBytesMax) {
          throw tooLarge(`The layers of an archive, unpacked, may have ${unpackedBytesMax} bytes.`);
        }
        hash.update(chunk);
        yield chunk;
      }
    };
    try {
      await walk(counted(), file.digest);
      return `sha256:${hash.digest('hex')}`;
    } catch (error) {
      if (!isOfReaders(error)) throw error;
      throw invalidArchive(`The layer ${file.digest} is damaged or no tar archive.`, error);
    } finally {
      packed.destroy();
      unpacker?.transform.destroy();
    }
  };

  return {
    diffIdOf: async (file) => {
      const diffId = known.get(file.digest) ?? (await read(file));
      known.set(file.digest, diffId);
      return diffId;
    },
  };
};

/** What engines unpack; others, such as attestations, are only kept. */
const layerKind =
  /^application\/vnd\.(?:oci\.image\.layer(?:\.nondistributable)?\.v1\.tar|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar)\b/;

export const isLayer = (mediaType: string): boolean => layerKind.test(mediaType);

/** Throws unless each layer, unpacked, is what the configuration says; engines would refuse it later. */
export const checkLayers = async (
  layers: LayerReader,
  files: readonly SpooledFile[],
  diffIds: readonly string[],
): Promise<void> => {
  if (diffIds.length !== files.length) {
    throw invalidArchive(
      `It has ${files.length} layers, its configuration speaks of ${diffIds.length}.`,
    );
  }
  for (const [index, file] of files.entries()) {
    const diffId = await layers.diffIdOf(file);
    if (diffId !== diffIds[index]) {
      throw digestMismatch(
        `The layer ${file.digest} unpacks to ${diffId}, its configuration says ${diffIds[index]}.`,
      );
    }
  }
};
