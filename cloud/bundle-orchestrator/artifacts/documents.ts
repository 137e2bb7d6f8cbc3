/**
 * Reads a spooled JSON document through its schema, and looks blobs up by digest.
 */
import { parseJson } from '@signalbeam/sync/wire/shape';
import type { z } from 'zod';
import { digestMismatch, invalidArchive, shown } from './archive-failure.ts';
import { type Descriptor, documentBytesMax } from './image-documents.ts';
import type { LayerReader } from './layers.ts';
import type { ArchiveFiles } from './read-archive.ts';
import type { Spool, SpooledFile } from './spool.ts';

export type Archive = { files: ArchiveFiles; spool: Spool; layers: LayerReader };

export const blobOf = (archive: Archive, digest: string): SpooledFile | undefined =>
  archive.files.get(`blobs/sha256/${digest.slice('sha256:'.length)}`);

/** Parses a document of the archive; `what` names it in the refusal. */
export const readDocument = async <T>(
  archive: Archive,
  file: SpooledFile | undefined,
  what: string,
  schema: z.ZodType<T>,
): Promise<T> => {
  if (file === undefined) throw invalidArchive(`The archive has no ${what}.`);
  if (file.sizeBytes > documentBytesMax) {
    throw invalidArchive(`Its ${what} has more than ${documentBytesMax} bytes.`);
  }
  const parsed = parseJson(await archive.spool.read(file), schema, documentBytesMax);
  if (parsed.kind === 'refused') {
    throw invalidArchive(`Its ${what} is not as the specification says (${shown(parsed.reason)}).`);
  }
  return parsed.value;
};

/** The blob a descriptor names, or undefined when it is not in the archive. */
export const describedBlob = (
  archive: Archive,
  descriptor: Descriptor,
): SpooledFile | undefined => {
  const blob = blobOf(archive, descriptor.digest);
  if (blob !== undefined && blob.sizeBytes !== descriptor.size) {
    throw digestMismatch(
      `The blob ${descriptor.digest} has ${blob.sizeBytes} bytes, its manifest says ${descriptor.size}.`,
    );
  }
  return blob;
};
