/**
 * A device's disk: what its two files hold, and what of that survives a power cut. A commit happens
 * whole or not at all and is durable when it returns (`FULL`); with syncing off, what was committed
 * since the last sync is gone after a cut. Around each commit lies a point where the process may die.
 */
import type { SlotKnown } from '@signalbeam/edge/core/known';
import type { StoredDesired } from '@signalbeam/edge/store/desired';
import type { LaneRow } from '@signalbeam/edge/store/lane-statements';
import type { LaneHead } from '@signalbeam/edge/store/lanes';
import type { HeldRecord, StoredTrust } from '@signalbeam/edge/store/trust-tables';
import type { Lane } from '@signalbeam/sync/core/lanes';
import type { Release } from '@signalbeam/sync/core/manifest';
import type { RecordName } from '@signalbeam/sync/core/records';
import type { EventBody } from '@signalbeam/sync/wire/rows';

export type LaneContent = LaneHead & { rows: LaneRow[]; bytes: number };
export type FoldedEvent = EventBody & { count: number; firstAt: number; lastAt: number };

export type Content = {
  lanes: Map<Lane, LaneContent>;
  folds: readonly FoldedEvent[];
  desired: StoredDesired | null;
  slots: ReadonlyMap<string, SlotKnown>;
  releases: ReadonlyMap<string, Release>;
  owned: ReadonlyMap<string, string>;
  /** `signalbeam.local` references whose blobs are all here. */
  stored: ReadonlySet<string>;
  trust: StoredTrust | null;
  /** A file of its own, written after each commit of the facts. */
  trustCopy: StoredTrust | null;
  records: ReadonlyMap<RecordName, HeldRecord>;
  /** Each root that was believed. */
  roots: ReadonlyMap<number, Uint8Array>;
};

export type Disk = {
  content: Content;
  /** No room: what would grow fails. */
  full: boolean;
  /** So many of the next commits fail, whatever they hold. */
  failing: number;
  /** A commit failed: who waited for it is to hear of it before anything else happens. */
  onFailure: () => void;
  /** Whether a commit waits for the disk. */
  syncing: boolean;
  /** Its agent is dead; what is still written here is read by nobody. */
  orphaned: boolean;
  /** Before and after each commit; the process may be killed in it. */
  onCommit: () => void;
  /** Joins the commit that is open, or makes one; a failure leaves nothing of it. */
  commit<T>(work: () => T): T;
  /** What a copy made now would hold. */
  image(): Content;
  /** What is found after the power was cut. */
  durable(): Content;
};

export const emptyContent = (): Content => ({
  lanes: new Map(),
  folds: [],
  desired: null,
  slots: new Map(),
  releases: new Map(),
  owned: new Map(),
  stored: new Set(),
  trust: null,
  trustCopy: null,
  records: new Map(),
  roots: new Map(),
});

/** Lanes change in place; all else of a disk is values, replaced as a whole. */
export const copyContent = (content: Content): Content => ({
  ...content,
  lanes: new Map(
    [...content.lanes].map(([lane, kept]) => [lane, { ...kept, rows: kept.rows.slice() }]),
  ),
});

/** What rolling back needs: rows are only ever pushed or replaced as a whole, all else is a value. */
type Mark = { content: Content; lanes: { lane: LaneContent; rows: number }[] };

const mark = (content: Content): Mark => {
  const lanes: Mark['lanes'] = [];
  for (const lane of content.lanes.values())
    lanes.push({ lane: { ...lane }, rows: lane.rows.length });
  return { content: { ...content }, lanes };
};

/** The map of lanes, which a store that is open holds on to, stays the same object. */
const rollBack = (content: Content, to: Mark): void => {
  Object.assign(content, to.content);
  for (const { lane, rows } of to.lanes) {
    lane.rows.length = rows;
    content.lanes.set(lane.lane, lane);
  }
};

/** Maps of a disk are values, so that a copy of it or the mark of a commit costs nothing. */
export const withEntry = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): Map<K, V> =>
  new Map(map).set(key, value);

export const withoutEntries = <K, V>(
  map: ReadonlyMap<K, V>,
  goes: (key: K, value: V) => boolean,
): Map<K, V> => new Map([...map].filter(([key, value]) => !goes(key, value)));

/** Some seconds of an agent's life. */
const commitsPerWriteBack = 12;

export const createDisk = (content: Content): Disk => {
  let depth = 0;
  let synced: Content = copyContent(content);
  let unsynced = 0;
  /** The file system writes back when it likes. */
  const writeBack = (): void => {
    unsynced += 1;
    if (unsynced < commitsPerWriteBack) return;
    unsynced = 0;
    synced = copyContent(disk.content);
  };
  const disk: Disk = {
    content,
    full: false,
    failing: 0,
    onFailure: () => undefined,
    syncing: true,
    orphaned: false,
    onCommit: () => undefined,
    commit: (work) => {
      if (depth > 0) return work();
      disk.onCommit();
      if (disk.failing > 0) {
        disk.failing -= 1;
        disk.onFailure();
        throw new DiskError(disk);
      }
      const before = mark(disk.content);
      depth = 1;
      try {
        return work();
      } catch (cause) {
        rollBack(disk.content, before);
        throw cause;
      } finally {
        depth = 0;
        if (!disk.syncing) writeBack();
        disk.onCommit();
      }
    },
    image: () => copyContent(disk.content),
    durable: () => copyContent(disk.syncing ? disk.content : synced),
  };
  return disk;
};

/** As SQLite says that reading or writing failed; on which disk is for the simulation alone. */
export class DiskError extends Error {
  readonly code = 'SQLITE_IOERR';
  readonly disk: Disk;

  constructor(disk: Disk) {
    super('disk I/O error');
    this.disk = disk;
  }
}

/** As SQLite says it. */
export const diskFull = (): Error =>
  Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
