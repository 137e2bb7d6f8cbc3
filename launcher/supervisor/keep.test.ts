/**
 * A process that ends is started again with a growing pause, and stays down once stopped.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { keep, type Running } from './keep.ts';

type Exit = { code: number | null; signal: NodeJS.Signals | null };

const world = () => {
  const starts: number[] = [];
  const ends: ((exit: Exit) => void)[] = [];
  const start = async (): Promise<Running> => {
    const { promise, resolve } = Promise.withResolvers<Exit>();
    starts.push(performance.now());
    ends.push(resolve);
    return {
      pid: starts.length,
      exited: promise,
      stop: async () => resolve({ code: 0, signal: null }),
    };
  };
  return { starts, ends, start };
};

const options = (start: () => Promise<Running>) => ({
  name: 'thing',
  logFile: 'thing.log',
  start,
  onChange: () => undefined,
  now: () => performance.now(),
  backoff: { firstMs: 20, maxMs: 80, healthyMs: 10_000 },
});

const until = async (holds: () => boolean) => {
  for (let tries = 0; tries < 200 && !holds(); tries += 1) await sleep(5);
  expect(holds()).toBe(true);
};

test('restarts with growing pauses and counts them', async () => {
  const { starts, ends, start } = world();
  const kept = await keep(options(start));
  for (const round of [1, 2, 3]) {
    ends[round - 1]?.({ code: 1, signal: null });
    await until(() => starts.length === round + 1);
  }
  const pauses = starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
  // On a busy machine each takes longer than that, and none takes less.
  for (const [round, leastMs] of [20, 40, 80].entries())
    expect(pauses[round]).toBeGreaterThan(leastMs - 2);
  expect(kept.status()).toMatchObject({ state: 'running', restarts: 3, pid: 4 });
  await kept.stop();
});

test('a stopped process stays down', async () => {
  const { starts, start } = world();
  const kept = await keep(options(start));
  await kept.stop();
  await sleep(60);
  expect(starts).toHaveLength(1);
  expect(kept.status().state).toBe('stopped');
});

test('a first start that fails is thrown; a later one is tried again', async () => {
  await expect(keep(options(() => Promise.reject(new Error('no'))))).rejects.toThrow('no');
  const { starts, ends, start } = world();
  let tries = 0;
  const kept = await keep(
    options(() => {
      tries += 1;
      return tries === 2 ? Promise.reject(new Error('port taken')) : start();
    }),
  );
  ends[0]?.({ code: null, signal: 'SIGKILL' });
  await until(() => starts.length === 2);
  expect(tries).toBe(3);
  await kept.stop();
});
