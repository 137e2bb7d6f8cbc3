import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openQueueLanes } from '../store/fresh-lane.ts';
import { openLanes } from '../store/lanes.ts';
import { queueMigrations, stateMigrations } from '../store/migrations.ts';
import { openOutbox } from '../store/outbox.ts';
import { createOutageLog } from './outage.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const start = () => {
  const [state, queue] = [new Database(':memory:'), new Database(':memory:')];
  for (const { sql } of stateMigrations) state.exec(sql);
  for (const { sql } of queueMigrations) queue.exec(sql);
  const outbox = openOutbox({
    state: openLanes(state, ['events', 'reported']),
    queue: openQueueLanes(queue),
    now: Date.now,
  });
  const outages = createOutageLog({
    outbox,
    now: Date.now,
    log: () => undefined,
    onChange: () => undefined,
  });
  return {
    outages,
    told: () =>
      outbox
        .recentEvents(50)
        .map(({ type }) => type)
        .reverse(),
  };
};

test('the first contact is told; a flicker is not; an outage is, at both ends', async () => {
  const { outages, told } = start();
  outages.began();
  outages.ended();
  expect(told()).toEqual(['link-up']);
  outages.began();
  await vi.advanceTimersByTimeAsync(3_000);
  outages.ended();
  expect(told()).toEqual(['link-up']);
  outages.began();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(outages.since()).not.toBeNull();
  outages.ended();
  expect(told()).toEqual(['link-up', 'link-down', 'link-up']);
  expect(outages.since()).toBeNull();
});
