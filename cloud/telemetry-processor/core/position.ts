/**
 * Which lines of a frame are new. A position is how far a lane's rows are committed and what they
 * hash to; a frame extends it only when it starts at or before the next sequence and agrees on the
 * hash. Any order, repetition or loss of frames leads to the same rows, each once.
 * Sans IO: the caller holds the position's row locked and stores what this says.
 */
export type Position = { upTo: number; hash: string };

/** A frame as far as positions care: per line the last sequence it covers and the hash after it. */
export type Extent = {
  firstSeq: number;
  lastSeq: number;
  /** The hash before the first line. */
  before: string;
  /** A row covers one sequence, a gap line several. */
  ends: readonly number[];
  hashes: readonly string[];
};

export type Decision =
  /** Store lines from `fromLine` on; `fromSeq` is the first sequence they add. */
  | { kind: 'new'; fromLine: number; fromSeq: number; position: Position }
  /** Everything in it is committed already. */
  | { kind: 'known' }
  /** Something before it is missing: the device must send from the position on. */
  | { kind: 'ahead' }
  /** The two ends disagree on a row: the device must make a new epoch. */
  | { kind: 'mismatch' };

export const decide = (position: Position, extent: Extent): Decision => {
  const { upTo, hash } = position;
  const { firstSeq, lastSeq, before, ends, hashes } = extent;
  if (firstSeq > upTo + 1) return { kind: 'ahead' };
  if (firstSeq === upTo + 1) {
    return before === hash
      ? { kind: 'new', fromLine: 0, fromSeq: firstSeq, position: endOf(extent) }
      : { kind: 'mismatch' };
  }
  if (upTo > lastSeq) return { kind: 'known' };
  const fromLine = ends.findIndex((end) => end > upTo);
  const checked = fromLine === -1 ? ends.length - 1 : fromLine - 1;
  // The position may lie inside a gap line: the hash there is nobody's to compare, and the line
  // is signed by the device, which alone may give its rows up.
  if (ends[checked] === upTo && hashes[checked] !== hash) return { kind: 'mismatch' };
  return fromLine === -1
    ? { kind: 'known' }
    : { kind: 'new', fromLine, fromSeq: upTo + 1, position: endOf(extent) };
};

const endOf = (extent: Extent): Position => ({
  upTo: extent.lastSeq,
  hash: extent.hashes.at(-1) ?? extent.before,
});
