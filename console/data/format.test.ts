/** Notes as people write them. */
import { expect, it } from 'vitest';
import { notesIn } from './format.ts';

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
