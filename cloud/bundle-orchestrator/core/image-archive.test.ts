/** An archive is what tar readers and engines understand, and each range of it is that part of it. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { extract } from 'tar-stream';
import { expect, it } from 'vitest';
import { type ArchivedImage, archiveBytes, layOut, type Piece, piecesOf } from './image-archive.ts';

const contents = [Buffer.from('{"manifest":1}'), Buffer.from('{}'), Buffer.alloc(1_024, 'l')];
const digests = contents.map(
  (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
);
const [manifest = '', config = '', layer = ''] = digests;
const image: ArchivedImage = {
  ...{ name: 'team/app', digest: manifest, mediaType: 'application/x' },
  tags: ['1', '2'],
  blobs: contents.map((bytes, index) => ({
    ...{ digest: digests[index] ?? '', sizeBytes: bytes.byteLength, mediaType: 'application/x' },
  })),
  // Named twice, kept once.
  parts: { config, layers: [layer, layer] },
};
const bytesOf = (piece: Piece): Uint8Array =>
  piece.kind === 'bytes'
    ? piece.bytes
    : (contents[digests.indexOf(piece.digest)] ?? new Uint8Array());
const whole = (pieces: readonly Piece[]): Buffer => Buffer.concat(pieces.map(bytesOf));

const filesIn = async (bytes: Uint8Array): Promise<Map<string, string>> => {
  const tar = extract();
  tar.end(bytes);
  const files = new Map<string, string>();
  for await (const entry of tar) {
    const parts: Uint8Array[] = [];
    for await (const part of entry) parts.push(part as Uint8Array);
    files.set(entry.header.name, Buffer.concat(parts).toString());
  }
  return files;
};

it('holds a layout, what docker load reads, and each blob once', async () => {
  const pieces = layOut(image, 'signalbeam.local');
  const files = await filesIn(whole(pieces));
  const paths = digests.map((digest) => digest.replace('sha256:', 'blobs/sha256/'));
  expect([...files.keys()]).toEqual(['oci-layout', 'index.json', 'manifest.json', ...paths]);
  for (const [index, path] of paths.entries()) {
    expect(files.get(path)).toBe(contents[index]?.toString());
  }
  expect(JSON.parse(files.get('index.json') ?? '')).toMatchObject({
    manifests: [{ digest: manifest, size: contents[0]?.byteLength }],
  });
  expect(JSON.parse(files.get('manifest.json') ?? '')).toEqual([
    {
      Config: paths[1],
      RepoTags: ['signalbeam.local/team/app:1', 'signalbeam.local/team/app:2'],
      Layers: [paths[2], paths[2]],
    },
  ]);
  const untagged = await filesIn(whole(layOut({ ...image, tags: [], parts: null }, 'x.example')));
  expect(untagged.has('manifest.json')).toBe(false);
  expect(untagged.get('index.json')).toContain(`x.example/team/app:${manifest.slice(7, 19)}`);
});

it('is as long as it says, and any range of it is that part', () => {
  const pieces = layOut(image, 'signalbeam.local');
  const bytes = whole(pieces);
  expect(archiveBytes(pieces)).toBe(bytes.byteLength);
  const place = fc.nat(bytes.byteLength - 1);
  fc.assert(
    fc.property(place, place, (one, other) => {
      const range = { start: Math.min(one, other), end: Math.max(one, other) };
      const parts = piecesOf(pieces, range).map(({ piece, start, end }) =>
        bytesOf(piece).subarray(start, end + 1),
      );
      expect(Buffer.concat(parts).equals(bytes.subarray(range.start, range.end + 1))).toBe(true);
    }),
  );
});
