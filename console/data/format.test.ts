/** Notes as people write them, and how far off a moment is. */
import { expect, it } from 'vitest';
import { notesIn, untilOf } from './format.ts';

it('reads notes line by line, with colons in their values', () => {
  expect(notesIn('serial: A-17\n\n url : https://a.example:8080/ \n')).toEqual({
    kind: 'notes',
    notes: { serial: 'A-17', url: 'https://a.example:8080/' },
  });
  expect(notesIn('')).toEqual({ kind: 'notes', notes: {} });
});

it.each([
  ['a: 1\nb', 'Line 2'],
  [': x', 'Line 1'],
  ['a: 1\na: 2', 'a second time'],
])('says what is wrong with %j', (text, reason) => {
  expect(notesIn(text)).toMatchObject({ kind: 'fault', reason: expect.stringContaining(reason) });
});

it('says how long it is until something happens, and that it is time', () => {
  const now = Date.parse('2026-03-03T12:00:00Z');
  expect(untilOf('2026-03-03T13:20:00Z', now)).toBe('in 1 h 20 min');
  expect(untilOf(now + 42_000, now)).toBe('in 42 s');
  expect(untilOf(now, now)).toBe('now');
});
