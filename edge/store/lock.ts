/**
 * One agent per state folder. The lock is a SQLite file held exclusively: the system releases it
 * when the process ends in any way, so there is never a stale one to remove by hand.
 */
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import Database from 'better-sqlite3';
import { unusable } from './open.ts';

export const lockFolder = (folder: string): { release(): void } => {
  const path = join(folder, 'agent.lock');
  try {
    return takeLock(path);
  } catch (cause) {
    if (!isHeld(cause)) throw unusable(path, cause);
    throw new FleetError(
      'already-running',
      `Another agent runs on the state folder ${folder}; this one did not start.`,
      { cause, next: 'Stop that one first, or give this one its own folder with --state.' },
    );
  }
};

const takeLock = (path: string): { release(): void } => {
  const lock = new Database(path, { timeout: 0 });
  try {
    // Nothing is written, not even a journal: an agent has to start on a full disk.
    lock.pragma('journal_mode = MEMORY');
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw cause;
  }
  return { release: () => lock.close() };
};

const isHeld = (cause: unknown): boolean =>
  cause instanceof Database.SqliteError && cause.code.startsWith('SQLITE_BUSY');
