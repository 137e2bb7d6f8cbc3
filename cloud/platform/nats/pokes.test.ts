import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startPokes } from './pokes.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const start = () => {
  const sent: { at: number; subject: string; hint: unknown }[] = [];
  const from = Date.now();
  const publish = (subject: string, hint: unknown): void => {
    sent.push({ at: Date.now() - from, subject, hint: JSON.parse(String(hint)) });
  };
  const pokes = startPokes({ publish: publish as never, isClosed: () => false }, Date.now);
  return { sent, pokes };
};

test('a hint is repeated ever more seldom, and then no more', async () => {
  const { sent, pokes } = start();
  pokes.send('down.t.s.d.poke', { generation: 3 });
  await vi.advanceTimersByTimeAsync(10 * 3_600_000);
  expect(sent.map(({ at }) => at)).toEqual([0, 10_000, 60_000, 300_000, 900_000, 3_600_000]);
  expect(new Set(sent.map(({ hint }) => JSON.stringify(hint)))).toEqual(
    new Set(['{"generation":3}']),
  );
  pokes.stop();
});

test('a newer hint takes the place of the one before', async () => {
  const { sent, pokes } = start();
  pokes.send('a', { generation: 3 });
  await vi.advanceTimersByTimeAsync(7_000);
  pokes.send('a', { generation: 4 });
  pokes.send('b', { generation: 1 });
  await vi.advanceTimersByTimeAsync(30_000);
  expect(sent.slice(3)).toMatchObject([
    { subject: 'a', hint: { generation: 4 } },
    { subject: 'b', hint: { generation: 1 } },
  ]);
  pokes.stop();
});
