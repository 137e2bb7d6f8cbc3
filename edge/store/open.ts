/**
 * Opens one of the agent's SQLite files so that a commit is on the disk when it returns.
 * Invariants: WAL with `synchronous=FULL`, set on every open and asserted (better-sqlite3 reopens a
 * WAL file with NORMAL, which loses commits on a power cut); a damaged file is set aside under
 * another name, never deleted and never repaired in place.
 */
import { existsSync, renameSync } from 'node:fs';
import { FleetError } from '@signalbeam/sync/core/errors';
import Database from 'better-sqlite3';
import type { Migration } from './migrations.ts';

export type Opened = {
  database: Database.Database;
  /** Where the damaged file went, when there was one: its content is lost to the lanes. */
  setAside: string | null;
};

export type OpenOptions = {
  path: string;
  migrations: readonly Migration[];
  /** Small pages for the file that is written most: a commit costs whole pages. */
  pageBytes: number;
  /**
   * Only this process may open it: SQLite then keeps its WAL index in memory and not in a file
   * that would be written back to the flash after every commit.
   */
  exclusive?: boolean;
  /** Its log is made as long as it gets: a log that grows has the file system write twice as much. */
  wholeLog?: boolean;
  /** After an unclean shutdown the whole file is read and checked before it is believed. */
  check: boolean;
  now: () => number;
};

/** 400 pages: the WAL stays within a few MiB even while the queue drains. */
const walPagesMax = 400;
const walBytesMax = 8 * 1024 * 1024;
const cacheKib = 512;

/** Opens, checks and migrates; a file that can't be read as a database is set aside and made anew. */
export const openStore = (options: OpenOptions): Opened => {
  try {
    return { database: openSound(options), setAside: null };
  } catch (cause) {
    if (!isDamage(cause)) throw unusable(options.path, cause);
  }
  const setAside = moveAside(options.path, options.now());
  try {
    return { database: openSound({ ...options, check: false }), setAside };
  } catch (cause) {
    throw unusable(options.path, cause);
  }
};

const openSound = ({
  path,
  migrations,
  pageBytes,
  exclusive,
  wholeLog,
  check,
}: OpenOptions): Database.Database => {
  const database = new Database(path, { timeout: 5_000 });
  try {
    database.pragma(`page_size = ${pageBytes}`);
    if (exclusive === true) database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma(`wal_autocheckpoint = ${walPagesMax}`);
    database.pragma(`journal_size_limit = ${walBytesMax}`);
    database.pragma('foreign_keys = ON');
    database.pragma('temp_store = MEMORY');
    database.pragma(`cache_size = -${cacheKib}`);
    database.pragma('mmap_size = 0');
    if (check) checkQuickly(database);
    migrate(database, migrations);
    if (wholeLog === true) growLog(database, pageBytes);
    assertDurable(database);
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
};

/**
 * Makes room that is the file's own, in it and in its WAL: when the disk is full, as much again can
 * still be committed. On a disk that is full already it does nothing.
 */
export const reserveRoom = (database: Database.Database): void => {
  const bytes = walPagesMax * Number(database.pragma('page_size', { simple: true }));
  const fill = database.transaction(() => {
    // A power cut before the room was given back left it there.
    database.exec('DROP TABLE IF EXISTS reserve; CREATE TABLE reserve (bytes BLOB)');
    database.prepare('INSERT INTO reserve VALUES (zeroblob(?))').run(bytes);
  });
  try {
    fill.immediate();
    database.exec('DROP TABLE reserve');
  } catch (cause) {
    if (!isFull(cause)) throw cause;
  }
};

export const isFull = (cause: unknown): boolean => codeOf(cause) === 'SQLITE_FULL';

/**
 * What does not fit the cache is written to the log; taken back, it leaves the database as it was
 * and the log's blocks where the next commits go.
 */
const growLog = (database: Database.Database, pageBytes: number): void => {
  database.pragma('cache_size = -32');
  try {
    database.exec(`BEGIN IMMEDIATE; CREATE TABLE padding (content BLOB) STRICT;
      INSERT INTO padding VALUES (zeroblob(${(walPagesMax + 50) * pageBytes}));`);
  } catch (cause) {
    // A full disk has no room to spare, and the agent has to start on it.
    if (!isFull(cause)) throw cause;
  } finally {
    if (database.inTransaction) database.exec('ROLLBACK');
    database.pragma(`cache_size = -${cacheKib}`);
  }
};

/** Full synchronisation or nothing: an agent that may lose commits must not run. */
export const assertDurable = (database: Database.Database): void => {
  const synchronous = database.pragma('synchronous', { simple: true });
  const journal = database.pragma('journal_mode', { simple: true });
  if (synchronous !== 2 || journal !== 'wal') {
    throw new Error(`not durable: journal_mode=${journal}, synchronous=${synchronous}`);
  }
};

const damaged = 'SIGNALBEAM_DAMAGED';

const checkQuickly = (database: Database.Database): void => {
  const verdict = database.pragma('quick_check(1)', { simple: true });
  if (verdict === 'ok') return;
  throw Object.assign(new Error(String(verdict)), { code: damaged });
};

const migrate = (database: Database.Database, migrations: readonly Migration[]): void => {
  database.exec('CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) STRICT');
  const done = new Set(database.prepare('SELECT name FROM migrations').pluck().all());
  const record = database.prepare('INSERT INTO migrations (name) VALUES (?)');
  for (const { name, sql } of migrations) {
    if (done.has(name)) continue;
    database.transaction(() => {
      database.exec(sql);
      record.run(name);
    })();
  }
};

const isDamage = (cause: unknown): boolean => {
  const code = codeOf(cause);
  return code === damaged || code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
};

const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause ? String(cause.code) : '';

/** The WAL goes with its file: replayed into another database it would be damage itself. */
const moveAside = (path: string, now: number): string => {
  const stamp = new Date(now).toISOString().replaceAll(/[:.]/g, '-');
  const target = `${path}.damaged-${stamp}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, target + suffix);
  }
  return target;
};

export const unusable = (path: string, cause: unknown): FleetError =>
  new FleetError('store-unusable', `The agent can't use its database ${path}; it did not start.`, {
    cause,
    next: "Look at the folder's permissions and the disk's free space, then start the agent again.",
  });
