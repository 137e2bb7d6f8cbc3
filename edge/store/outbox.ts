/**
 * All lanes of the device behind one face, over its two files: events and reported state commit at
 * once (with the caller's decision), metrics in groups, because every commit wears the flash.
 * Invariants: each lane has a cap; metrics and old reports give way to a gap line, events never do:
 * at their cap they fold into counts. Not the sender: that is `link/up.ts` with `sync/outbox`.
 */
import type { Lane } from '@signalbeam/sync/core/lanes';
import {
  type EventBody,
  eventBody,
  type MetricsBody,
  type ReportedBody,
  reportedBody,
} from '@signalbeam/sync/wire/rows';
import { fitEvent, fitReported } from './fit.ts';
import { createFolds } from './folds.ts';
import type { LaneStore, NewRow } from './lanes.ts';
import { createRecent } from './recent.ts';

export const stateLanes = ['events', 'reported'] as const satisfies readonly Lane[];
export const queueLanes = ['metrics'] as const satisfies readonly Lane[];
export const deviceLanes: readonly Lane[] = [...stateLanes, ...queueLanes];

/** Per lane. A week of metrics at one row in 15 s is 12 MiB; the events' cap is weeks of trouble. */
export type Caps = { eventsBytes: number; reportedBytes: number; metricsBytes: number };
const MiB = 1024 * 1024;
export const defaultCaps: Caps = {
  eventsBytes: 16 * MiB,
  reportedBytes: 4 * MiB,
  metricsBytes: 64 * MiB,
};

/** What is dropped at once when a lane is full, so that dropping costs one commit in many. */
const dropShare = 1 / 16;
/** Confirmed rows are forgotten with the next group, unless so many pile up that the file would grow. */
const lazyRowsMax = 200;

export type Outbox = ReturnType<typeof openOutbox>;

export const openOutbox = (parts: {
  state: LaneStore;
  queue: LaneStore;
  now: () => number;
  caps?: Caps;
  onAppended?: () => void;
}) => {
  const { state, queue, now, caps = defaultCaps } = parts;
  const stores = new Map([
    ...state.lanes.map((lane) => [lane, state] as const),
    ...queue.lanes.map((lane) => [lane, queue] as const),
  ]);
  const storeOf = (lane: Lane): LaneStore => {
    const store = stores.get(lane);
    if (store === undefined) throw new Error(`this device has no lane ${lane}`);
    return store;
  };
  const group = createMetricsGroup(queue, now, caps.metricsBytes);
  const appended = createSignal(parts.onAppended);
  const events = createEvents(state, now, caps.eventsBytes);

  return {
    lanes: deviceLanes,
    storeOf,
    onAppended: appended.listen,
    /** True when the events lane is full: no new update may start until it drains. */
    eventsFull: events.full,
    recentEvents: events.recent,
    appendEvent: (body: EventBody): void => {
      events.append(body);
      appended.fire();
    },
    appendReported: (body: ReportedBody): void => {
      state.append('reported', [{ at: now(), body: fitReported(reportedBody.parse(body)) }]);
      makeRoom(state, 'reported', caps.reportedBytes, 'thinned', now());
      appended.fire();
    },
    addMetrics: group.add,
    /** Commits the metrics that wait in memory, together with what was confirmed meanwhile. */
    flush: (): void => {
      if (group.flush()) appended.fire();
    },
    pendingMetrics: group.pending,
    /** Before a lane is rewritten: what is confirmed but not yet forgotten must not come again. */
    settle: group.settle,
    confirm: (lane: Lane, upTo: number, hash: string): void => {
      if (lane === 'metrics') group.confirm(upTo, hash);
      else storeOf(lane).confirm(lane, upTo, hash, now());
      if (lane === 'events') events.unfold();
    },
  };
};

/** Tells its listeners in the next turn: by then the caller's transaction has committed. */
const createSignal = (first?: () => void) => {
  const listeners = new Set<() => void>(first === undefined ? [] : [first]);
  let due = false;
  return {
    listen: (listener: () => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    fire: (): void => {
      if (due) return;
      due = true;
      setImmediate(() => {
        due = false;
        for (const listener of listeners) listener();
      });
    },
  };
};

const createEvents = (state: LaneStore, now: () => number, capBytes: number) => {
  const folds = createFolds(state.database);
  const recent = createRecent(state.database);
  const full = (): boolean => state.backlog('events').bytes >= capBytes;
  return {
    full,
    recent: recent.newest,
    append: (body: EventBody): void => {
      const parsed = fitEvent(eventBody.parse(body));
      recent.add(now(), parsed);
      if (full()) folds.fold(parsed, now());
      else state.append('events', [{ at: now(), body: parsed }]);
    },
    /** Once there is room again, what was folded is told as one event per type. */
    unfold: (): void => {
      if (folds.isEmpty() || state.backlog('events').bytes >= capBytes * (1 - dropShare)) return;
      state.group(() => {
        const rows = folds.takeAll().map((body) => ({ at: now(), body: eventBody.parse(body) }));
        state.append('events', rows);
      });
    },
  };
};

const createMetricsGroup = (queue: LaneStore, now: () => number, capBytes: number) => {
  let waiting: NewRow[] = [];
  let confirmed: { upTo: number; hash: string } | null = null;

  const settle = (): void => {
    if (confirmed === null) return;
    const { ackedSeq, lastSeq } = queue.head('metrics');
    if (confirmed.upTo > ackedSeq && confirmed.upTo <= lastSeq) {
      queue.confirm('metrics', confirmed.upTo, confirmed.hash, now());
    }
    confirmed = null;
  };
  const flush = (): boolean => {
    const rows = waiting;
    if (rows.length === 0) return false;
    waiting = [];
    queue.group(() => {
      settle();
      queue.append('metrics', rows);
      makeRoom(queue, 'metrics', capBytes, 'dropped-at-cap', now());
    });
    return true;
  };
  return {
    add: (body: MetricsBody, at: number): void => {
      waiting.push({ at, body });
    },
    pending: (): number => waiting.length,
    flush,
    confirm: (upTo: number, hash: string): void => {
      confirmed = { upTo, hash };
      const rows = upTo - queue.head('metrics').ackedSeq;
      if (rows > lazyRowsMax) queue.group(settle);
    },
    /** Before the lane is rewritten, so that nothing confirmed is written again. */
    settle: () => queue.group(settle),
  };
};

/** Gives up the oldest rows of a full lane, a block at a time, and says so in the lane itself. */
const makeRoom = (
  store: LaneStore,
  lane: Lane,
  capBytes: number,
  reason: 'dropped-at-cap' | 'thinned',
  now: number,
): void => {
  const { bytes, rows } = store.backlog(lane);
  if (bytes <= capBytes || rows < 2) return;
  const block = Math.min(rows - 1, Math.max(2, Math.ceil(rows * dropShare)));
  const last = store.peek(lane, store.head(lane).ackedSeq, block).at(-1);
  if (last !== undefined) store.giveUp(lane, last.seq, reason, now);
};
