/**
 * One session of looking at a log, on the device: what waits to be sent, what goes next, and when it
 * is over. No clock of its own: `now` is milliseconds that only grow. Invariants: one piece is on its
 * way at a time; what waits is bounded and the oldest lines leave first, counted where they were;
 * without answers the session ends by itself, and with whatever answers soon after the end that was
 * signed: from then on nothing is taken in, and what waits has a lease's time to go.
 */
import {
  type LogAnswer,
  type LogEnd,
  type LogEntry,
  logKeepAliveMs,
  logLeaseMs,
  logPieceBytesMax,
  logPieceEntriesMax,
} from '@signalbeam/sync/core/log-session';

/** More than fills a screen; a program that writes faster is shown in part. */
export const waitingLinesMax = 1_000;
export const waitingBytesMax = 256 * 1024;
/** Between two pieces: nobody reads faster, and a slow link is left to what must arrive. */
export const gapMs = 250;
/** A container that says nothing: who looks learns soon that the device is there. */
export const firstWordMs = 800;
/** After `wait`, and after an answer that did not come. */
export const pauseMs = 1_000;

export type Piece = { seq: number; entries: LogEntry[]; ended: LogEnd | null };

export type NextOfSession =
  | { kind: 'send'; piece: Piece }
  | { kind: 'wait'; untilMs: number }
  | { kind: 'over' };

export type LogSession = ReturnType<typeof startLogSession>;

/** Brackets and commas included. */
const bytesOf = (entry: LogEntry): number => Buffer.byteLength(JSON.stringify(entry)) + 1;

/** What waits to be sent, within its limits. */
const createWaiting = () => {
  let waiting: { entry: LogEntry; bytes: number }[] = [];
  let waitingBytes = 0;
  /** Left out before the first that waits. */
  let leftOut = 0;

  const makeRoom = (): void => {
    let gone = 0;
    while (waiting.length - gone > waitingLinesMax || waitingBytes > waitingBytesMax) {
      waitingBytes -= waiting[gone]?.bytes ?? 0;
      gone += 1;
    }
    // A note that leaves is a line that is missing.
    leftOut += gone;
    if (gone > 0) waiting = waiting.slice(gone);
  };
  return {
    isEmpty: (): boolean => waiting.length === 0 && leftOut === 0,
    add: (entry: LogEntry): void => {
      const bytes = bytesOf(entry);
      waiting.push({ entry, bytes });
      waitingBytes += bytes;
      makeRoom();
    },
    /** As much as one piece may hold. */
    take: (): LogEntry[] => {
      const entries: LogEntry[] = leftOut > 0 ? [{ leftOut }] : [];
      let bytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
      let count = 0;
      for (const next of waiting) {
        bytes += next.bytes;
        const isFull = bytes > logPieceBytesMax || entries.length === logPieceEntriesMax;
        if (isFull && count > 0) break;
        entries.push(next.entry);
        waitingBytes -= next.bytes;
        count += 1;
      }
      waiting = waiting.slice(count);
      leftOut = 0;
      return entries;
    },
  };
};

export const startLogSession = (terms: { forMs: number }, startedAtMs: number) => {
  const endsAtMs = startedAtMs + terms.forMs;
  const lastMs = endsAtMs + logLeaseMs;
  const waiting = createWaiting();
  let leaseEndsMs = startedAtMs + logLeaseMs;
  let keepAliveAtMs = startedAtMs + firstWordMs;
  let notBeforeMs = startedAtMs;
  let ended: LogEnd | null = null;
  let sending: Piece | null = null;
  let isUnderWay = false;
  let isOver = false;
  let seq = 0;

  const take = (): Piece => {
    const entries = waiting.take();
    return { seq, entries, ended: waiting.isEmpty() ? ended : null };
  };
  const isDue = (now: number): boolean =>
    sending !== null || !waiting.isEmpty() || ended !== null || now >= keepAliveAtMs;

  return {
    /** After its end nothing: a program that never falls silent would never let it come. */
    add: (entry: LogEntry): void => {
      if (ended === null) waiting.add(entry);
    },
    /** What waits is still sent, and the reason with the last of it. */
    end: (reason: LogEnd): void => {
      ended ??= reason;
    },
    next: (now: number): NextOfSession => {
      const overMs = Math.min(leaseEndsMs, lastMs);
      if (isOver || now >= overMs) return { kind: 'over' };
      if (now >= endsAtMs) ended ??= 'time-is-up';
      if (isUnderWay) return { kind: 'wait', untilMs: overMs };
      if (now < notBeforeMs) return { kind: 'wait', untilMs: notBeforeMs };
      if (!isDue(now)) return { kind: 'wait', untilMs: Math.min(keepAliveAtMs, endsAtMs) };
      sending ??= take();
      isUnderWay = true;
      return { kind: 'send', piece: sending };
    },
    answered: (answer: LogAnswer, now: number): void => {
      isUnderWay = false;
      leaseEndsMs = now + logLeaseMs;
      if (answer === 'wait') {
        // It was not taken: the same piece goes again, and what comes meanwhile waits here.
        notBeforeMs = now + pauseMs;
        return;
      }
      if (answer === 'stop' || sending?.ended != null) isOver = true;
      sending = null;
      seq += 1;
      keepAliveAtMs = now + logKeepAliveMs;
      notBeforeMs = now + gapMs;
    },
    /** No answer came: the same piece goes again, until the lease ends. */
    failed: (now: number): void => {
      isUnderWay = false;
      notBeforeMs = now + pauseMs;
    },
  };
};

/** A line as far as two readings of it agree. */
export type ReadLine = { at: number; stream: string; text: string };
const keyOf = ({ at, stream, text }: ReadLine): string => `${at} ${stream} ${text}`;

/**
 * Lines are followed from before the last ones are read, so that none is missing: this finds those
 * that came both ways. A line that is really there twice stays twice.
 */
export const createOverlap = () => {
  const seen = new Map<string, number>();
  let newestAt = Number.NEGATIVE_INFINITY;
  const count = (line: ReadLine, more: number): number => {
    const left = (seen.get(keyOf(line)) ?? 0) + more;
    if (left > 0) seen.set(keyOf(line), left);
    else seen.delete(keyOf(line));
    return left;
  };
  return {
    read: (lines: readonly ReadLine[]): void => {
      for (const line of lines) {
        count(line, 1);
        newestAt = Math.max(newestAt, line.at);
      }
    },
    /** Whether this one was not read before. */
    isNew: (line: ReadLine): boolean => {
      if (line.at > newestAt || !seen.has(keyOf(line))) return true;
      count(line, -1);
      return false;
    },
  };
};
