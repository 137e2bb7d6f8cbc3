/** Whatever the frames and however they arrive, all of them are read, and no byte is lost or added. */
import { Readable } from 'node:stream';
import { constants, createZstdDecompress, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cutAtFrames } from './zstd-frames.ts';

const frame = fc.record({
  content: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.nat(200_000).map((length) => new Uint8Array(length)),
  ),
  level: fc.constantFrom(1, 19),
  sum: fc.boolean(),
  skipped: fc.option(fc.uint8Array({ maxLength: 20 }), { nil: null }),
});

const skippable = (bytes: Uint8Array): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a55, 0);
  head.writeUInt32LE(bytes.byteLength, 4);
  return Buffer.concat([head, bytes]);
};

it('reads every frame of what comes in pieces of any size', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 5_000 }),
      async (given, pieceBytes) => {
        const packed = Buffer.concat(
          given.flatMap(({ content, level, sum, skipped }) => [
            ...(skipped === null ? [] : [skippable(skipped)]),
            zstdCompressSync(content, {
              params: {
                [constants.ZSTD_c_compressionLevel]: level,
                [constants.ZSTD_c_checksumFlag]: sum ? 1 : 0,
              },
            }),
          ]),
        );
        const pieces = async function* () {
          for (let at = 0; at < packed.byteLength; at += pieceBytes) {
            yield packed.subarray(at, at + pieceBytes);
          }
        };
        const cut: Uint8Array[] = [];
        for await (const chunk of cutAtFrames(pieces())) cut.push(chunk);
        expect(Buffer.concat(cut).equals(packed)).toBe(true);
        const plain: Uint8Array[] = [];
        for await (const chunk of Readable.from(cut).pipe(createZstdDecompress())) {
          plain.push(chunk as Uint8Array);
        }
        const wanted = Buffer.concat(given.map(({ content }) => content));
        expect(Buffer.concat(plain).equals(wanted)).toBe(true);
      },
    ),
    { numRuns: 100 },
  );
});

it('passes on what is no Zstandard at all', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 })), async (pieces) => {
      const out: Uint8Array[] = [];
      for await (const chunk of cutAtFrames(Readable.from(pieces, { objectMode: true }))) {
        out.push(chunk);
      }
      expect(Buffer.concat(out).equals(Buffer.concat(pieces))).toBe(true);
    }),
  );
});
