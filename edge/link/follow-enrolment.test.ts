/** When an approved device asks for its enrolment again: only in doubt, and politely. */
import { expect, test } from 'vitest';
import { askAfterMs, type Doubt } from './follow-enrolment.ts';

const after = (asked: number, ...doubts: Doubt[]) => askAfterMs(new Set(doubts), asked);

test('nothing in doubt, nothing asked', () => {
  expect(after(0)).toBeNull();
  expect(after(7)).toBeNull();
});

test('a link that is down is asked about rarely, a refusal soon', () => {
  expect(after(0, 'unlinked')).toBe(30_000);
  expect(after(0, 'unlinked', 'refused')).toBe(2_000);
  expect(after(0, 'left')).toBe(2_000);
});

test('each question waits longer than the last, to a limit', () => {
  for (const doubt of ['left', 'outdated', 'refused', 'unlinked'] as const) {
    const waits = Array.from({ length: 1_000 }, (_, asked) => after(asked, doubt) ?? 0);
    expect(waits).toEqual(waits.toSorted((left, right) => left - right));
    expect(waits.at(-1)).toBe(doubt === 'unlinked' ? 900_000 : 300_000);
  }
});
