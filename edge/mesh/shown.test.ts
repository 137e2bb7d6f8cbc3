import { expect, test } from 'vitest';
import { showSite } from './shown.ts';

const choice = { holder: null, why: '', since: 0, rival: null, rivalSince: 0, wakeAt: null };
const parts = { members: [], since: () => 0, choice, waiting: '', warnings: [] };

test('tells a person of what a sound site never sends, and of nothing else', () => {
  const counters = { received: 90, 'refused-piece-unasked': 7, 'records-refused': 0 };
  const shown = (more: Record<string, number>) =>
    showSite({ ...parts, counters: { ...counters, ...more } }).refused;
  expect(shown({})).toBe(0);
  expect(shown({ 'refused-bad-tag': 2, 'https-refused': 1 })).toBe(3);
});
