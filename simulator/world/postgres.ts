/**
 * What ingest keeps in Postgres: per lane and epoch where it stands and every row it took, in order.
 * Transactions lock the positions they judge; a commit is whole or not at all. A backup is how long
 * everything was at a moment, and going back to it shortens everything to that.
 */
import { chainStart } from '@signalbeam/sync/core/lanes';
import type { Position } from '@signalbeam/telemetry-processor/core/position';

/** A line as it was committed: the sequences it covers, and whether it is a gap. */
export type Line = { from: number; to: number; text: string; gap: string | null };
export type LaneTable = {
  device: number;
  lane: string;
  epoch: string;
  /** Positions are numbered as they are made; 0 where a restore took the position away. */
  opened: number;
  upTo: number;
  hash: string;
  lines: Line[];
  /** The furthest it ever stood, whatever was restored since. */
  everUpTo: number;
};
/** What a device said of itself last: in the lane that began last, and furthest in it. */
export type NewestReport = { opened: number; seq: number; text: string };
type Backup = {
  tables: Map<string, { opened: number; upTo: number; hash: string; lines: number }>;
  reports: Map<string, NewestReport>;
  opened: number;
};

export type Postgres = {
  tables: Map<string, LaneTable>;
  /** The newest report of each device. */
  reports: Map<string, NewestReport>;
  /** Positions that were ever made. */
  opened: number;
  down: boolean;
  /** How many of the next commits fail, and whether they were done all the same. */
  failing: { commits: number; doneAnyway: boolean };
  restores: number;
  /** Runs once all these positions are free; then they are held until `release`. */
  lock(keys: readonly string[], locked: (release: () => void) => void): void;
  position(key: string): Position | undefined;
  backup(): void;
  restore(): boolean;
};

const nowhere = { opened: 0, upTo: 0, hash: chainStart, lines: 0 };

export const createPostgres = (): Postgres => {
  const held = new Set<string>();
  let waiting: { keys: readonly string[]; locked: (release: () => void) => void }[] = [];
  let kept: Backup | null = null;

  const admit = (): void => {
    const before = waiting;
    waiting = [];
    for (const each of before) {
      if (each.keys.some((key) => held.has(key))) waiting.push(each);
      else grant(each.keys, each.locked);
    }
  };
  const grant = (keys: readonly string[], locked: (release: () => void) => void): void => {
    for (const key of keys) held.add(key);
    let released = false;
    locked(() => {
      if (released) return;
      released = true;
      for (const key of keys) held.delete(key);
      admit();
    });
  };
  const postgres: Postgres = {
    tables: new Map(),
    reports: new Map(),
    opened: 0,
    down: false,
    failing: { commits: 0, doneAnyway: false },
    restores: 0,
    lock: (keys, locked) => {
      if (keys.some((key) => held.has(key))) waiting.push({ keys, locked });
      else grant(keys, locked);
    },
    position: (key) => postgres.tables.get(key),
    backup: () => {
      kept = {
        tables: new Map(
          [...postgres.tables].map(([key, { opened, upTo, hash, lines }]) => [
            key,
            { opened, upTo, hash, lines: lines.length },
          ]),
        ),
        reports: new Map(postgres.reports),
        opened: postgres.opened,
      };
    },
    restore: () => {
      if (kept === null) return false;
      for (const [key, table] of postgres.tables) {
        const { lines, ...position } = kept.tables.get(key) ?? nowhere;
        Object.assign(table, position);
        table.lines.length = lines;
      }
      postgres.reports = new Map(kept.reports);
      postgres.opened = kept.opened;
      postgres.restores += 1;
      return true;
    },
  };
  return postgres;
};
