/** True bytes as somebody hostile, or a bad line, would change them: for the tests of decoders. */
import fc from 'fast-check';

const at = (bytes: Uint8Array) => fc.nat(Math.max(0, bytes.byteLength - 1));

/** Bits turned, cut short, joined with other true bytes, a part said twice, and bytes of nobody. */
export const mutantsOf = (
  samples: readonly Uint8Array[],
  bytesMax = 2_048,
): fc.Arbitrary<Uint8Array> => {
  const sample = fc.constantFrom(...samples);
  const two = fc.tuple(sample, sample);
  return fc.oneof(
    sample.chain((bytes) =>
      fc.tuple(at(bytes), fc.nat(7)).map(([place, bit]) => {
        const changed = Uint8Array.from(bytes);
        changed[place] = (changed[place] ?? 0) ^ (1 << bit);
        return changed;
      }),
    ),
    sample.chain((bytes) => at(bytes).map((end) => bytes.slice(0, end))),
    two.chain(([left, right]) =>
      fc
        .tuple(at(left), at(right))
        .map(([end, start]) => Buffer.concat([left.subarray(0, end), right.subarray(start)])),
    ),
    sample.chain((bytes) =>
      fc
        .tuple(at(bytes), at(bytes))
        .map(([start, end]) => Buffer.concat([bytes, bytes.subarray(start, end)])),
    ),
    fc.uint8Array({ maxLength: bytesMax }),
  );
};
