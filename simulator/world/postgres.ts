/**
 * What ingest keeps in Postgres: per lane and epoch where it stands and every row it took, in order.
 * Transactions lock the positions they judge; a commit is whole or not at all. A backup is how long
 * everything was at a moment, and going back to it shortens everything to that.
 */
import type { Position } from '@signalbeam/telemetry-processor/core/position';

/** A line as it was committed: the sequences it covers, and whether it is a gap. */
export type Line = { from: number; to: number; text: string; gap: string | null };
export type LaneTable = {
  device: number;
  lane: string;
  epoch: string;
  upTo: number;
  hash: string;
  lines: Line[];
  /** The furthest it ever stood, whatever was restored since. */
  everUpTo: number;
};
type Backup = {
  tables: Map<string, { upTo: number; hash: string; lines: number }>;
  reports: Map<string, string>;
};

export type Postgres = {
  tables: Map<string, LaneTable>;
  /** The newest report of each device, as its line. */
  reports: Map<string, string>;
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
          [...postgres.tables].map(([key, { upTo, hash, lines }]) => [
            key,
            { upTo, hash, lines: lines.length },
          ]),
        ),
        reports: new Map(postgres.reports),
      };
    },
    restore: () => {
      if (kept === null) return false;
      for (const [key, table] of postgres.tables) {
        const before = kept.tables.get(key) ?? { upTo: 0, hash: '0'.repeat(32), lines: 0 };
        table.upTo = before.upTo;
        table.hash = before.hash;
        table.lines.length = before.lines;
      }
      postgres.reports = new Map(kept.reports);
      postgres.restores += 1;
      return true;
    },
  };
  return postgres;
};
