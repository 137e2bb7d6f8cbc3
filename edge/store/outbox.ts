/**
 * All lanes of the device behind one face, over its two files: events and reported state commit at
 * once (with the caller's decision), metrics in groups, because every commit wears the flash.
 * Invariants: each lane has a cap; metrics are summed up before they and old reports give way to a
 * gap line, events never do: at their cap they fold into counts. Not the sender: that is `link/up.ts` with `sync/outbox`.
 */
import type { Lane } from '@signalbeam/sync/core/lanes';
import {
  type EventBody,
  eventBody,
  type MetricsBody,
  type ReportedBody,
  reportedBody,
} from '@signalbeam/sync/wire/rows';
import { createBackfill } from './backfill.ts';
import { fitEvent, fitReported } from './fit.ts';
import type { LaneStore, NewRow } from './lanes.ts';
import { isFull } from './open.ts';

export const stateLanes = ['events', 'reported'] as const satisfies readonly Lane[];
export const queueLanes = ['metrics', 'backfill'] as const satisfies readonly Lane[];
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
/** Samples in memory while the disk takes none: four hours of them, 100 KiB. */
const waitingRowsMax = 1_000;

export type Outbox = ReturnType<typeof openOutbox>;

export const openOutbox = (parts: {
  state: LaneStore;
  queue: LaneStore;
  now: () => number;
  caps?: Caps;
  onAppended?: () => void;
  /** Runs in the next turn of the event loop. */
  soon?: (run: () => void) => void;
}) => {
  const { state, queue, now, caps = defaultCaps, soon = setImmediate } = parts;
  const stores = new Map([
    ...state.lanes.map((lane) => [lane, state] as const),
    ...queue.lanes.map((lane) => [lane, queue] as const),
  ]);
  const storeOf = (lane: Lane): LaneStore => {
    const store = stores.get(lane);
    if (store === undefined) throw new Error(`this device has no lane ${lane}`);
    return store;
  };
  const backfill = createBackfill(queue, now, { capBytes: caps.metricsBytes, soon });
  const group = createMetricsGroup(queue, now, backfill);
  const appended = createSignal(parts.onAppended, soon);
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
      if (state.backlog('reported').bytes > caps.reportedBytes)
        dropOldest(state, 'reported', 'thinned', now());
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
    /** Both ends have greeted each other: what waited is put in order of importance and may go. */
    linkOpened: async (): Promise<void> => {
      await backfill.opened();
      appended.fire();
    },
    /** Rows written from now on are in no frame until the link is open again. */
    linkClosed: backfill.closed,
    /** Newest row of a lane that may go into a frame. */
    lastSendable: (lane: Lane): number => {
      const { releasedSeq, lastSeq } = storeOf(lane).head(lane);
      return releasedSeq ?? lastSeq;
    },
    renumber: (lane: Lane): void => {
      group.settle();
      storeOf(lane).renumber(lane);
      backfill.renumbered();
    },
    confirm: (lane: Lane, upTo: number, hash: string): void => {
      if (lane === 'metrics' || lane === 'backfill') group.confirm(lane, upTo, hash);
      else storeOf(lane).confirm(lane, upTo, hash, now());
      if (lane === 'events') events.unfold();
    },
  };
};

/** Tells its listeners in the next turn: by then the caller's transaction has committed. */
const createSignal = (first: (() => void) | undefined, soon: (run: () => void) => unknown) => {
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
      soon(() => {
        due = false;
        for (const listener of listeners) listener();
      });
    },
  };
};

const createEvents = (state: LaneStore, now: () => number, capBytes: number) => {
  const folds = state.folds();
  const recent = state.recent();
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

const createMetricsGroup = (
  queue: LaneStore,
  now: () => number,
  backfill: ReturnType<typeof createBackfill>,
) => {
  let waiting: NewRow[] = [];
  const confirmed = new Map<Lane, { upTo: number; hash: string }>();

  const settle = (): void => {
    for (const [lane, { upTo, hash }] of confirmed) {
      const { ackedSeq, lastSeq } = queue.head(lane);
      if (upTo > ackedSeq && upTo <= lastSeq) queue.confirm(lane, upTo, hash, now());
    }
  };
  /** Remembered until the commit succeeded: on a full disk it is rolled back, confirmations and all. */
  const commit = (work: () => void): void => {
    queue.group(work);
    confirmed.clear();
  };
  /** Even forgetting needs a page: on a full disk it waits for a later commit. */
  const settleIfRoom = (): void => {
    try {
      commit(settle);
    } catch (cause) {
      if (!isFull(cause)) throw cause;
    }
  };
  const flush = (): boolean => {
    if (waiting.length === 0) return false;
    // Kept for the next try when the disk is full; the newest matter most.
    waiting = waiting.slice(-waitingRowsMax);
    commit(() => {
      settle();
      backfill.holdIfCut();
      queue.append('metrics', waiting);
      const full = backfill.makeRoom();
      if (full !== null) dropOldest(queue, full, 'dropped-at-cap', now());
    });
    waiting = [];
    return true;
  };
  return {
    add: (body: MetricsBody, at: number): void => {
      waiting.push({ at, body });
    },
    pending: (): number => waiting.length,
    flush,
    confirm: (lane: Lane, upTo: number, hash: string): void => {
      confirmed.set(lane, { upTo, hash });
      const rows = upTo - queue.head(lane).ackedSeq;
      if (rows > lazyRowsMax) settleIfRoom();
    },
    /** Before a lane is rewritten, so that nothing confirmed is written again. */
    settle: () => commit(settle),
  };
};

/** Gives up the oldest rows of a full lane, a block at a time, and says so in the lane itself. */
const dropOldest = (
  store: LaneStore,
  lane: Lane,
  reason: 'dropped-at-cap' | 'thinned',
  now: number,
): void => {
  const { rows } = store.backlog(lane);
  if (rows < 2) return;
  const block = Math.min(rows - 1, Math.max(2, Math.ceil(rows * dropShare)));
  const last = store.peek(lane, store.head(lane).ackedSeq, block).at(-1);
  if (last !== undefined) store.giveUp(lane, last.seq, reason, now);
};
