/**
 * The SQL that makes `state.db` and `queue.db`, in order. Append only: what has run on a device is
 * known by its name and never runs again, so an entry is not edited after a release.
 */
import { desiredTables } from './desired.ts';
import { journalTables } from './journal.ts';
import { knownPeersTable } from './known-peers.ts';
import { previousSiteKeyTable } from './previous-site-key.ts';
import { slotsTable } from './slots.ts';
import { carriedRecords, rootChain, trustTables } from './trust-tables.ts';

export type Migration = { name: string; sql: string };

/**
 * Rows wait here as the exact lines that were hashed. `seq` is the last sequence a line covers and
 * `first_seq` the first: they differ only for a gap line; metrics lines are packed. `hash` is the chain's hash at `seq`.
 */
const lanes: Migration = {
  name: '0001-lanes',
  sql: `
    CREATE TABLE lanes (
      lane       TEXT PRIMARY KEY,
      epoch      TEXT NOT NULL,
      last_seq   INTEGER NOT NULL,
      last_hash  TEXT NOT NULL,
      acked_seq  INTEGER NOT NULL,
      acked_hash TEXT NOT NULL,
      acked_at   INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE lane_rows (
      lane      TEXT NOT NULL,
      seq       INTEGER NOT NULL,
      first_seq INTEGER NOT NULL,
      at        INTEGER NOT NULL,
      line      ANY NOT NULL,
      hash      TEXT NOT NULL,
      PRIMARY KEY (lane, seq)
    ) STRICT, WITHOUT ROWID;`,
};

/** Events that could not be stored one by one because their lane was full: kept as counts. */
const foldedEvents: Migration = {
  name: '0002-folded-events',
  sql: `
    CREATE TABLE folded_events (
      type     TEXT PRIMARY KEY,
      severity TEXT NOT NULL,
      message  TEXT NOT NULL,
      count    INTEGER NOT NULL,
      first_at INTEGER NOT NULL,
      last_at  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;`,
};

/** What a technician is shown: events stay here after the cloud has them, the newest few hundred. */
const recentEvents: Migration = {
  name: '0005-recent-events',
  sql: `
    CREATE TABLE recent_events (
      id   INTEGER PRIMARY KEY,
      at   INTEGER NOT NULL,
      body TEXT NOT NULL
    ) STRICT;`,
};

/** The newest row that a frame may hold; null while the link is open and every row may be in one. */
const released: Migration = {
  name: '0002-released',
  sql: 'ALTER TABLE lanes ADD COLUMN released_seq INTEGER',
};

export const stateMigrations: readonly Migration[] = [
  lanes,
  foldedEvents,
  { name: '0003-desired', sql: desiredTables },
  { name: '0004-journal', sql: journalTables },
  recentEvents,
  { ...released, name: '0006-released' },
  { name: '0007-trust', sql: trustTables },
  { name: '0008-carried-records', sql: carriedRecords },
  { name: '0008-known-peers', sql: knownPeersTable },
  { name: '0009-previous-site-key', sql: previousSiteKeyTable },
  { name: '0009-root-chain', sql: rootChain },
];
export const queueMigrations: readonly Migration[] = [
  lanes,
  released,
  { name: '0003-fresh-rows', sql: slotsTable },
];
