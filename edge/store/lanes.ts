/**
 * The device's outbox on disk: each lane a chain of rows that stay until the system of record has
 * confirmed them. Invariants: `(lane, epoch, seq)` names one line forever; a line is hashed onto the
 * one before it when it is written and its bytes never change; rows from `acked_seq + 1` on are
 * contiguous, a gap line covering what was given up. It decides nothing about sending: `sync/outbox`.
 */
import { randomBytes } from 'node:crypto';
import { chainStart, type Lane } from '@signalbeam/sync/core/lanes';
import { extendChain } from '@signalbeam/sync/wire/chain';
import type { GapLine } from '@signalbeam/sync/wire/rows';
import type { Database } from 'better-sqlite3';
import { packLine, unpackLine } from './packed-line.ts';

export type LaneHead = {
  lane: Lane;
  epoch: string;
  lastSeq: number;
  lastHash: string;
  ackedSeq: number;
  ackedHash: string;
  ackedAt: number | null;
};

export type LaneRow = { seq: number; firstSeq: number; at: number; line: string; hash: string };
export type Backlog = { rows: number; bytes: number; oldestAt: number | null };
export type NewRow = { at: number; body: unknown };
export type GapReason = GapLine['gap']['reason'];
export type LaneStore = ReturnType<typeof openLanes>;

/** Makes the lanes that are missing and gives the acts on them. One store per database file. */
export const openLanes = (database: Database, lanes: readonly Lane[]) => {
  const statements = prepare(database);
  for (const lane of lanes) statements.create.run({ lane, epoch: newEpoch(), hash: chainStart });
  const figures = countBacklog(statements);

  const head = (lane: Lane): LaneHead => {
    const found = statements.head.get(lane);
    if (found === undefined) throw new Error(`no lane ${lane} in this file`);
    return found as LaneHead;
  };
  let grouped = false;
  /** Several acts as one commit of this store's own. */
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

  /** Inside the caller's transaction if there is one, so that a decision and its event are one commit. */
  const append = (lane: Lane, rows: readonly NewRow[]): LaneHead => {
    if (database.inTransaction && !grouped) figures.forget(lane);
    return together(database, () => {
      let { lastSeq: seq, lastHash: hash } = head(lane);
      for (const { at, body } of rows) {
        seq += 1;
        const line = JSON.stringify({ seq, at, body });
        hash = extendChain(hash, line);
        const stored = lane === 'metrics' ? packLine(line) : line;
        statements.insert.run({ lane, seq, firstSeq: seq, at, line: stored, hash });
        figures.add(lane, 1, Buffer.byteLength(stored));
      }
      statements.advance.run({ lane, seq, hash });
      return head(lane);
    });
  };

  /** Rows after `seq` in order. A gap line that began before `seq` is given whole. */
  const peek = (lane: Lane, afterSeq: number, rowsMax: number): LaneRow[] =>
    readRows(statements, { lane, afterSeq, rowsMax });

  return {
    lanes,
    database,
    head,
    append,
    peek,
    /** The chain's hash at `seq`, or null when the row is gone or lies within a gap. */
    hashAt: (lane: Lane, seq: number): string | null => hashAt(statements, head(lane), seq),
    group,
    backlog: (lane: Lane): Backlog => figures.of(head(lane), !database.inTransaction || grouped),
    /** Forgets what the system of record has; the caller compared the hashes. */
    confirm: (lane: Lane, upTo: number, hash: string, now: number): void =>
      together(database, () => {
        const { rows, bytes } = statements.sizeUpTo.get({ lane, upTo }) as Size;
        figures.add(lane, -rows, -bytes);
        statements.confirm.run({ lane, upTo, hash, now });
        statements.removeUpTo.run({ lane, upTo });
      }),
    /** Replaces rows up to `upTo` (a row's own `seq`) by one gap line. Gives how many rows it removed. */
    giveUp: (lane: Lane, upTo: number, reason: GapReason, now: number): number =>
      rewrite(lane, (at) => giveUp(statements, at, upTo, reason, now)),
    /** The system of record went back to `upTo`: what it had confirmed after that is said to be lost. */
    noteLoss: (lane: Lane, upTo: number, hash: string, now: number): void =>
      rewrite(lane, (at) => noteLoss(statements, at, upTo, hash, now)),
    /** A new epoch: what is not confirmed is written again from 1, under names nobody has used. */
    renumber: (lane: Lane): LaneHead =>
      rewrite(lane, (at) => {
        renumber(statements, at);
        return head(lane);
      }),
  };
};

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

type Statements = ReturnType<typeof prepare>;

const prepare = (database: Database) => ({
  create: database.prepare(
    `INSERT INTO lanes (lane, epoch, last_seq, last_hash, acked_seq, acked_hash)
     VALUES (@lane, @epoch, 0, @hash, 0, @hash) ON CONFLICT DO NOTHING`,
  ),
  head: database.prepare(
    `SELECT lane, epoch, last_seq AS lastSeq, last_hash AS lastHash, acked_seq AS ackedSeq,
       acked_hash AS ackedHash, acked_at AS ackedAt FROM lanes WHERE lane = ?`,
  ),
  insert: database.prepare(
    `INSERT INTO lane_rows (lane, seq, first_seq, at, line, hash)
     VALUES (@lane, @seq, @firstSeq, @at, @line, @hash)`,
  ),
  advance: database.prepare(
    'UPDATE lanes SET last_seq = @seq, last_hash = @hash WHERE lane = @lane',
  ),
  peek: database.prepare(
    `SELECT seq, first_seq AS firstSeq, at, line, hash FROM lane_rows
     WHERE lane = @lane AND seq > @afterSeq ORDER BY seq LIMIT @rowsMax`,
  ),
  hashAt: database.prepare('SELECT hash FROM lane_rows WHERE lane = @lane AND seq = @seq').pluck(),
  confirm: database.prepare(
    `UPDATE lanes SET acked_seq = @upTo, acked_hash = @hash, acked_at = @now WHERE lane = @lane`,
  ),
  removeUpTo: database.prepare('DELETE FROM lane_rows WHERE lane = @lane AND seq <= @upTo'),
  size: database.prepare(
    `SELECT count(*) AS rows, coalesce(sum(octet_length(line)), 0) AS bytes
     FROM lane_rows WHERE lane = @lane AND seq > @ackedSeq`,
  ),
  sizeUpTo: database.prepare(
    `SELECT count(*) AS rows, coalesce(sum(octet_length(line)), 0) AS bytes
     FROM lane_rows WHERE lane = @lane AND seq <= @upTo`,
  ),
  oldestAt: database
    .prepare('SELECT at FROM lane_rows WHERE lane = @lane AND seq > @ackedSeq ORDER BY seq LIMIT 1')
    .pluck(),
  oldest: database
    .prepare('SELECT min(first_seq) FROM lane_rows WHERE lane = @lane AND seq > @ackedSeq')
    .pluck(),
  restart: database.prepare(
    `UPDATE lanes SET epoch = @epoch, last_seq = @seq, last_hash = @hash, acked_seq = 0,
       acked_hash = @start WHERE lane = @lane`,
  ),
  clear: database.prepare('DELETE FROM lane_rows WHERE lane = ?'),
});

type StoredRow = Omit<LaneRow, 'line'> & { line: string | Uint8Array };

const readRows = (
  { peek }: Statements,
  range: { lane: Lane; afterSeq: number; rowsMax: number },
): LaneRow[] =>
  (peek.all(range) as StoredRow[]).map((row) => ({ ...row, line: unpackLine(row.line) }));

/** Joins the transaction that is open, or makes one. */
const together = <T>(database: Database, work: () => T): T =>
  database.inTransaction ? work() : database.transaction(work).immediate();

export const newEpoch = (): string => randomBytes(8).toString('hex');

const gapText = (gap: GapLine['gap']): string => JSON.stringify({ gap } satisfies GapLine);

const hashAt = (statements: Statements, head: LaneHead, seq: number): string | null => {
  const { lane, ackedSeq, ackedHash, lastSeq, lastHash } = head;
  if (seq === 0) return chainStart;
  if (seq === ackedSeq) return ackedHash;
  if (seq === lastSeq) return lastHash;
  return (statements.hashAt.get({ lane, seq }) as string | undefined) ?? null;
};

const giveUp = (
  { oldest, hashAt, removeUpTo, insert }: Statements,
  { lane, ackedSeq }: LaneHead,
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
  return removed;
};

const noteLoss = (
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

const renumber = (statements: Statements, { lane, ackedSeq }: LaneHead): void => {
  const rows = readRows(statements, { lane, afterSeq: ackedSeq, rowsMax: -1 });
  statements.clear.run(lane);
  let seq = 0;
  let hash = chainStart;
  for (const row of rows) {
    const firstSeq = seq + 1;
    seq += row.seq - Math.max(row.firstSeq, ackedSeq + 1) + 1;
    const line = renumbered(row, firstSeq, seq, hash);
    hash = isGap(line) ? (JSON.parse(line) as GapLine).gap.hash : extendChain(hash, line);
    statements.insert.run({ lane, seq, firstSeq, at: row.at, line, hash });
  }
  statements.restart.run({ lane, epoch: newEpoch(), seq, hash, start: chainStart });
};

const isGap = (line: string): boolean => line.startsWith('{"gap":');

const renumbered = (row: LaneRow, firstSeq: number, seq: number, before: string): string => {
  if (!isGap(row.line)) return row.line.replace(/^\{"seq":\d+/, `{"seq":${seq}`);
  const { reason } = (JSON.parse(row.line) as GapLine).gap;
  const hash = extendChain(before, `gap ${firstSeq}-${seq} ${reason}`);
  return gapText({ from: firstSeq, to: seq, reason, hash });
};
