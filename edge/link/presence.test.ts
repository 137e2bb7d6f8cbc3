import type { Carrier } from '@signalbeam/sync/nats/carrier';
import { heartbeatSchema } from '@signalbeam/sync/wire/heartbeat';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startPresence } from './presence.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const start = (connected: () => boolean, random: () => number) => {
  const beats: { at: number; nextBeatMs: number; seq: number }[] = [];
  const publish: Carrier['publish'] = (subject, bytes) => {
    expect(subject).toBe('signalbeam.devices.heartbeat.d');
    const beat = heartbeatSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
    if (connected()) beats.push({ at: Date.now(), ...beat });
    return connected();
  };
  const presence = startPresence({
    carrier: { publish } as Carrier,
    deviceId: 'd',
    intervalMs: () => 30_000,
    generation: () => 3,
    state: () => '0123456789abcdef',
    now: Date.now,
    random,
  });
  return { beats, presence };
};

test('no beat is later than the one before announced, and they spread by 20 %', async () => {
  let turn = 0;
  const { beats, presence } = start(
    () => true,
    () => [0, 0.999, 0.5, 0.1][turn++ % 4] ?? 0,
  );
  await vi.advanceTimersByTimeAsync(600_000);
  const gaps = beats.slice(1).map(({ at }, index) => at - (beats[index]?.at ?? 0));
  for (const [index, gap] of gaps.entries())
    expect(gap).toBeLessThanOrEqual(beats[index]?.nextBeatMs ?? 0);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(24_000);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(36_000);
  presence.stop();
});

test('beats that nobody could hear are not counted as sent', async () => {
  let up = false;
  const { beats, presence } = start(
    () => up,
    () => 0.5,
  );
  await vi.advanceTimersByTimeAsync(120_000);
  expect([beats.length, presence.lastAt()]).toEqual([0, null]);
  up = true;
  presence.beatNow();
  expect(beats[0]).toMatchObject({ seq: 0 });
  presence.stop();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(beats).toHaveLength(1);
});
