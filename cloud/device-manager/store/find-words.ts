/**
 * Looks rare words up by trigrams before a list is read, through the one function that may use such
 * an index for a tenant (migration 0141). Frequent words are not looked up: they are met soon in the
 * order of the list. Only narrows; the filter still checks every device.
 */

import type { Query } from '@signalbeam/platform/core/tag-query';
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';
import { escapeLike } from '@signalbeam/platform/postgres/tag-query-sql';
import { patternOf } from './device-filter.ts';

/**
 * Where the statistics expect more, the index is not even asked (migration 0236). Of 100,000 devices:
 * one in fifty is read and sorted faster than the list is walked to its end; a page is full of one in two
 * hundred after 10,000.
 */
const expectedMax = { page: 500, all: 2_000 };
export type WordsFor = keyof typeof expectedMax;
const hasTrigram = /[\p{L}\p{N}]{3}/u;

/** What `searched` must look like for a device to answer this: it begins with the name. */
const impliedBy = (query: Query): string[] => {
  if (query.kind === 'and') return query.parts.flatMap(impliedBy);
  const [pattern, ...others] = query.kind === 'text' && query.field === 'name' ? query.values : [];
  if (pattern === undefined || others.length > 0) return [];
  const name = pattern.map(escapeLike).join('%');
  return [pattern.length === 1 ? `${name} %` : `${name}%`];
};

/** Null: nothing that is rare enough to be looked up. */
export const findWords = async (
  sql: Sql,
  of: { search?: string | undefined; queries: readonly Query[] },
  wanted: WordsFor,
): Promise<string[] | null> => {
  const patterns = [
    ...(of.search === undefined || of.search === '' ? [] : [patternOf(of.search)]),
    ...of.queries.flatMap(impliedBy),
  ].filter((pattern) => hasTrigram.test(pattern));
  for (const pattern of patterns) {
    const { ids } = onlyRow(
      await sql.query<{ ids: string[] | null }>(
        'SELECT device_manager.devices_like($1, $2) AS ids',
        [...[pattern, expectedMax[wanted]]],
      ),
    );
    if (ids !== null) return ids;
  }
  return null;
};
