/**
 * A real full disk: what is decided is still committed, in the room that was set aside for it, and an
 * agent that was stopped starts again.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDisk } from '@signalbeam/launcher/infra/loop-disk';
import { expect, test } from 'vitest';
import { openLanes } from './lanes.ts';
import { lockFolder } from './lock.ts';
import { stateMigrations } from './migrations.ts';
import { isFull, openStore, reserveRoom } from './open.ts';
import { keepSpare } from './spare.ts';
import { openStores } from './stores.ts';

const fill = (path: string): void => {
  for (const bytes of [1_048_576, 4_096, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
    }
  }
};

/** Events of 300 bytes that are committed one by one on a full disk, before it takes no more. */
const eventsOnFullDisk = (reserve: boolean): number => {
  const disk = createDisk(16);
  const { database } = openStore({
    path: join(disk.mountPoint, 'state.db'),
    migrations: stateMigrations,
    pageBytes: 4_096,
    check: false,
    now: () => 0,
  });
  try {
    const lanes = openLanes(database, ['events', 'reported']);
    if (reserve) reserveRoom(database);
    fill(join(disk.mountPoint, 'ballast'));
    for (let event = 0; event < 2_000; event += 1) {
      try {
        lanes.append('events', [{ at: event, body: { message: 'x'.repeat(300) } }]);
      } catch (cause) {
        if (!isFull(cause)) throw cause;
        return event;
      }
    }
    return 2_000;
  } finally {
    database.close();
    disk.remove();
  }
};

test('without it a full disk takes hardly an event, with it two thousand', () => {
  expect(eventsOnFullDisk(false)).toBeLessThan(100);
  expect(eventsOnFullDisk(true)).toBe(2_000);
});

const event = {
  type: 'agent-started',
  severity: 'info',
  message: 'It started.',
  data: {},
} as const;

/** It was stopped, then others took every byte of the disk; it starts, and writes down that it did. */
const startOnFullDisk = (spare: boolean): number => {
  const disk = createDisk(24);
  const folder = join(disk.mountPoint, 'agent');
  mkdirSync(folder);
  const start = () => {
    const lock = lockFolder(folder);
    try {
      const stores = openStores({ folder, now: () => 0 });
      try {
        stores.outbox.appendEvent(event);
        if (spare) keepSpare(folder);
        return stores.outbox.storeOf('events').head('events').lastSeq;
      } finally {
        stores.close();
      }
    } finally {
      lock.release();
    }
  };
  try {
    start();
    fill(join(disk.mountPoint, 'ballast'));
    return start();
  } finally {
    disk.remove();
  }
};

test('an agent that has just started on a small disk has its room before others can take it', () => {
  const disk = createDisk(24);
  const folder = join(disk.mountPoint, 'agent');
  mkdirSync(folder);
  const lock = lockFolder(folder);
  try {
    const stores = openStores({ folder, now: () => 0 });
    try {
      fill(join(disk.mountPoint, 'ballast'));
      for (let told = 0; told < 200; told += 1) stores.outbox.appendEvent(event);
      expect(stores.outbox.storeOf('events').head('events').lastSeq).toBe(200);
    } finally {
      stores.close();
    }
  } finally {
    lock.release();
    disk.remove();
  }
});

test('without room to spare an agent that was stopped can’t start and says why, with it it starts', () => {
  expect(() => startOnFullDisk(false)).toThrow(expect.objectContaining({ code: 'store-unusable' }));
  expect(startOnFullDisk(true)).toBe(2);
});
