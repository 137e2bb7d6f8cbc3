/**
 * One session of looking at a device's log, as the cloud sees it: when to ask the device (again), what
 * to make of the pieces that come, and when it is over. Pure; the device's part is
 * edge/core/log-session.ts. Pieces are believed only in their order, so none is shown twice, and taken
 * only while there is room for them: a device that minds no answer fills no memory.
 */
import {
  type LogAnswer,
  type LogEnd,
  logLeaseMs,
  logSessionSecondsMax,
} from '@signalbeam/sync/core/log-session';

/** Why a session is over: what the device said, or what is known of it here. */
export type WatchEnd =
  | LogEnd
  | 'no-answer'
  | 'silent'
  | 'unread'
  | 'closed'
  | 'signed-out'
  | 'restarting';

export type LogWatch = {
  /** The number of the next piece that is new. */
  seq: number;
  asked: number;
  askedAtMs: number;
  /** Of the last piece; null before the first. */
  heardAtMs: number | null;
  /** Since when there was no room; null while the reader keeps up. */
  fullSinceMs: number | null;
  openedAtMs: number;
};

/** A command is lost like any message; a device that is there answers within this, over slow links too. */
const askAgainMs = 2_500;
/** Long enough for two links in a row to come back. */
const answerMs = 12_000;
/** A computer that sleeps: its device need not say the same again for half an hour. */
const unreadMs = 60_000;
/** The device ends it before; one that does not is not listened to any longer. */
const longestMs = logSessionSecondsMax * 1_000 + answerMs + 2 * logLeaseMs;

export const openWatch = (now: number): LogWatch => ({
  ...{ seq: 0, asked: 0, askedAtMs: 0, heardAtMs: null, fullSinceMs: null, openedAtMs: now },
});

export type NextOfWatch =
  | { kind: 'ask'; watch: LogWatch }
  | { kind: 'wait'; untilMs: number }
  | { kind: 'over'; reason: WatchEnd };

export const nextOfWatch = (watch: LogWatch, now: number): NextOfWatch => {
  if (watch.heardAtMs !== null) {
    // The device gives up after its lease; a piece that is late by as much is of nobody any more.
    const silentMs = watch.heardAtMs + 2 * logLeaseMs;
    const lastMs = watch.openedAtMs + longestMs;
    if (now >= lastMs) return { kind: 'over', reason: 'time-is-up' };
    if (now >= silentMs) return { kind: 'over', reason: 'silent' };
    const unreadAtMs = (watch.fullSinceMs ?? Number.POSITIVE_INFINITY) + unreadMs;
    if (now >= unreadAtMs) return { kind: 'over', reason: 'unread' };
    return { kind: 'wait', untilMs: Math.min(silentMs, lastMs, unreadAtMs) };
  }
  if (now >= watch.openedAtMs + answerMs) return { kind: 'over', reason: 'no-answer' };
  const dueMs = watch.asked === 0 ? now : watch.askedAtMs + askAgainMs;
  if (now < dueMs) return { kind: 'wait', untilMs: Math.min(dueMs, watch.openedAtMs + answerMs) };
  return { kind: 'ask', watch: { ...watch, asked: watch.asked + 1, askedAtMs: now } };
};

export type Heard = { watch: LogWatch; isNew: boolean; answer: LogAnswer };

/** A piece of this session; `hasRoom` is whether its reader keeps up. */
export const hearPiece = (
  watch: LogWatch,
  seq: number,
  { hasRoom, now }: { hasRoom: boolean; now: number },
): Heard => {
  const heard = { ...watch, heardAtMs: now };
  if (seq === watch.seq) {
    // What there is no room for stays with the device, which leaves out what gets too much.
    if (!hasRoom) {
      const fullSinceMs = watch.fullSinceMs ?? now;
      return { watch: { ...heard, fullSinceMs }, isNew: false, answer: 'wait' };
    }
    return { watch: { ...heard, seq: seq + 1, fullSinceMs: null }, isNew: true, answer: 'go' };
  }
  // Its answer got lost.
  if (seq === watch.seq - 1) return { watch: heard, isNew: false, answer: 'go' };
  return { watch, isNew: false, answer: 'stop' };
};

const words: Record<WatchEnd, string> = {
  complete: 'That is all.',
  'time-is-up': 'Half an hour is over. Open it again to go on.',
  'container-not-found': 'The device has no container of that name.',
  'engine-unreachable': 'The container engine on the device does not answer.',
  'too-many-sessions': 'Too many people look at logs of this device; one must close theirs first.',
  'no-answer':
    'The device did not answer. Its link may be down, or its agent older than live logs.',
  silent: 'The device is not heard any more; its link may be down.',
  unread: 'Nobody read it for a minute. Open it again to go on.',
  closed: 'It was closed.',
  'signed-out': 'The sign-in ended, or does not allow this any more.',
  restarting: 'The service is being restarted. Open it again to go on.',
};

export const sayEnd = (reason: WatchEnd): string => words[reason];
