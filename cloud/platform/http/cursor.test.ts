/** Cursors: what a list gave out comes back, anything else is refused in words. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { pageOf, readCursor, writeCursor } from './cursor.ts';

const position = z.tuple([z.string(), z.int()]);

test('a position survives the way there and back', () => {
  expect(readCursor(writeCursor(['Pumpe/ü "', 3]), position)).toEqual(['Pumpe/ü "', 3]);
});

test.each([
  '',
  '!',
  'bnVsbA',
  writeCursor(['a']),
  writeCursor(['a', 'b']),
  writeCursor({}),
  'A'.repeat(9_000),
])('anything else is refused: %s', (cursor) => {
  expect(() => readCursor(cursor, position)).toThrowError(
    expect.objectContaining({ code: 'invalid-request' }),
  );
});

test('the row too many becomes the next page, and a full last page has none', () => {
  const page = pageOf([1, 2, 3], 2, (row) => row);
  expect(page).toEqual({ rows: [1, 2], nextCursor: writeCursor(2) });
  expect(pageOf([1, 2], 2, (row) => row).nextCursor).toBeNull();
  expect(pageOf([], 2, (row) => row)).toEqual({ rows: [], nextCursor: null });
});
