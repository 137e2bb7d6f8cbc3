/**
 * Reads an uploaded tar (plain or gzip) entry by entry into the spool. What it keeps is what image
 * archives consist of; whatever else is in there is counted against the limits and skipped.
 * Nothing is ever written under a name from the archive, and every oddity ends the upload.
 */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { artifactBytesMax } from '@signalbeam/sync/core/limits';
import { extract, type Header } from 'tar-stream';
import { digestMismatch, invalidArchive, shown, tooLarge } from './archive-failure.ts';
import type { Spool, SpooledFile } from './spool.ts';

/** An image has at most a few hundred layers, and old archives three files for each. */
const entriesMax = 4_000;
const nameBytesMax = 255;

export type ArchiveFiles = ReadonlyMap<string, SpooledFile>;
export type ArchiveLimits = {
  bytesMax: number;
  unpackedBytesMax: number;
  entriesMax: number;
  /** Of all layers in it, each unpacked. */
  layersBytesMax: number;
};

export const archiveLimits: ArchiveLimits = {
  bytesMax: artifactBytesMax,
  unpackedBytesMax: artifactBytesMax,
  entriesMax,
  layersBytesMax: 4 * artifactBytesMax,
};

const blobName = /^blobs\/sha256\/([0-9a-f]{64})$/;
const keptNames = [
  blobName,
  /^(?:oci-layout|index\.json|manifest\.json)$/,
  /^[0-9a-f]{64}(?:\.json|\.tar|\/layer\.tar)$/,
];
/** Old archives name a layer that is there already by a link to it; no other link is followed. */
const layerLinkName = /^[0-9a-f]{64}\/layer\.tar$/;
const layerLinkTarget = /^\.\.\/([0-9a-f]{64}(?:\/layer)?\.tar)$/;

const limited = async function* (
  source: AsyncIterable<Uint8Array>,
  bytesMax: number,
  what: string,
): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const chunk of source) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > bytesMax) throw tooLarge(`${what} may have at most ${bytesMax} bytes.`);
    yield chunk;
  }
};

/** Gives the first bytes back with the rest, after a look at them. */
const unpacked = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.byteLength < 2) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  const whole = async function* (): AsyncGenerator<Uint8Array> {
    if (head.byteLength > 0) yield head;
    for (;;) {
      const { done, value } = await iterator.next();
      if (done === true) return;
      yield value;
    }
  };
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* whole();
    return;
  }
  const packed = Readable.from(whole());
  const gunzip = createGunzip();
  packed.on('error', (error) => gunzip.destroy(error));
  try {
    yield* packed.pipe(gunzip);
  } finally {
    packed.destroy();
    gunzip.destroy();
  }
};

/** The entry's path without a leading `./`; throws for one that leaves the archive. */
const pathOf = (header: Header): string => {
  const { name } = header;
  if (name.includes('\0') || Buffer.byteLength(name) > nameBytesMax) {
    throw invalidArchive(`The archive has an entry with an impossible name: ${shown(name)}.`);
  }
  if (name.startsWith('/') || name.split(/[/\\]/).includes('..')) {
    throw invalidArchive(`The entry ${shown(name)} points outside of the archive.`);
  }
  return name.replace(/^(?:\.\/)+/, '').replace(/\/$/, '');
};

const linkTargetOf = (header: Header, path: string): string => {
  const target = layerLinkTarget.exec(header.linkname ?? '')?.[1];
  if (header.type !== 'symlink' || target === undefined || !layerLinkName.test(path)) {
    throw invalidArchive(`The entry ${shown(path)} is a link; links are not followed.`);
  }
  return target;
};

const checkName = (path: string, spooled: SpooledFile): void => {
  const hex = blobName.exec(path)?.[1];
  if (hex !== undefined && spooled.digest !== `sha256:${hex}`) {
    throw digestMismatch(`The blob ${shown(path)} has the digest ${spooled.digest}.`);
  }
};

/** Refused for what it says it is, before a byte of it is written. */
const checkAnnounced = ({ size = 0 }: Header, { unpackedBytesMax }: ArchiveLimits): void => {
  if (size > unpackedBytesMax) {
    throw tooLarge(`An archive, unpacked, may have at most ${unpackedBytesMax} bytes.`);
  }
};

type Entry = AsyncIterable<Uint8Array> & { header: Header; resume: () => unknown };
type Reading = { files: Map<string, SpooledFile>; links: Map<string, string>; seen: Set<string> };

const readEntry = async (entry: Entry, spool: Spool, reading: Reading): Promise<void> => {
  const { header } = entry;
  const path = pathOf(header);
  if (header.type === 'directory') {
    entry.resume();
    return;
  }
  if (reading.seen.has(path)) throw invalidArchive(`The entry ${shown(path)} is there twice.`);
  reading.seen.add(path);
  if (header.type === 'symlink' || header.type === 'link') {
    reading.links.set(path, linkTargetOf(header, path));
    entry.resume();
    return;
  }
  if (header.type !== 'file' && header.type !== 'contiguous-file') {
    throw invalidArchive(`The entry ${shown(path)} is neither a file nor a folder.`);
  }
  if (!keptNames.some((pattern) => pattern.test(path))) {
    for await (const _ of entry);
    return;
  }
  const spooled = await spool.add(entry);
  checkName(path, spooled);
  reading.files.set(path, spooled);
};

const resolveLinks = (reading: Reading): void => {
  for (const [path, target] of reading.links) {
    const file = reading.files.get(target);
    if (file === undefined) {
      throw invalidArchive(
        `The entry ${shown(path)} is a link to ${shown(target)}, which is not there.`,
      );
    }
    reading.files.set(path, file);
  }
};

/** Takes the whole archive in; throws a refusal that says what was wrong with it. */
export const readArchive = async (
  source: AsyncIterable<Uint8Array>,
  spool: Spool,
  limits: ArchiveLimits = archiveLimits,
): Promise<ArchiveFiles> => {
  const reading: Reading = { files: new Map(), links: new Map(), seen: new Set() };
  const tar = extract();
  const bytes = limited(
    unpacked(limited(source, limits.bytesMax, 'An uploaded archive')),
    limits.unpackedBytesMax,
    'An archive, unpacked,',
  );
  // `pipe` would not carry the source's failure over to the reader.
  const feeding = Readable.from(bytes);
  let ended: Error | null = null;
  tar.on('error', (error) => {
    ended ??= error;
  });
  feeding.on('error', (error) => tar.destroy(error));
  feeding.pipe(tar as unknown as NodeJS.WritableStream);
  let entries = 0;
  try {
    for await (const entry of tar) {
      entries += 1;
      if (entries > limits.entriesMax) {
        throw invalidArchive(`The archive has more than ${limits.entriesMax} entries.`);
      }
      checkAnnounced(entry.header as Header, limits);
      await readEntry(entry as unknown as Entry, spool, reading);
    }
  } catch (error) {
    // An entry that is cut short says only that it was; the archive itself says why.
    throw readable(isCutShort(error) ? ended : error);
  } finally {
    feeding.destroy();
    tar.destroy();
  }
  if (entries === 0) throw invalidArchive('The upload is empty or not a tar archive.');
  resolveLinks(reading);
  return reading.files;
};

const isCutShort = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'STREAM_DESTROYED';

/** The tar and gzip readers' own errors, said as refusals; ours and the client's pass through. */
const readable = (error: unknown): unknown => {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  const fromReader =
    code.startsWith('Z_') ||
    /^(?:Invalid tar header|Invalid header|Header exceeds|Unexpected end of data|unexpected end of file|Invalid pax)/i.test(
      error.message,
    );
  return fromReader
    ? invalidArchive('The upload ends too early or is not a tar archive.', error)
    : error;
};
