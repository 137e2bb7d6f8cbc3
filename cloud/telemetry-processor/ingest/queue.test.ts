import { expect, it } from 'vitest';
import { createQueue } from './queue.ts';

it('makes the one who puts wait while it is full', async () => {
  const queue = createQueue<number>(2);
  expect(queue.put(1)).toBeUndefined();
  const room = queue.put(2);
  let let_in = false;
  void room?.then(() => {
    let_in = true;
  });
  await Promise.resolve();
  expect(let_in).toBe(false);
  expect(queue.take(1)).toEqual([1]);
  await room;
  expect(let_in).toBe(true);
  expect(queue.take(9)).toEqual([2]);
});

it('wakes who waits for something, and everybody when it closes', async () => {
  const queue = createQueue<number>(1);
  const filled = queue.filled();
  void queue.put(1);
  await filled;
  queue.take(1);
  const again = queue.filled();
  queue.close();
  await again;
});
