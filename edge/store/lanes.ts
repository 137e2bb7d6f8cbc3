/**
 * The device's outbox on disk: each lane a chain of rows that stay until the system of record has
 * confirmed them. Invariants: `(lane, epoch, seq)` names one line forever; a line is hashed onto the
 * one before it when it is written and its bytes never change; rows from `acked_seq + 1` on are
 * contiguous, a gap line covering what was given up. It decides nothing about sending: `sync/outbox`.
 */
import { chainStart, type Lane } from '@signalbeam/sync/core/lanes';
import { extendChain } from '@signalbeam/sync/wire/chain';
import type { Database } from 'better-sqlite3';
import { createFolds, type Folds } from './folds.ts';
import { rowText } from './lane-lines.ts';
import {
  type Between,
  type GapReason,
  giveUp,
  giveUpBetween,
  newEpoch,
  noteLoss,
  renumber,
} from './lane-rewrites.ts';
import { type LaneRow, prepare, readRows, type Statements } from './lane-statements.ts';
import { packLine } from './packed-line.ts';
import { createRecent, type Recent } from './recent.ts';

export type LaneHead = {
  lane: Lane;
  epoch: string;
  lastSeq: number;
  lastHash: string;
  ackedSeq: number;
  ackedHash: string;
  ackedAt: number | null;
  /** Newest row that a frame may ever have held; null when all may have been. */
  releasedSeq: number | null;
};

export type Backlog = { rows: number; bytes: number; oldestAt: number | null };
export type NewRow = { at: number; body: unknown };

/** The port: lanes in one file, and what the same file keeps beside them. */
export type LaneStore = {
  lanes: readonly Lane[];
  head(lane: Lane): LaneHead;
  /** Inside the caller's transaction if there is one, so that a decision and its event are one commit. */
  append(lane: Lane, rows: readonly NewRow[]): LaneHead;
  /** Rows after `seq` in order. A gap line that began before `seq` is given whole. */
  peek(lane: Lane, afterSeq: number, rowsMax: number): LaneRow[];
  /** The chain's hash at `seq`, or null when the row is gone or lies within a gap. */
  hashAt(lane: Lane, seq: number): string | null;
  /** Several acts as one commit of this store's own. */
  group<T>(work: () => T): T;
  backlog(lane: Lane): Backlog;
  /** Forgets what the system of record has; the caller compared the hashes. */
  confirm(lane: Lane, upTo: number, hash: string, now: number): void;
  /** Replaces rows up to `upTo` (a row's own `seq`) by one gap line. Gives how many rows it removed. */
  giveUp(lane: Lane, upTo: number, reason: GapReason, now: number): number;
  /** Replaces rows that no frame ever held, from `fromSeq` to `toSeq`, by one gap line. */
  giveUpBetween(lane: Lane, range: Between, reason: GapReason, now: number): void;
  /** The system of record went back to `upTo`: what it had confirmed after that is said to be lost. */
  noteLoss(lane: Lane, upTo: number, hash: string, now: number): void;
  /** A new epoch: what is not confirmed is written again from 1, under names nobody has used. */
  renumber(lane: Lane): void;
  /** From now on no frame takes rows of this lane after its last one, until `release`. */
  hold(lane: Lane): void;
  release(lane: Lane): void;
  folds(): Folds;
  recent(): Recent;
};

/** Makes the lanes that are missing and gives the acts on them. One store per database file. */
export const openLanes = (database: Database, lanes: readonly Lane[]): LaneStore => {
  const statements = prepare(database);
  for (const lane of lanes) statements.create.run({ lane, epoch: newEpoch(), hash: chainStart });
  const figures = countBacklog(statements);

  const head = (lane: Lane): LaneHead => {
    const found = statements.head.get(lane);
    if (found === undefined) throw new Error(`no lane ${lane} in this file`);
    return found as LaneHead;
  };
  let grouped = false;
  const group = <T>(work: () => T): T => {
    grouped = true;
    try {
      return database.transaction(work).immediate();
    } catch (cause) {
      for (const lane of lanes) figures.forget(lane);
      throw cause;
    } finally {
      grouped = false;
    }
  };
  /** Every act that changes more than the end of a lane is one commit, and the figures are counted anew. */
  const rewrite = <T>(lane: Lane, work: (head: LaneHead) => T): T => {
    figures.forget(lane);
    return together(database, () => work(head(lane)));
  };

  const append = (lane: Lane, rows: readonly NewRow[]): LaneHead => {
    if (database.inTransaction && !grouped) figures.forget(lane);
    return together(database, () => {
      let { lastSeq: seq, lastHash: hash } = head(lane);
      for (const row of rows) {
        seq += 1;
        const line = rowText(seq, row);
        hash = extendChain(hash, line);
        const stored = isPacked(lane) ? packLine(line) : line;
        statements.insert.run({ lane, seq, firstSeq: seq, at: row.at, line: stored, hash });
        figures.add(lane, 1, Buffer.byteLength(stored));
      }
      statements.advance.run({ lane, seq, hash });
      return head(lane);
    });
  };

  const peek = (lane: Lane, afterSeq: number, rowsMax: number): LaneRow[] =>
    readRows(statements, { lane, afterSeq, rowsMax });

  return {
    lanes,
    head,
    append,
    peek,
    hashAt: (lane: Lane, seq: number): string | null => hashAt(statements, head(lane), seq),
    group,
    backlog: (lane: Lane): Backlog => figures.of(head(lane), !database.inTransaction || grouped),
    confirm: (lane: Lane, upTo: number, hash: string, now: number): void =>
      together(database, () => {
        const { rows, bytes } = statements.sizeUpTo.get({ lane, upTo }) as Size;
        figures.add(lane, -rows, -bytes);
        statements.confirm.run({ lane, upTo, hash, now });
        statements.removeUpTo.run({ lane, upTo });
      }),
    ...rewriting(statements, rewrite),
    folds: () => createFolds(database),
    recent: () => createRecent(database),
    hold: (lane: Lane): void => {
      together(database, () => statements.hold.run(lane));
    },
    release: (lane: Lane): void => {
      if (head(lane).releasedSeq !== null) together(database, () => statements.release.run(lane));
    },
  };
};

/** The acts that change more than a lane's end, each one commit. */
const rewriting = (
  statements: Statements,
  rewrite: <T>(lane: Lane, work: (head: LaneHead) => T) => T,
) => ({
  giveUp: (lane: Lane, upTo: number, reason: GapReason, now: number): number =>
    rewrite(lane, (at) => giveUp(statements, at, upTo, reason, now)),
  giveUpBetween: (lane: Lane, range: Between, reason: GapReason, now: number): void =>
    rewrite(lane, (at) => giveUpBetween(statements, at, range, reason, now)),
  noteLoss: (lane: Lane, upTo: number, hash: string, now: number): void =>
    rewrite(lane, (at) => noteLoss(statements, at, upTo, hash, now)),
  renumber: (lane: Lane): void => rewrite(lane, (at) => renumber(statements, at)),
});

type Size = { rows: number; bytes: number };

/** Backlog figures kept in memory; counted anew after anything but appending and confirming. */
const countBacklog = (statements: Statements) => {
  const known = new Map<Lane, Size>();
  return {
    /** An outer transaction may still be rolled back, so its rows are not counted but recounted. */
    add: (lane: Lane, rows: number, bytes: number): void => {
      const size = known.get(lane);
      if (size === undefined) return;
      known.set(lane, { rows: size.rows + rows, bytes: size.bytes + bytes });
    },
    forget: (lane: Lane): void => {
      known.delete(lane);
    },
    of: ({ lane, ackedSeq }: LaneHead, lasting: boolean): Backlog => {
      const size = known.get(lane) ?? (statements.size.get({ lane, ackedSeq }) as Size);
      if (lasting) known.set(lane, size);
      const oldestAt = statements.oldestAt.get({ lane, ackedSeq }) as number | undefined;
      return { ...size, oldestAt: oldestAt ?? null };
    },
  };
};

/** Samples say the same words in every line. */
const isPacked = (lane: Lane): boolean => lane === 'metrics' || lane === 'backfill';

/** Joins the transaction that is open, or makes one. */
const together = <T>(database: Database, work: () => T): T =>
  database.inTransaction ? work() : database.transaction(work).immediate();

const hashAt = (statements: Statements, head: LaneHead, seq: number): string | null => {
  const { lane, ackedSeq, ackedHash, lastSeq, lastHash } = head;
  if (seq === 0) return chainStart;
  if (seq === ackedSeq) return ackedHash;
  if (seq === lastSeq) return lastHash;
  return (statements.hashAt.get({ lane, seq }) as string | undefined) ?? null;
};
