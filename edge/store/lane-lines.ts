/**
 * The lines of a lane as text: how a row is written, how a gap is said, how a line reads under a new
 * number. Every store of lanes writes these same bytes, because they are hashed. Pure.
 */
import { extendChain } from '@signalbeam/sync/wire/chain';
import type { GapLine } from '@signalbeam/sync/wire/rows';

export const rowText = (seq: number, row: { at: number; body: unknown }): string =>
  JSON.stringify({ seq, at: row.at, body: row.body });

export const gapText = (gap: GapLine['gap']): string => JSON.stringify({ gap } satisfies GapLine);

export const isGap = (line: string): boolean => line.startsWith('{"gap":');

export type RenumberedLine = { firstSeq: number; seq: number; line: string; hash: string };

/**
 * The same row or gap under the numbers that follow `last`. `coveredUpTo` is confirmed already: a gap
 * that began before it keeps only the rest.
 */
export const renumbered = (
  row: { firstSeq: number; seq: number; line: string },
  last: { seq: number; hash: string },
  coveredUpTo: number,
): RenumberedLine => {
  const firstSeq = last.seq + 1;
  const seq = last.seq + row.seq - Math.max(row.firstSeq, coveredUpTo + 1) + 1;
  if (isGap(row.line)) {
    const { reason } = (JSON.parse(row.line) as GapLine).gap;
    const hash = extendChain(last.hash, `gap ${firstSeq}-${seq} ${reason}`);
    return { firstSeq, seq, hash, line: gapText({ from: firstSeq, to: seq, reason, hash }) };
  }
  const line = row.line.replace(/^\{"seq":\d+/, `{"seq":${seq}`);
  return { firstSeq, seq, line, hash: extendChain(last.hash, line) };
};

/**
 * Where a gap line begins if it may become one with the gap right after it: of the same reason and
 * held by no frame, so that gaps don't pile up. Null when it may not.
 */
export const joinableFrom = (
  line: string,
  reason: GapLine['gap']['reason'],
  releasedSeq: number,
): number | null => {
  if (!isGap(line)) return null;
  const { gap } = JSON.parse(line) as GapLine;
  return gap.reason === reason && gap.from > releasedSeq ? gap.from : null;
};
