/**
 * Both databases of the agent, opened, checked and joined into one outbox. A file that had to be
 * set aside is told as an event: its lanes begin a new epoch, because their numbers are unknown.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { writePrivateFile } from './files.ts';
import { openQueueLanes } from './fresh-lane.ts';
import { openLanes } from './lanes.ts';
import { queueMigrations, stateMigrations } from './migrations.ts';
import { isFull, openStore, reserveRoom } from './open.ts';
import { type Caps, type Outbox, openOutbox, stateLanes } from './outbox.ts';
import { freeBytes, giveUpSpare, keepSpare } from './spare.ts';

export type Stores = { state: Database; queue: Database; outbox: Outbox; close(): void };

/**
 * The queue is written every minute and every commit writes whole pages. At 1,024 bytes the rows of a
 * commit fill one page (8 MB a day); at 512 they spill over, at 2,048 and 4,096 pages are mostly air.
 */
const queuePageBytes = 1_024;
const statePageBytes = 4_096;
/** Not while the agent starts, unless the disk is tight: it writes 3 MB, and 4 more the first time. */
const reserveAfterMs = 10_000;
/** With so little left others may take the rest before ten seconds are over. */
const tightBytes = 64 * 1024 * 1024;

export const openStores = (parts: { folder: string; now: () => number; caps?: Caps }): Stores => {
  const { folder, now } = parts;
  giveUpSpare(folder);
  const mark = join(folder, 'running');
  const check = existsSync(mark);
  writePrivateFile(mark, '');
  const file = (name: string) => ({ path: join(folder, name), check, now });
  const state = openStore({
    ...file('state.db'),
    migrations: stateMigrations,
    pageBytes: statePageBytes,
  });
  const queue = closingOnFailure(state.database, () =>
    openStore({
      ...file('queue.db'),
      migrations: queueMigrations,
      pageBytes: queuePageBytes,
      exclusive: true,
      wholeLog: true,
    }),
  );
  const samples = openQueueLanes(queue.database);
  const outbox = openOutbox({
    state: openLanes(state.database, stateLanes),
    queue: samples,
    now,
    ...(parts.caps === undefined ? {} : { caps: parts.caps }),
  });
  const isTight = freeBytes(folder) < tightBytes;
  if (isTight) reserveRoom(state.database);
  const reserving = setTimeout(() => {
    if (!isTight) reserveRoom(state.database);
    keepSpare(folder);
  }, reserveAfterMs).unref();
  for (const { setAside } of [state, queue]) if (setAside !== null) tellDamage(outbox, setAside);
  return {
    state: state.database,
    queue: queue.database,
    outbox,
    close: () => {
      clearTimeout(reserving);
      try {
        outbox.flush();
        outbox.settle();
        samples.putAway();
      } catch (cause) {
        // The samples of the last minute, for which a full disk had no room.
        if (!isFull(cause)) throw cause;
      } finally {
        state.database.close();
        queue.database.close();
      }
      rmSync(mark, { force: true });
    },
  };
};

const closingOnFailure = <T>(database: Database, open: () => T): T => {
  try {
    return open();
  } catch (cause) {
    database.close();
    throw cause;
  }
};

const tellDamage = (outbox: Outbox, setAside: string): void =>
  outbox.appendEvent({
    type: 'new-epoch',
    severity: 'error',
    message: `A database was damaged and set aside as ${setAside}. Its lanes began anew; what was not yet confirmed is in that file.`,
    data: { setAside },
  });
