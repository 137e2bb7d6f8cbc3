import type { EventBody, MetricsBody } from '@signalbeam/sync/wire/rows';
import Database from 'better-sqlite3';
import { beforeEach, expect, test, vi } from 'vitest';
import { openQueueLanes } from './fresh-lane.ts';
import { openLanes } from './lanes.ts';
import { queueMigrations, stateMigrations } from './migrations.ts';
import { type Caps, defaultCaps, openOutbox } from './outbox.ts';

const start = (caps: Partial<Caps> = {}, queue = new Database(':memory:')) => {
  const state = new Database(':memory:');
  for (const { sql } of stateMigrations) state.exec(sql);
  for (const { sql } of queueMigrations) queue.exec(sql);
  return openOutbox({
    state: openLanes(state, ['events', 'reported']),
    queue: openQueueLanes(queue),
    now: () => 1_000,
    caps: { ...defaultCaps, ...caps },
  });
};

test('a commit that the full disk undoes does not undo what was confirmed', () => {
  const [state, queue] = [new Database(':memory:'), new Database(':memory:')];
  for (const { sql } of stateMigrations) state.exec(sql);
  for (const { sql } of queueMigrations) queue.exec(sql);
  const full = openOutbox({
    state: openLanes(state, ['events', 'reported']),
    queue: openQueueLanes(queue),
    now: () => 1_000,
  });
  const store = full.storeOf('metrics');
  full.addMetrics(metrics, 1);
  full.flush();
  full.confirm('metrics', 1, store.hashAt('metrics', 1) ?? '');
  queue.pragma(`max_page_count = ${queue.pragma('page_count', { simple: true })}`);
  for (let at = 2; at < 2_000; at += 1) full.addMetrics(metrics, at);
  expect(() => full.flush()).toThrow(/full/);
  expect(store.head('metrics').ackedSeq).toBe(0);
  full.settle();
  expect(store.head('metrics').ackedSeq).toBe(1);
});

const event = (message: string, type: EventBody['type'] = 'link-up'): EventBody => ({
  type,
  severity: 'info',
  message,
  data: {},
});
const metrics: MetricsBody = {
  cpuPercent: 1,
  memoryPercent: 2,
  memoryUsedBytes: 3,
  diskPercent: 4,
  diskUsedBytes: 5,
  networkReceivedBytes: 6,
  networkSentBytes: 7,
  loadAverage: 8,
  temperatureCelsius: null,
  uptimeSeconds: 9,
};

let outbox: ReturnType<typeof start>;
beforeEach(() => {
  outbox = start();
});

test('events are on disk at once, metrics with their group', () => {
  outbox.appendEvent(event('one'));
  outbox.addMetrics(metrics, 1);
  outbox.addMetrics(metrics, 2);
  const last = (lane: 'events' | 'metrics') => outbox.storeOf(lane).head(lane).lastSeq;
  expect([last('events'), last('metrics'), outbox.pendingMetrics()]).toEqual([1, 0, 2]);
  outbox.flush();
  expect([last('metrics'), outbox.pendingMetrics()]).toEqual([2, 0]);
});

test('confirmed metrics are forgotten with the next group, not by a commit of their own', () => {
  const store = outbox.storeOf('metrics');
  outbox.addMetrics(metrics, 1);
  outbox.flush();
  outbox.confirm('metrics', 1, store.hashAt('metrics', 1) ?? '');
  expect(store.head('metrics').ackedSeq).toBe(0);
  outbox.addMetrics(metrics, 2);
  outbox.flush();
  expect(store.head('metrics')).toMatchObject({ ackedSeq: 1, lastSeq: 2 });
  expect(store.backlog('metrics').rows).toBe(1);
});

test('samples wait in memory while the disk takes none, the newest of them, and are written then', () => {
  const database = new Database(':memory:');
  outbox = start({}, database);
  const queue = outbox.storeOf('metrics');
  database.exec(`CREATE TRIGGER full BEFORE INSERT ON lane_rows
    BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`);
  for (let index = 0; index < 1_200; index += 1) outbox.addMetrics(metrics, index);
  expect(() => outbox.flush()).toThrow('full');
  expect(outbox.pendingMetrics()).toBe(1_000);
  database.exec('DROP TRIGGER full');
  outbox.flush();
  expect(outbox.pendingMetrics()).toBe(0);
  expect(queue.peek('metrics', 0, 2_000).map(({ at }) => at)).toEqual(
    Array.from({ length: 1_000 }, (_, index) => 200 + index),
  );
});

test('a full metrics lane whose rows may be in frames drops its oldest in blocks and says so', async () => {
  outbox = start({ metricsBytes: 8_000 });
  await outbox.linkOpened();
  for (let index = 0; index < 400; index += 1) {
    outbox.addMetrics(metrics, index);
    outbox.flush();
  }
  const store = outbox.storeOf('metrics');
  expect(store.backlog('metrics').bytes).toBeLessThan(9_000);
  const [gap, next] = store.peek('metrics', 0, 2);
  expect(gap?.line).toContain('dropped-at-cap');
  expect(next?.firstSeq).toBe((gap?.seq ?? 0) + 1);
  expect(store.head('metrics').lastSeq).toBe(400);
});

test('events are never dropped: at the cap they fold into counts, and come out when there is room', () => {
  outbox = start({ eventsBytes: 5_000 });
  for (let index = 0; index < 200; index += 1)
    outbox.appendEvent(event(`flicker ${index}`, 'link-down'));
  outbox.appendEvent({ ...event('bad', 'update-failed'), severity: 'error' });
  expect(outbox.eventsFull()).toBe(true);
  const store = outbox.storeOf('events');
  const kept = store.head('events').lastSeq;
  expect(kept).toBeLessThan(100);
  outbox.confirm('events', kept, store.head('events').lastHash);
  expect(outbox.eventsFull()).toBe(false);
  const told = store
    .peek('events', kept, 10)
    .map(({ line }) => (JSON.parse(line) as { body: EventBody }).body);
  expect(told).toMatchObject([
    { type: 'link-down', message: 'flicker 199', data: { folded: 200 - kept } },
    { type: 'update-failed', severity: 'error', data: { folded: 1 } },
  ]);
});

test('listeners hear after the commit that appended, once for many rows', async () => {
  const heard = vi.fn();
  outbox.onAppended(heard);
  outbox.appendEvent(event('one'));
  outbox.appendEvent(event('two'));
  expect(heard).not.toHaveBeenCalled();
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toHaveBeenCalledTimes(1);
});

test('the newest events stay readable on the device after the cloud has them', () => {
  for (let index = 0; index < 205; index += 1) outbox.appendEvent(event(`event ${index}`));
  const { lastSeq, lastHash } = outbox.storeOf('events').head('events');
  outbox.confirm('events', lastSeq, lastHash);
  const recent = outbox.recentEvents(300);
  expect(recent).toHaveLength(200);
  expect(recent[0]).toMatchObject({ message: 'event 204', at: 1_000 });
});
