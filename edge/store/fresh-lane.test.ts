/** Samples in slots: what a commit costs, and that whoever asks sees one lane, whatever becomes of it. */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MetricsBody, metricNames } from '@signalbeam/sync/wire/rows';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openQueueLanes } from './fresh-lane.ts';
import { openLanes } from './lanes.ts';
import { readSlotRows, slotCount } from './slots.ts';
import { openStores, type Stores } from './stores.ts';

let folder: string;
let stores: Stores;
let now: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fresh-'));
  now = Date.parse('2026-03-01T00:00:00Z');
  stores = openStores({ folder, now: () => now });
});
afterEach(() => {
  if (stores.queue.open) stores.close();
  for (const each of [folder, `${folder}-after`]) rmSync(each, { recursive: true, force: true });
});

const body = (taken: number): MetricsBody => {
  const figure = (index: number): number => 1_000 * index + Math.abs(Math.sin(taken * index));
  const figures = metricNames.map((name, index) => [name, Math.round(figure(index) * 1e4) / 10]);
  return Object.fromEntries(figures) as MetricsBody;
};
/** A sample each 15 s, four in a commit. */
const commits = (count: number): void => {
  for (let commit = 0; commit < count; commit += 1) {
    for (let sample = 0; sample < 4; sample += 1) {
      now += 15_000;
      stores.outbox.addMetrics(body(now / 15_000), now);
    }
    stores.outbox.flush();
  }
};
const lane = () => stores.outbox.storeOf('metrics');
const confirmAll = (): void => {
  const { lastSeq, lastHash } = lane().head('metrics');
  stores.outbox.confirm('metrics', lastSeq, lastHash);
};
/** As a power cut leaves the files. */
const cut = (): Stores => {
  const after = `${folder}-after`;
  cpSync(folder, after, { recursive: true });
  return openStores({ folder: after, now: () => now });
};
const sequences = (of: Stores): number[] =>
  of.outbox
    .storeOf('metrics')
    .peek('metrics', 0, 10_000)
    .map(({ seq }) => seq);
const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

test('an idle hour is a page a commit, and one more when its frames are confirmed', async () => {
  await stores.outbox.linkOpened();
  stores.queue.pragma('wal_checkpoint(RESTART)');
  stores.queue.pragma('wal_autocheckpoint = 0');
  for (let frame = 0; frame < 4; frame += 1) {
    commits(15);
    confirmAll();
  }
  const [{ log } = { log: 0 }] = stores.queue.pragma('wal_checkpoint') as { log: number }[];
  expect(log).toBeGreaterThanOrEqual(60);
  expect(log).toBeLessThanOrEqual(64);
});

test('what was committed is there after a power cut, under the same numbers and hashes', () => {
  commits(10);
  confirmAll();
  commits(7);
  const before = { ...lane().head('metrics'), backlog: lane().backlog('metrics') };
  const after = cut();
  const again = after.outbox.storeOf('metrics');
  expect({ ...again.head('metrics'), backlog: again.backlog('metrics') }).toEqual(before);
  expect(sequences(after)).toEqual(upTo(68, 41));
  const stored = openLanes(after.queue, ['metrics']).head('metrics');
  expect(readSlotRows(after.queue, stored).map(({ seq }) => seq)).toEqual(upTo(68, 41));
  expect(again.hashAt('metrics', 50)).toBe(lane().hashAt('metrics', 50));
  after.close();
});

test('more commits than there are slots are one lane still', () => {
  commits(slotCount * 2 + 5);
  expect(sequences(stores)).toEqual(upTo(4 * (slotCount * 2 + 5)));
  const peeked = lane().peek('metrics', 4 * slotCount * 2 - 2, 4);
  expect(peeked.map(({ seq }) => seq)).toEqual(upTo(4 * slotCount * 2 + 2, 4 * slotCount * 2 - 1));
});

test('samples that fit no slot go where there is room for them', () => {
  commits(2);
  for (let sample = 0; sample < 100; sample += 1) stores.outbox.addMetrics(body(sample), now);
  stores.outbox.flush();
  commits(2);
  expect(sequences(stores)).toEqual(upTo(116));
});

test('what slots hold of another epoch is over', () => {
  commits(3);
  stores.outbox.renumber('metrics');
  const { epoch } = lane().head('metrics');
  commits(1);
  const after = cut();
  expect(after.outbox.storeOf('metrics').head('metrics')).toMatchObject({ epoch, lastSeq: 16 });
  expect(sequences(after)).toEqual(upTo(16));
  after.close();
});

test('a slot whose bytes were damaged costs its samples, not the start', () => {
  commits(3);
  const content = Buffer.concat([
    Buffer.from(lane().head('metrics').epoch, 'hex'),
    randomBytes(952),
  ]);
  stores.queue.prepare('UPDATE fresh_rows SET content = ? WHERE slot = 1').run(content);
  const after = cut();
  expect(sequences(after)).toEqual(upTo(4));
  after.close();
});

test('a commit that is undone leaves nothing, in memory neither', () => {
  commits(1);
  const queue = openQueueLanes(stores.queue);
  const undone = () =>
    queue.group(() => {
      queue.append('metrics', [{ at: now, body: body(0) }]);
      throw new Error('the disk is full');
    });
  expect(undone).toThrow('full');
  expect(queue.head('metrics')).toMatchObject({ lastSeq: 4 });
  expect(queue.backlog('metrics').rows).toBe(4);
});

test('a clean end leaves what an older agent reads', () => {
  commits(3);
  stores.close();
  const database = new Database(join(folder, 'queue.db'));
  const plain = openLanes(database, ['metrics']);
  expect(plain.head('metrics').lastSeq).toBe(12);
  expect(plain.peek('metrics', 0, 100)).toHaveLength(12);
  database.close();
});

test('after an unclean end an older agent goes on from what was confirmed, and reads no slot', () => {
  commits(2);
  confirmAll();
  commits(1);
  const after = `${folder}-after`;
  cpSync(folder, after, { recursive: true });
  const database = new Database(join(after, 'queue.db'));
  const plain = openLanes(database, ['metrics']);
  expect(plain.head('metrics').lastSeq).toBe(8);
  plain.append('metrics', [{ at: now, body: body(0) }]);
  const told = plain.head('metrics');
  database.close();
  // Of the four that lay in a slot the one of that number is over; the others follow it.
  const again = openStores({ folder: after, now: () => now });
  expect(sequences(again)).toEqual(upTo(12, 9));
  expect(again.outbox.storeOf('metrics').hashAt('metrics', 9)).toBe(told.lastHash);
  again.close();
});
