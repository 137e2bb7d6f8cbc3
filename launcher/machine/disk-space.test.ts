/** Too little room stops a start, little room is only told. */
import { expect, test } from 'vitest';
import { roomOf } from './disk-space.ts';

test('room is judged by what a run needs', () => {
  const MiB = 1024 * 1024;
  expect([0, 399, 400, 4_095, 4_096].map((free) => roomOf(free * MiB))).toEqual([
    ...['none', 'none', 'scarce', 'scarce', 'enough'],
  ]);
});
