/**
 * The outbox's lanes on the model disk: the port of `edge/store/lanes`, over arrays. It runs the same
 * behaviour suite as the one over SQLite; how lines read and what they hash to is not its own.
 */
import type { Folds } from '@signalbeam/edge/store/folds';
import { gapText, joinableFrom, renumbered, rowText } from '@signalbeam/edge/store/lane-lines';
import type { LaneRow } from '@signalbeam/edge/store/lane-statements';
import type { LaneHead, LaneStore, NewRow } from '@signalbeam/edge/store/lanes';
import { chainStart, type Lane } from '@signalbeam/sync/core/lanes';
import { extendChain } from '@signalbeam/sync/wire/chain';
import { type Disk, diskFull, type LaneContent } from './disk.ts';

export type LaneWatch = {
  appended(lane: Lane, epoch: string, row: LaneRow): void;
  confirming(lane: LaneContent, upTo: number): void;
  lossNoted(lane: LaneContent, upTo: number): void;
  renumbered(lane: Lane, from: { epoch: string; rows: readonly LaneRow[] }, to: LaneContent): void;
};

const startLane = (lane: Lane, epoch: string): LaneContent => ({
  lane,
  epoch,
  lastSeq: 0,
  lastHash: chainStart,
  ackedSeq: 0,
  ackedHash: chainStart,
  ackedAt: null,
  releasedSeq: null,
  rows: [],
  bytes: 0,
});

/** What is asked is a copy: what happens to the lane later does not change it. */
const headOf = (lane: LaneContent): LaneHead => ({
  lane: lane.lane,
  epoch: lane.epoch,
  lastSeq: lane.lastSeq,
  lastHash: lane.lastHash,
  ackedSeq: lane.ackedSeq,
  ackedHash: lane.ackedHash,
  ackedAt: lane.ackedAt,
  releasedSeq: lane.releasedSeq,
});

/** Characters of the rows from index `start` up to `end`. */
const sizeOf = (rows: readonly LaneRow[], start: number, end: number): number => {
  let sum = 0;
  for (let index = start; index < end; index += 1) sum += (rows[index] as LaneRow).line.length;
  return sum;
};

/** First index whose row ends after `seq`. */
const indexAfter = (rows: readonly LaneRow[], seq: number): number => {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle] as LaneRow).seq <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
};

const rowAt = (rows: readonly LaneRow[], seq: number): LaneRow | undefined => {
  const row = rows[indexAfter(rows, seq - 1)];
  return row?.seq === seq ? row : undefined;
};

export type LaneStoreParts = {
  disk: Disk;
  lanes: readonly Lane[];
  newEpoch: () => string;
  watch: LaneWatch;
  /** How a line is hashed onto the one before. */
  extend?: typeof extendChain;
  /** Whether a full disk stops this file from growing; `state.db` has room set aside. */
  reserved: boolean;
};

export const createLaneStore = (parts: LaneStoreParts): LaneStore => {
  const { disk, lanes, newEpoch, watch, extend = extendChain } = parts;
  const at = (name: Lane): LaneContent => {
    const lane = disk.content.lanes.get(name);
    if (lane === undefined) throw new Error(`no lane ${name} in this file`);
    return lane;
  };
  for (const lane of lanes) {
    if (!disk.content.lanes.has(lane)) disk.content.lanes.set(lane, startLane(lane, newEpoch()));
  }
  const append = (name: Lane, rows: readonly NewRow[]): LaneHead =>
    disk.commit(() => {
      const lane = at(name);
      if (disk.full && !parts.reserved) throw diskFull();
      for (const row of rows) {
        const seq = lane.lastSeq + 1;
        const line = rowText(seq, row);
        const hash = extend(lane.lastHash, line);
        const written = { seq, firstSeq: seq, at: row.at, line, hash };
        lane.rows.push(written);
        lane.lastSeq = seq;
        lane.lastHash = hash;
        lane.bytes += line.length;
        if (!disk.orphaned) watch.appended(name, lane.epoch, written);
      }
      return headOf(lane);
    });

  return {
    lanes,
    head: (name) => headOf(at(name)),
    append,
    peek: (name, afterSeq, rowsMax) => {
      const { rows } = at(name);
      const start = indexAfter(rows, afterSeq);
      return rows.slice(start, start + rowsMax);
    },
    hashAt: (name, seq) => {
      const { ackedSeq, ackedHash, lastSeq, lastHash, rows } = at(name);
      if (seq === 0) return chainStart;
      if (seq === ackedSeq) return ackedHash;
      if (seq === lastSeq) return lastHash;
      return rowAt(rows, seq)?.hash ?? null;
    },
    group: (work) => disk.commit(work),
    backlog: (name) => {
      const { rows, bytes } = at(name);
      return { rows: rows.length, bytes, oldestAt: rows[0]?.at ?? null };
    },
    confirm: (name, upTo, hash, now) =>
      disk.commit(() => {
        const lane = at(name);
        if (!disk.orphaned) watch.confirming(lane, upTo);
        const forgotten = indexAfter(lane.rows, upTo);
        lane.bytes -= sizeOf(lane.rows, 0, forgotten);
        lane.rows = lane.rows.slice(forgotten);
        Object.assign(lane, { ackedSeq: upTo, ackedHash: hash, ackedAt: now });
      }),
    ...rewriting(parts, at),
    hold: (name) =>
      disk.commit(() => {
        const lane = at(name);
        lane.releasedSeq ??= lane.lastSeq;
      }),
    release: (name) =>
      disk.commit(() => {
        at(name).releasedSeq = null;
      }),
    folds: () => createFolds(disk),
    recent: () => ({ add: () => undefined, newest: () => [] }),
  };
};

/** Puts one gap line in place of the rows from index `start` up to `end`. */
const replace = (lane: LaneContent, start: number, end: number, gap: LaneRow): void => {
  lane.bytes += gap.line.length - sizeOf(lane.rows, start, end);
  lane.rows = [...lane.rows.slice(0, start), gap, ...lane.rows.slice(end)];
};

const rewriting = (
  { disk, newEpoch, watch }: LaneStoreParts,
  at: (lane: Lane) => LaneContent,
): Pick<LaneStore, 'giveUp' | 'giveUpBetween' | 'noteLoss' | 'renumber'> => ({
  giveUp: (name, upTo, reason, now) =>
    disk.commit(() => {
      const lane = at(name);
      const last = rowAt(lane.rows, upTo);
      const first = lane.rows[0];
      if (first === undefined || last === undefined || upTo <= lane.ackedSeq) return 0;
      const removed = indexAfter(lane.rows, upTo);
      const gap = { from: first.firstSeq, to: upTo, reason, hash: last.hash };
      const row = { seq: upTo, firstSeq: gap.from, at: now, line: gapText(gap), hash: last.hash };
      replace(lane, 0, removed, row);
      if (lane.releasedSeq !== null && upTo > lane.releasedSeq) lane.releasedSeq = upTo;
      return removed;
    }),
  giveUpBetween: (name, { fromSeq, toSeq }, reason, now) =>
    disk.commit(() => {
      const lane = at(name);
      const { releasedSeq, lastSeq } = lane;
      const last = rowAt(lane.rows, toSeq);
      if (last === undefined) throw new Error(`${name} has no row ${toSeq}`);
      if (releasedSeq === null || fromSeq <= releasedSeq || fromSeq > toSeq || toSeq > lastSeq)
        throw new Error(`rows ${fromSeq} to ${toSeq} of ${name} may be in a frame`);
      const before = rowAt(lane.rows, fromSeq - 1);
      const from =
        (before === undefined ? null : joinableFrom(before.line, reason, releasedSeq)) ?? fromSeq;
      const start = indexAfter(lane.rows, from - 1);
      const line = gapText({ from, to: toSeq, reason, hash: last.hash });
      const row = { seq: toSeq, firstSeq: from, at: now, line, hash: last.hash };
      replace(lane, start, indexAfter(lane.rows, toSeq), row);
    }),
  noteLoss: (name, upTo, hash, now) =>
    disk.commit(() => {
      const lane = at(name);
      const { ackedSeq, ackedHash } = lane;
      if (upTo >= ackedSeq) throw new Error('only confirmed rows can be lost by a restore');
      if (!disk.orphaned) watch.lossNoted(lane, upTo);
      const gap = {
        from: upTo + 1,
        to: ackedSeq,
        reason: 'lost-by-restore',
        hash: ackedHash,
      } as const;
      const row = {
        seq: ackedSeq,
        firstSeq: gap.from,
        at: now,
        line: gapText(gap),
        hash: ackedHash,
      };
      replace(lane, 0, indexAfter(lane.rows, ackedSeq), row);
      Object.assign(lane, { ackedSeq: upTo, ackedHash: hash, ackedAt: now });
    }),
  renumber: (name) =>
    disk.commit(() => {
      const lane = at(name);
      const before = { epoch: lane.epoch, rows: lane.rows };
      let last = { seq: 0, hash: chainStart };
      lane.rows = lane.rows.map((row) => {
        const { firstSeq, seq, line, hash } = renumbered(row, last, lane.ackedSeq);
        last = { seq, hash };
        return { seq, firstSeq, at: row.at, line, hash };
      });
      Object.assign(lane, {
        bytes: sizeOf(lane.rows, 0, lane.rows.length),
        epoch: newEpoch(),
        lastSeq: last.seq,
        lastHash: last.hash,
        ackedSeq: 0,
        ackedHash: chainStart,
        releasedSeq: lane.releasedSeq === null ? null : 0,
      });
      if (!disk.orphaned) watch.renumbered(name, before, lane);
    }),
});

const createFolds = (disk: Disk): Folds => ({
  isEmpty: () => disk.content.folds.length === 0,
  fold: (body, at) =>
    disk.commit(() => {
      const known = disk.content.folds.find(({ type }) => type === body.type);
      const others = disk.content.folds.filter((each) => each !== known);
      const severity = known?.severity === 'error' ? 'error' : body.severity;
      const count = (known?.count ?? 0) + 1;
      const firstAt = known?.firstAt ?? at;
      disk.content.folds = [...others, { ...body, severity, count, firstAt, lastAt: at }];
    }),
  takeAll: () => {
    const folds = disk.content.folds;
    disk.content.folds = [];
    return folds.map(({ type, severity, message, count, firstAt, lastAt }) => ({
      type,
      severity,
      message,
      data: { folded: count, firstAt, lastAt },
    }));
  },
});
