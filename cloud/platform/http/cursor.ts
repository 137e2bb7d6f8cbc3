/**
 * Cursors of lists: where the next page starts, as one opaque word. A cursor holds no rights (every
 * query takes the tenant by itself), so it is not signed; it is parsed like all that comes from
 * outside.
 */

import { parseJson } from '@signalbeam/sync/wire/shape';
import type { z } from 'zod';
import { refusal } from './problem.ts';

const cursorBytesMax = 2_048;

export const writeCursor = (position: unknown): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url');

/** Null without a cursor: from the beginning. Throws `invalid-request` when it is none of ours. */
export const readCursor = <T>(cursor: string | undefined, schema: z.ZodType<T>): T | null => {
  if (cursor === undefined) return null;
  const parsed = parseJson(Buffer.from(cursor, 'base64url'), schema, cursorBytesMax);
  if (parsed.kind === 'parsed') return parsed.value;
  throw refusal('invalid-request', 'The cursor is not one that this list gave out.', {
    errors: [{ path: 'cursor', message: 'use nextCursor of the page before, or leave it out' }],
  });
};

/** Of `limit + 1` rows: cuts the one too many off, which only says that there is a next page. */
export const pageOf = <T>(
  rows: readonly T[],
  limit: number,
  positionOf: (row: T) => unknown,
): { rows: T[]; nextCursor: string | null } => {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { rows: shown, nextCursor: more ? writeCursor(positionOf(last)) : null };
};
