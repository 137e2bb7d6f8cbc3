/**
 * What a device knows about its lanes and the link, and how each piece of news changes that.
 * Invariants: a row is confirmed only by a position of the system of record whose hash is the
 * device's own at that row; a broker's receipt never confirms; whatever is lost, doubled or late,
 * unconfirmed rows are sent again. Pure: it neither sends nor stores, it names the effects.
 */
import type { Lane } from '../core/lanes.ts';
import { fullJitter } from './jitter.ts';

export type LaneProgress = {
  lane: Lane;
  epoch: string;
  /** Confirmed by the system of record. */
  acked: number;
  /** Newest row the device has. */
  last: number;
  /** Newest row that went into a frame since the lane was last rewound. */
  cursor: number;
  /** Rows that may be unconfirmed at once. */
  credit: number;
  /** When what is unconfirmed is sent again; null while nothing is in flight. */
  resendAt: number | null;
  attempt: number;
  /** After a frame the broker did not take: nothing of this lane before then. */
  pausedUntil: number;
  /** Rows that nobody is in a hurry for wait until then, to go together; null when they may go. */
  heldUntil: number | null;
  /** A position came while the greeting was on its way: the welcome may be older than it. */
  movedSinceHello: boolean;
};

export type Known = {
  phase: 'down' | 'greeting' | 'open';
  /** The next greeting: while open, when both ends compare again although nothing went wrong. */
  helloAt: number;
  helloTries: number;
  /** Counts greetings: only the answer to the newest one, and only its first, may be believed. */
  helloId: number;
  awaited: number | null;
  /** A greeting is on its way, neither answered nor given up. */
  asking: boolean;
  /** The cloud said while one was on its way that it answers again: the next one goes within so long. */
  calledWithinMs: number | null;
  /** Frames handed to the broker whose receipt has not come. */
  outstanding: number;
  lanes: readonly LaneProgress[];
};

/** Where the other end says a lane stands. */
export type Position = { lane: Lane; epoch: string; upTo: number; hash: string; credit: number };

/** What the shell has to do to the store; the lane's new figures come back by `refreshed`. */
export type Effect =
  | { kind: 'confirm'; lane: Lane; upTo: number; hash: string }
  | { kind: 'new-epoch'; lane: Lane; reason: string }
  | { kind: 'note-loss'; lane: Lane; upTo: number; hash: string };

export type Change = { known: Known; effects: Effect[] };
export type Surroundings = {
  now: number;
  /** From 0 up to 1: chance comes in as an argument. */
  random: number;
  /** The device's own hash at a row; null when it no longer has the row or it lies in a gap. */
  hashAt: (lane: Lane, seq: number) => string | null;
};

export const resendMs = { first: 60_000, max: 3_600_000 } as const;
const pauseMs = { first: 1_000, max: 60_000 } as const;
/** A silent cloud is left alone for longer each time. */
const helloMs = { first: 2_000, max: 120_000 } as const;
/** Nobody beyond the leaf: the question cost only the LAN, and the answer came at once. */
const helloUnreachableMs = { first: 1_000, max: 8_000 } as const;
/**
 * A cloud that went back to a backup says nothing by itself to a lane with nothing to send. Both ends
 * compare about once an hour (±20 %): 2 KB, so 0.005 kbit/s, and a fleet of 10,000 asks 3 times a second.
 */
const compareMs = 3_600_000;
/** A position that brings nothing new may be an answer to a duplicate: give the true one this long. */
const doubtMs = 2_000;
/** A quarter of an hour of samples: more rows than these are never held back to go together. */
const heldRowsMax = 60;
/** Until the cloud says otherwise. */
const creditBeforeWelcome = 1;

export const laneProgress = (
  head: Pick<LaneProgress, 'lane' | 'epoch' | 'acked' | 'last'>,
): LaneProgress => ({
  ...head,
  cursor: head.acked,
  credit: creditBeforeWelcome,
  resendAt: null,
  attempt: 0,
  pausedUntil: 0,
  heldUntil: null,
  movedSinceHello: false,
});

const nothingAsked = { awaited: null, asking: false, calledWithinMs: null } as const;

export const startOutbox = (lanes: readonly LaneProgress[]): Known => ({
  phase: 'down',
  helloAt: 0,
  helloTries: 0,
  helloId: 0,
  ...nothingAsked,
  outstanding: 0,
  lanes,
});

/** What was in flight may be lost, so it is sent again after the greeting. */
const rewound = (lane: LaneProgress): LaneProgress => ({
  ...lane,
  cursor: lane.acked,
  resendAt: null,
  heldUntil: null,
});

const greeting = (known: Known, helloAt: number): Known => ({
  ...known,
  phase: 'greeting',
  helloAt,
  ...nothingAsked,
  outstanding: 0,
  lanes: known.lanes.map((lane) => ({ ...rewound(lane), movedSinceHello: false })),
});

export const linkUp = (known: Known, now: number): Known => ({
  ...greeting(known, now),
  helloTries: 0,
  lanes: greeting(known, now).lanes.map((lane) => ({ ...lane, attempt: 0, pausedUntil: 0 })),
});

export const linkDown = (known: Known): Known => ({
  ...known,
  phase: 'down',
  ...nothingAsked,
  outstanding: 0,
  lanes: known.lanes.map(rewound),
});

/** No second greeting while one is on its way, unless it is never answered. */
export const helloSent = (known: Known, { now }: Surroundings): Known => ({
  ...known,
  helloTries: known.helloTries + 1,
  helloId: known.helloId + 1,
  awaited: known.helloId + 1,
  asking: true,
  calledWithinMs: null,
  helloAt: now + helloMs.max,
  lanes: known.lanes.map((lane) => ({ ...lane, movedSinceHello: false })),
});

/** The next greeting waits longer each time, so that a cloud that just came back is not stormed. */
export const helloFailed = (
  known: Known,
  failed: { helloId: number; unreachable: boolean },
  { now, random }: Surroundings,
): Known => {
  if (known.awaited !== failed.helloId) return known;
  const pace = failed.unreachable ? helloUnreachableMs : helloMs;
  const backedOff = now + pace.first + fullJitter(pace, known.helloTries, random);
  const called =
    known.calledWithinMs === null ? backedOff : now + Math.round(known.calledWithinMs * random);
  return {
    ...known,
    asking: false,
    calledWithinMs: null,
    helloAt: Math.min(backedOff, called),
  };
};

/**
 * The cloud answers greetings again and says so to whole sites: who waits out a long silence asks
 * now, at a moment of its own. It brings one greeting forward and leaves the pace of those after it,
 * so that a cloud that calls and cannot answer is not stormed.
 */
export const called = (
  known: Known,
  withinMs: number,
  { now, random }: Pick<Surroundings, 'now' | 'random'>,
): Known => {
  if (known.phase !== 'greeting') return known;
  if (known.asking) return { ...known, calledWithinMs: withinMs };
  return { ...known, helloAt: Math.min(known.helloAt, now + Math.round(withinMs * random)) };
};

/** Rows were appended. With `holdUntil` they may wait for more; what waits already waits no longer. */
export const grown = (
  known: Known,
  name: Lane,
  last: number,
  holdUntil: number | null = null,
): Known => {
  if (known.lanes.find(({ lane }) => lane === name)?.last === last) return known;
  return withLane(known, name, (lane) => {
    const heldUntil = lane.cursor === lane.last ? holdUntil : lane.heldUntil;
    return { ...lane, last, heldUntil: last - lane.cursor < heldRowsMax ? heldUntil : null };
  });
};

/** When a frame of this lane may go at the earliest. */
export const opensAt = ({ pausedUntil, heldUntil }: LaneProgress): number =>
  Math.max(pausedUntil, heldUntil ?? 0);

/** Somebody looks: what was held back goes now. */
export const hurried = (known: Known): Known => ({
  ...known,
  lanes: known.lanes.map((lane) => ({ ...lane, heldUntil: null })),
});

/** The store was rewritten: another epoch, or confirmed rows that the other end lost. */
export const refreshed = (
  known: Known,
  head: Pick<LaneProgress, 'lane' | 'epoch' | 'acked' | 'last'>,
): Known =>
  withLane(known, head.lane, (lane) =>
    lane.epoch === head.epoch
      ? {
          ...lane,
          last: head.last,
          acked: head.acked,
          cursor: head.acked < lane.acked ? head.acked : Math.max(lane.cursor, head.acked),
        }
      : { ...laneProgress(head), credit: lane.credit },
  );

export const frameSent = (
  known: Known,
  sent: { lane: Lane; lastSeq: number },
  { now, random }: Surroundings,
): Known => ({
  ...withLane(known, sent.lane, (lane) => ({
    ...lane,
    cursor: Math.max(lane.cursor, sent.lastSeq),
    heldUntil: null,
    resendAt: lane.resendAt ?? now + resendDelay(lane.attempt, random),
  })),
  outstanding: known.outstanding + 1,
});

/** The first resend comes after 60 s ± 50 %, later ones double up to an hour. */
const resendDelay = (attempt: number, random: number): number =>
  Math.min(resendMs.first * 2 ** attempt, resendMs.max) * (0.5 + random);

/** The broker took it: in flight, no more than that. */
export const frameReceived = (known: Known): Known => ({
  ...known,
  outstanding: Math.max(0, known.outstanding - 1),
});

/**
 * The broker did not take it, or did not say so in time. With nobody beyond the leaf the whole link
 * is as good as down: the greeting finds out when it is back.
 */
export const frameFailed = (
  known: Known,
  failed: { lane: Lane; unreachable: boolean },
  { now, random }: Surroundings,
): Known => {
  if (failed.unreachable && known.phase === 'open') return greeting(known, now + pauseMs.first);
  return {
    ...withLane(known, failed.lane, (lane) => ({
      ...rewound(lane),
      attempt: lane.attempt + 1,
      pausedUntil: now + pauseMs.first + fullJitter(pauseMs, lane.attempt, random),
    })),
    outstanding: Math.max(0, known.outstanding - 1),
  };
};

/** Time passed: what is overdue is sent again; a lane nobody confirms, or a long silence, makes the device ask. */
export const elapsed = (known: Known, { now }: Surroundings): Known => {
  if (known.phase === 'open' && known.helloAt <= now) return greeting(known, now);
  const overdue = known.lanes.filter(({ resendAt }) => resendAt !== null && resendAt <= now);
  if (overdue.length === 0) return known;
  const lanes = known.lanes.map((lane) =>
    overdue.includes(lane) ? { ...rewound(lane), attempt: lane.attempt + 1 } : lane,
  );
  const stuck = overdue.some(({ attempt }) => attempt >= 1);
  return stuck ? { ...greeting({ ...known, lanes }, now) } : { ...known, lanes };
};

/** The cloud's answer to the greeting: compare both ends, then everything may flow. */
export const welcomed = (
  known: Known,
  { helloId, positions }: { helloId: number; positions: readonly Position[] },
  around: Surroundings,
): Change => {
  if (known.awaited !== helloId) return { known, effects: [] };
  const effects: Effect[] = [];
  const lanes = known.lanes.map((lane) => {
    const position = positions.find((each) => each.lane === lane.lane);
    if (position === undefined || position.epoch !== lane.epoch) return lane;
    const { lane: next, effect } = compare(lane, position, around);
    if (effect !== null) effects.push(effect);
    return next;
  });
  const doubt = lanes.some((lane) => lane.movedSinceHello && isBehind(lane, positions));
  const phase = doubt ? 'greeting' : 'open';
  const next = {
    ...known,
    phase,
    ...nothingAsked,
    helloAt: doubt ? around.now : around.now + compareMs * (0.8 + 0.4 * around.random),
    helloTries: 0,
    lanes,
  } as const;
  return { known: next, effects };
};

const isBehind = (lane: LaneProgress, positions: readonly Position[]): boolean =>
  positions.some(
    (each) => each.lane === lane.lane && each.epoch === lane.epoch && each.upTo < lane.acked,
  );

type Compared = { lane: LaneProgress; effect: Effect | null };

const compare = (lane: LaneProgress, position: Position, around: Surroundings): Compared => {
  const { upTo, hash, credit } = position;
  const granted = { ...lane, credit };
  const freshEpoch = (reason: string): Compared => ({
    lane: granted,
    effect: { kind: 'new-epoch', lane: lane.lane, reason },
  });
  if (upTo > lane.last) {
    return freshEpoch(`the cloud has rows up to ${upTo}, this device only up to ${lane.last}`);
  }
  if (upTo < lane.acked) {
    if (lane.movedSinceHello) return { lane: granted, effect: null };
    return { lane: granted, effect: { kind: 'note-loss', lane: lane.lane, upTo, hash } };
  }
  const own = around.hashAt(lane.lane, upTo);
  if (own !== null && own !== hash) {
    return freshEpoch(`both ends have row ${upTo}, but not the same one`);
  }
  if (own === null || upTo === lane.acked) return { lane: granted, effect: null };
  return {
    lane: confirmed(granted, upTo, around),
    effect: { kind: 'confirm', lane: lane.lane, upTo, hash },
  };
};

const confirmed = (
  lane: LaneProgress,
  upTo: number,
  { now, random }: Surroundings,
): LaneProgress => {
  const cursor = Math.max(lane.cursor, upTo);
  return {
    ...lane,
    acked: upTo,
    cursor,
    attempt: 0,
    resendAt: cursor > upTo ? now + resendDelay(0, random) : null,
  };
};

/** A cumulative acknowledgement. Anything odd about it leads to a greeting, never to a deletion. */
export const acknowledged = (
  known: Known,
  positions: readonly Position[],
  around: Surroundings,
): Change => {
  const effects: Effect[] = [];
  let odd = false;
  const lanes = known.lanes.map((lane) => {
    const position = positions.find(
      ({ lane: name, epoch }) => name === lane.lane && epoch === lane.epoch,
    );
    if (position === undefined) return lane;
    const { upTo, hash, credit } = position;
    const own = upTo > lane.last ? null : around.hashAt(lane.lane, upTo);
    odd ||= upTo > lane.last || (own !== null && own !== hash && upTo >= lane.acked);
    if (upTo <= lane.acked || own === null || own !== hash)
      return doubted({ ...lane, credit }, upTo, around);
    effects.push({ kind: 'confirm', lane: lane.lane, upTo, hash });
    return { ...confirmed({ ...lane, credit }, upTo, around), movedSinceHello: true };
  });
  const next = { ...known, lanes };
  if (!odd || known.phase !== 'open') return { known: next, effects };
  return { known: greeting(next, around.now), effects };
};

/**
 * Nothing new in it. Either it answers a duplicate and the real one is on its way, or a frame before
 * those in flight was lost. Sending again at once would double every duplicate for ever.
 */
const doubted = (lane: LaneProgress, upTo: number, { now, random }: Surroundings): LaneProgress => {
  if (upTo < lane.acked || lane.cursor <= upTo || lane.resendAt === null) return lane;
  return { ...lane, resendAt: Math.min(lane.resendAt, now + doubtMs * (1 + random)) };
};

const withLane = (
  known: Known,
  name: Lane,
  change: (lane: LaneProgress) => LaneProgress,
): Known => ({
  ...known,
  lanes: known.lanes.map((lane) => (lane.lane === name ? change(lane) : lane)),
});
