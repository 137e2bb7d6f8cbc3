/**
 * An uploaded image as one archive again: an OCI image layout in a tar, with the manifest.json beside it
 * that `docker load` reads. Laid out before a byte of it is read, so its size and its tag are known and any
 * range of it can be sent. The same image under the same tags gives the same bytes. Pure.
 */
/** As its manifest names it. */
export type ArchivedBlob = { digest: string; sizeBytes: number };

export type Piece =
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'blob'; digest: string; sizeBytes: number };

export type ArchivedImage = {
  name: string;
  digest: string;
  mediaType: string;
  tags: readonly string[];
  /** The manifest or index first. */
  blobs: readonly ArchivedBlob[];
  /** What its manifest names, in its order; null for an index, of which there may be several. */
  parts: { config: string; layers: readonly string[] } | null;
};

const blockBytes = 512;
const zeros = (sizeBytes: number): Piece => ({ kind: 'bytes', bytes: new Uint8Array(sizeBytes) });
const paddingBytes = (sizeBytes: number): number =>
  (blockBytes - (sizeBytes % blockBytes)) % blockBytes;

/** A file of nobody, from the beginning of time: what does not belong to the image is always the same. */
const headerOf = (name: string, sizeBytes: number): Uint8Array => {
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, length: number): void => {
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  };
  header.write(name, 0, 100);
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(sizeBytes, 124, 12);
  octal(0, 136, 12);
  header.write('        0', 148);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
};

const fileOf = (name: string, content: Piece, sizeBytes: number): Piece[] => [
  { kind: 'bytes', bytes: headerOf(name, sizeBytes) },
  content,
  zeros(paddingBytes(sizeBytes)),
];

const document = (name: string, value: unknown): Piece[] => {
  const bytes = Buffer.from(JSON.stringify(value));
  return fileOf(name, { kind: 'bytes', bytes }, bytes.byteLength);
};

const pathOf = (digest: string): string => `blobs/sha256/${digest.slice('sha256:'.length)}`;

/** Engines need a tag to keep a name by; an image without one is called after its digest. */
const namesOf = ({ name, tags, digest }: ArchivedImage, host: string): string[] =>
  (tags.length === 0 ? [digest.slice('sha256:'.length, 'sha256:'.length + 12)] : tags).map(
    (tag) => `${host}/${name}:${tag}`,
  );

export const layOut = (image: ArchivedImage, host: string): Piece[] => {
  const { digest, mediaType, blobs, parts } = image;
  const names = namesOf(image, host);
  const annotations = { 'org.opencontainers.image.ref.name': names[0] };
  const size = blobs.find((blob) => blob.digest === digest)?.sizeBytes ?? 0;
  const manifests = [{ mediaType, digest, size, annotations }];
  const saved =
    parts === null
      ? []
      : document('manifest.json', [
          { Config: pathOf(parts.config), RepoTags: names, Layers: parts.layers.map(pathOf) },
        ]);
  return [
    ...document('oci-layout', { imageLayoutVersion: '1.0.0' }),
    ...document('index.json', { schemaVersion: 2, manifests }),
    ...saved,
    ...blobs.flatMap(({ digest: named, sizeBytes }) =>
      fileOf(pathOf(named), { kind: 'blob', digest: named, sizeBytes }, sizeBytes),
    ),
    zeros(2 * blockBytes),
  ];
};

const lengthOf = (piece: Piece): number =>
  piece.kind === 'bytes' ? piece.bytes.byteLength : piece.sizeBytes;

export const archiveBytes = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);

/** The pieces of a range, both ends included, each with what of it is wanted. */
export const piecesOf = (
  pieces: readonly Piece[],
  range: { start: number; end: number },
): { piece: Piece; start: number; end: number }[] => {
  let at = 0;
  return pieces.flatMap((piece) => {
    const begin = at;
    at += lengthOf(piece);
    const start = Math.max(range.start, begin) - begin;
    const end = Math.min(range.end, at - 1) - begin;
    return start <= end ? [{ piece, start, end }] : [];
  });
};
