/**
 * What changes more than a lane's end: rows that give way to a gap line, rows the system of record
 * lost, a new epoch. Every act here is part of one commit of the caller, and the chain's hash after
 * it is the hash that was there before, so that the rows that follow keep theirs.
 */
import { randomBytes } from 'node:crypto';
import { chainStart } from '@signalbeam/sync/core/lanes';
import type { GapLine } from '@signalbeam/sync/wire/rows';
import { gapText, joinableFrom, renumbered } from './lane-lines.ts';
import { readRows, type Statements } from './lane-statements.ts';
import type { LaneHead } from './lanes.ts';

export type GapReason = GapLine['gap']['reason'];

export const newEpoch = (): string => randomBytes(8).toString('hex');

export const giveUp = (
  { oldest, hashAt, removeUpTo, insert, releaseUpTo }: Statements,
  { lane, ackedSeq, releasedSeq }: LaneHead,
  upTo: number,
  reason: GapReason,
  now: number,
): number => {
  const from = oldest.get({ lane, ackedSeq }) as number | null;
  const hash = hashAt.get({ lane, seq: upTo }) as string | undefined;
  if (from === null || hash === undefined || upTo <= ackedSeq) return 0;
  const removed = removeUpTo.run({ lane, upTo }).changes;
  const line = gapText({ from, to: upTo, reason, hash });
  insert.run({ lane, seq: upTo, firstSeq: from, at: now, line, hash });
  // What is gone can be in no later frame: a held lane may tell its gap at once.
  if (releasedSeq !== null && upTo > releasedSeq) releaseUpTo.run({ lane, upTo });
  return removed;
};

export type Between = { fromSeq: number; toSeq: number };

/** The range starts and ends with a row's own numbers; the chain goes on with the hash at its end. */
export const giveUpBetween = (
  { hashAt, gapBefore, removeBetween, insert }: Statements,
  { lane, lastSeq, releasedSeq }: LaneHead,
  { fromSeq, toSeq }: Between,
  reason: GapReason,
  now: number,
): void => {
  const hash = hashAt.get({ lane, seq: toSeq }) as string | undefined;
  if (hash === undefined) throw new Error(`${lane} has no row ${toSeq}`);
  if (releasedSeq === null || fromSeq <= releasedSeq || fromSeq > toSeq || toSeq > lastSeq)
    throw new Error(`rows ${fromSeq} to ${toSeq} of ${lane} may be in a frame`);
  const from =
    startOfGap(gapBefore.get({ lane, seq: fromSeq - 1 }), reason, releasedSeq) ?? fromSeq;
  removeBetween.run({ lane, fromSeq: from, toSeq });
  const line = gapText({ from, to: toSeq, reason, hash });
  insert.run({ lane, seq: toSeq, firstSeq: from, at: now, line, hash });
};

const startOfGap = (before: unknown, reason: GapReason, releasedSeq: number): number | null => {
  const { line } = (before ?? { line: null }) as { line: string | Uint8Array | null };
  return typeof line === 'string' ? joinableFrom(line, reason, releasedSeq) : null;
};

export const noteLoss = (
  { removeUpTo, confirm, insert }: Statements,
  { lane, ackedSeq, ackedHash }: LaneHead,
  upTo: number,
  hash: string,
  now: number,
): void => {
  if (upTo >= ackedSeq) throw new Error('only confirmed rows can be lost by a restore');
  removeUpTo.run({ lane, upTo: ackedSeq });
  confirm.run({ lane, upTo, hash, now });
  const gap = { from: upTo + 1, to: ackedSeq, reason: 'lost-by-restore', hash: ackedHash } as const;
  const row = { lane, seq: gap.to, firstSeq: gap.from, at: now, hash: ackedHash };
  insert.run({ ...row, line: gapText(gap) });
};

export const renumber = (statements: Statements, { lane, ackedSeq }: LaneHead): void => {
  const rows = readRows(statements, { lane, afterSeq: ackedSeq, rowsMax: -1 });
  statements.clear.run(lane);
  let last = { seq: 0, hash: chainStart };
  for (const row of rows) {
    const { firstSeq, seq, line, hash } = renumbered(row, last, ackedSeq);
    last = { seq, hash };
    statements.insert.run({ lane, seq, firstSeq, at: row.at, line, hash });
  }
  statements.restart.run({ lane, epoch: newEpoch(), ...last, start: chainStart });
};
