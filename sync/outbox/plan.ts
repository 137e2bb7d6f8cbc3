/**
 * What to send next: `(known, now) → {steps, waiting}`. The greeting comes first, then one frame at
 * a time from the lane that matters most, within the credit granted and a few receipts outstanding.
 */
import { type Lane, laneNames } from '../core/lanes.ts';
import { frameRowsMax } from '../core/limits.ts';
import { type Known, type LaneProgress, opensAt } from './outbox.ts';

export type Step =
  | { kind: 'hello' }
  | { kind: 'frame'; lane: Lane; epoch: string; afterSeq: number; rowsMax: number };

export type Plan = {
  steps: Step[];
  /** What it waits for, in words; empty when everything is confirmed. */
  waiting: string;
  /** When time alone changes the plan; null when only news does. */
  wakeAt: number | null;
};

/** 4 × 16 KB: about 5 s of a 100 kbit/s link, so that pings still get through. */
export const framesOutstandingMax = 4;

/** Events before reported state before metrics before history: the order of `laneNames`. */
const rank = (lane: LaneProgress): number => laneNames.indexOf(lane.lane);

export const planOutbox = (known: Known, now: number): Plan => {
  if (known.phase === 'down') {
    return { steps: [], waiting: waitingFor(known, 'the connection'), wakeAt: null };
  }
  if (known.phase === 'greeting') {
    const due = known.helloAt <= now;
    const steps: Step[] = due ? [{ kind: 'hello' }] : [];
    return {
      steps,
      waiting: waitingFor(known, "the cloud's welcome"),
      wakeAt: due ? null : known.helloAt,
    };
  }
  const ready = known.outstanding < framesOutstandingMax ? mostUrgent(known.lanes, now) : null;
  if (ready !== null) {
    const { lane, epoch, cursor } = ready;
    const rowsMax = Math.min(frameRowsMax, sendable(ready));
    const step: Step = { kind: 'frame', lane, epoch, afterSeq: cursor, rowsMax };
    return { steps: [step], waiting: '', wakeAt: null };
  }
  return {
    steps: [],
    waiting: restingFor(known, now) ?? waitingFor(known, 'the confirmation'),
    wakeAt: wakeAt(known, now),
  };
};

const mostUrgent = (lanes: readonly LaneProgress[], now: number): LaneProgress | null => {
  let first: LaneProgress | null = null;
  for (const lane of lanes) {
    if (opensAt(lane) > now || sendable(lane) <= 0) continue;
    if (first === null || rank(lane) < rank(first)) first = lane;
  }
  return first;
};

const sendable = ({ last, cursor, acked, credit }: LaneProgress): number =>
  Math.min(last - cursor, credit - (cursor - acked));

const wakeAt = ({ lanes, helloAt }: Known, now: number): number => {
  let earliest = helloAt;
  for (const lane of lanes) {
    if (lane.resendAt !== null) earliest = Math.min(earliest, lane.resendAt);
    if (opensAt(lane) > now && sendable(lane) > 0) earliest = Math.min(earliest, opensAt(lane));
  }
  return earliest;
};

/** Nothing under way, and what is there waits of its own will. */
const isAtRest = ({ acked, cursor, last, heldUntil }: LaneProgress): boolean =>
  acked === last || (acked === cursor && heldUntil !== null);

const rowsOf = ({ lanes }: Known): number =>
  lanes.reduce((rows, { last, acked }) => rows + last - acked, 0);

/** Null unless all that is there waits for others to go with. */
const restingFor = (known: Known, now: number): string | null => {
  const rows = rowsOf(known);
  if (rows === 0 || !known.lanes.every(isAtRest)) return null;
  const held = known.lanes.filter(({ acked, last }) => acked !== last);
  const untilMs = Math.max(...held.map(({ heldUntil }) => heldUntil ?? now));
  const minutes = Math.max(1, Math.ceil((untilMs - now) / 60_000));
  return `${rows} ${rows === 1 ? 'row waits' : 'rows wait'} to go together, within ${minutes} min.`;
};

const waitingFor = (known: Known, what: string): string => {
  const rows = rowsOf(known);
  if (rows === 0) return known.phase === 'open' ? '' : `Waiting for ${what}.`;
  const link = known.phase === 'open' ? 'of' : 'to send';
  return `Waiting for ${what} ${link} ${rows} ${rows === 1 ? 'row' : 'rows'}.`;
};
