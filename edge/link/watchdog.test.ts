import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startWatchdog } from './watchdog.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const start = (answers: boolean) => {
  const acts: string[] = [];
  const watchdog = startWatchdog({
    probe: async () => {
      acts.push('probe');
      return answers;
    },
    connected: () => true,
    reconnect: async () => void acts.push('reconnect'),
    restartLeaf: async () => void acts.push('restart leaf'),
    now: Date.now,
    log: () => undefined,
    everyMs: 60_000,
  });
  return { acts, watchdog };
};

test('ordinary traffic is proof enough: nothing is asked', async () => {
  const { acts, watchdog } = start(false);
  for (let minute = 0; minute < 10; minute += 1) {
    await vi.advanceTimersByTimeAsync(60_000);
    watchdog.heard();
  }
  expect(acts).toEqual([]);
  watchdog.stop();
});

test('after three silences the connection is made anew, after six the leaf too', async () => {
  const { acts, watchdog } = start(false);
  await vi.advanceTimersByTimeAsync(4 * 60_000);
  expect(acts).toEqual(['probe', 'probe', 'probe', 'reconnect']);
  await vi.advanceTimersByTimeAsync(3 * 60_000);
  expect(acts.slice(4)).toEqual(['probe', 'probe', 'probe', 'restart leaf', 'reconnect']);
  watchdog.stop();
});

test('an answer to its question calms it', async () => {
  const { acts, watchdog } = start(true);
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(acts).not.toContain('reconnect');
  expect(acts.length).toBeLessThan(6);
  watchdog.stop();
});
