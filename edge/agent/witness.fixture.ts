/**
 * Writes events and metrics all the time, as a busy device would, and tells of each commit only once
 * it returned, in a file on another disk. What is told there must be found after a power cut. A commit
 * of the journal is announced too, before it begins: the cut may come between it and its telling.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { MetricsBody } from '@signalbeam/sync/wire/rows';
import type { Database } from 'better-sqlite3';
import type { Journal } from '../store/journal.ts';
import { assertDurable } from '../store/open.ts';
import type { Stores } from '../store/stores.ts';

const everyMs = 5;
const turnsPerGroup = 10;

export type Told =
  | { what: 'row'; lane: 'events' | 'metrics'; epoch: string; seq: number; hash: string }
  | { what: 'announced' | 'committed'; decisions: Decisions };

/** Where the journal stands: its newest step and what it holds of each slot. */
export type Decisions = { step: number; outcome: string; slots: string; generation: number };

export const decisionsIn = (state: Database): Decisions => {
  const newest = state.prepare('SELECT id, outcome FROM journal ORDER BY id DESC LIMIT 1').get() as
    | { id: number; outcome: string }
    | undefined;
  const slots = state.prepare('SELECT content FROM slots ORDER BY bundle_id').pluck().all();
  const generation = state.prepare('SELECT max(generation) FROM desired').pluck().get();
  return {
    step: newest?.id ?? 0,
    outcome: newest?.outcome ?? '',
    slots: JSON.stringify(slots),
    generation: Number(generation ?? 0),
  };
};

export const startWitness = (stores: Stores, file: string, now: () => number) => {
  const { state, queue, outbox } = stores;
  assertDurable(state);
  assertDurable(queue);
  const tell = (told: Told): void => appendFileSync(file, `${JSON.stringify(told)}\n`);
  const tellRow = (lane: 'events' | 'metrics'): void => {
    const { epoch, lastSeq, lastHash } = outbox.storeOf(lane).head(lane);
    tell({ what: 'row', lane, epoch, seq: lastSeq, hash: lastHash });
  };
  const tellJournal = (what: 'announced' | 'committed'): void =>
    tell({ what, decisions: decisionsIn(state) });
  let turn = 0;
  const appendEvent = (): void => {
    outbox.appendEvent({
      type: 'operator-action',
      severity: 'info',
      message: `Turn ${turn}.`,
      data: { turn },
    });
    tellRow('events');
  };
  // What an agent before this one wrote and did not live to flush is on the disk once this returned.
  appendEvent();
  tellJournal('committed');
  setInterval(() => {
    turn += 1;
    outbox.addMetrics(reading(turn), now());
    if (turn % turnsPerGroup === 0) {
      outbox.flush();
      tellRow('metrics');
    }
    appendEvent();
  }, everyMs);

  /** The same journal: what each commit will leave is announced from within it. */
  const watch = (journal: Journal): Journal => {
    const together = <T>(work: () => T): T => {
      if (state.inTransaction) return work();
      const result = journal.together(() => {
        const done = work();
        tellJournal('announced');
        return done;
      });
      tellJournal('committed');
      return result;
    };
    return {
      ...journal,
      keepDesired: (desired) => together(() => journal.keepDesired(desired)),
      saveSlot: (slot) => together(() => journal.saveSlot(slot)),
      forgetSlot: (bundleId) => together(() => journal.forgetSlot(bundleId)),
      begin: (...step) => together(() => journal.begin(...step)),
      finish: (...outcome) => together(() => journal.finish(...outcome)),
      together,
    };
  };
  return { watch };
};

const reading = (turn: number): MetricsBody => ({
  cpuPercent: turn % 100,
  memoryPercent: null,
  memoryUsedBytes: turn,
  diskPercent: null,
  diskUsedBytes: null,
  networkReceivedBytes: turn,
  networkSentBytes: null,
  loadAverage: null,
  temperatureCelsius: null,
  uptimeSeconds: turn,
});

/** A line that the kill cut in the middle was not told. */
export const readTold = (file: string): Told[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Told)
    : [];
