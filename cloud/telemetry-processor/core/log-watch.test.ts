import { logLeaseMs, logSessionSecondsMax } from '@signalbeam/sync/core/log-session';
import { expect, it } from 'vitest';
import { hearPiece, type LogWatch, nextOfWatch, openWatch } from './log-watch.ts';

const asked = (watch: LogWatch, now: number): LogWatch => {
  const next = nextOfWatch(watch, now);
  if (next.kind !== 'ask') throw new Error(`${next.kind} at ${now}`);
  return next.watch;
};
const hear = (watch: LogWatch, seq: number, now: number, hasRoom = true) =>
  hearPiece(watch, seq, { hasRoom, now });

it('asks at once, again when nothing comes, and gives up in the end', () => {
  let watch = openWatch(1_000);
  const asks: number[] = [];
  for (let now = 1_000; ; now += 100) {
    const next = nextOfWatch(watch, now);
    if (next.kind === 'over') {
      expect([next.reason, now]).toEqual(['no-answer', 13_000]);
      break;
    }
    if (next.kind !== 'ask') continue;
    asks.push(now - 1_000);
    watch = next.watch;
  }
  expect(asks).toEqual([0, 2_500, 5_000, 7_500, 10_000]);
});

it('asks no more once the device answers, and notices when it goes', () => {
  const { watch, isNew, answer } = hear(asked(openWatch(0), 0), 0, 400);
  expect([isNew, answer]).toEqual([true, 'go']);
  expect(nextOfWatch(watch, 20_000)).toEqual({ kind: 'wait', untilMs: 400 + 2 * logLeaseMs });
  expect(nextOfWatch(watch, 400 + 2 * logLeaseMs)).toEqual({ kind: 'over', reason: 'silent' });
});

it('shows no piece twice and none out of its order, and stops who sends such', () => {
  const { watch } = hear(openWatch(0), 0, 1);
  expect(hear(watch, 0, 2)).toMatchObject({ isNew: false, answer: 'go', watch: { seq: 1 } });
  for (const seq of [2, 7]) {
    expect(hear(watch, seq, 2)).toEqual({ watch, isNew: false, answer: 'stop' });
  }
});

it('takes nothing that there is no room for, and goes on with the same piece when there is', () => {
  const full = hear(openWatch(0), 0, 1, false);
  expect(full).toMatchObject({ isNew: false, answer: 'wait', watch: { seq: 0, heardAtMs: 1 } });
  // Who goes on all the same is out of order.
  expect(hear(full.watch, 1, 2, false)).toMatchObject({ isNew: false, answer: 'stop' });
  expect(hear(full.watch, 0, 2)).toMatchObject({ isNew: true, answer: 'go', watch: { seq: 1 } });
});

it('is over when nobody reads for a minute, and not when they do in between', () => {
  const full = hear(openWatch(0), 0, 1_000, false).watch;
  const still = hear(full, 0, 50_000, false).watch;
  expect(nextOfWatch(still, 60_999)).toEqual({ kind: 'wait', untilMs: 61_000 });
  expect(nextOfWatch(still, 61_000)).toEqual({ kind: 'over', reason: 'unread' });
  const read = hear(hear(still, 0, 51_000).watch, 1, 60_000, false).watch;
  expect(nextOfWatch(read, 61_000)).toMatchObject({ kind: 'wait' });
});

it('is over soon after half an hour, whatever the device goes on sending', () => {
  const lastMs = logSessionSecondsMax * 1_000 + 60_000;
  let watch = asked(openWatch(0), 0);
  let now = 0;
  for (; now <= lastMs && nextOfWatch(watch, now).kind !== 'over'; now += logLeaseMs) {
    ({ watch } = hear(watch, watch.seq, now));
  }
  expect(now).toBeGreaterThan(logSessionSecondsMax * 1_000);
  expect(now).toBeLessThanOrEqual(lastMs);
  expect(nextOfWatch(watch, now)).toEqual({ kind: 'over', reason: 'time-is-up' });
});
