/**
 * Cuts Zstandard at the ends of its frames (RFC 8878 §3.1). Node's reader drops what follows a frame in
 * the same chunk, and layers that can be fetched in parts consist of many frames: cut so, it reads all.
 * Decodes nothing; what is malformed is left to the reader.
 */

const headerBytes = { frame: 5, skipped: 8, block: 3 } as const;

/** How many bytes of a frame follow its first five, up to its first block; and whether a sum ends it. */
const frameHeader = (descriptor: number): { restBytes: number; sumBytes: number } => {
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const restBytes = (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes;
  return { restBytes, sumBytes: (descriptor & 4) === 0 ? 0 : 4 };
};

type Want = { read: number } | { skip: number } | 'end of frame';

/** What it asks for next: some bytes to look at, some to pass over, or a cut. */
function* frames(): Generator<Want, never, Buffer> {
  for (;;) {
    const head = yield { read: headerBytes.frame };
    if ((head.readUInt32LE(0) & 0xfffffff0) >>> 0 === 0x184d2a50) {
      const rest = yield { read: headerBytes.skipped - headerBytes.frame };
      yield { skip: Buffer.concat([head.subarray(4), rest]).readUInt32LE(0) };
    } else {
      const { restBytes, sumBytes } = frameHeader(head[4] ?? 0);
      yield { skip: restBytes };
      for (let isLast = false; !isLast; ) {
        const block = (yield { read: headerBytes.block }).readUIntLE(0, headerBytes.block);
        isLast = (block & 1) === 1;
        const isRepeated = ((block >> 1) & 3) === 1;
        yield { skip: isRepeated ? 1 : block >> 3 };
      }
      yield { skip: sumBytes };
    }
    yield 'end of frame';
  }
}

/** The same bytes; no chunk holds parts of two frames. */
export async function* cutAtFrames(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reading = frames();
  let want = reading.next().value;
  let seen: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    let start = 0;
    for (let at = 0; at < chunk.byteLength || want === 'end of frame'; ) {
      if (want === 'end of frame') {
        if (at > start) yield chunk.subarray(start, at);
        start = at;
        want = reading.next(seen).value;
      } else if ('skip' in want) {
        const skipped = Math.min(want.skip, chunk.byteLength - at);
        at += skipped;
        want = skipped === want.skip ? reading.next(seen).value : { skip: want.skip - skipped };
      } else {
        const more: Uint8Array = chunk.subarray(at, at + want.read - seen.byteLength);
        at += more.byteLength;
        seen = Buffer.concat([seen, more]);
        if (seen.byteLength < want.read) continue;
        want = reading.next(seen).value;
        seen = Buffer.alloc(0);
      }
    }
    if (start < chunk.byteLength) yield chunk.subarray(start);
  }
}
