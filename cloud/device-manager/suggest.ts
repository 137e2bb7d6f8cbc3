/** Suggestions for a query that is being written: words of the language, and the tenant's own words. */

import { healthWords } from '@signalbeam/platform/core/health-level';
import { isFieldName } from '@signalbeam/platform/core/tag';
import { statuses } from '@signalbeam/platform/core/tag-query';
import { type Expected, expectedAt, wordsAt } from '@signalbeam/platform/core/tag-query-expect';
import { printText } from '@signalbeam/platform/core/tag-query-print';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { countTags, listTagKeys } from './store/device-tags.ts';
import { listFieldValues } from './store/field-values.ts';

export type Suggestion = { text: string; kind: 'key' | 'tag' | 'value' | 'word'; hint: string };

const suggestionsMax = 12;

const devicesOf = (count: number): string => (count === 1 ? '1 device' : `${count} devices`);

const ownConditions = async (sql: Sql, { prefix }: Expected): Promise<Suggestion[]> => {
  const keys = await listTagKeys(sql, { prefix, limit: suggestionsMax });
  const bare = await countTags(sql, { key: '', prefix, limit: suggestionsMax });
  return [
    ...keys.map((text) => ({ text, kind: 'key' as const, hint: 'key of a tag' })),
    ...bare.map(({ value, devices }) => ({
      text: value,
      kind: 'tag' as const,
      hint: devicesOf(devices),
    })),
  ];
};

const ownValues = async (sql: Sql, { key, prefix }: Expected): Promise<Suggestion[]> => {
  const value = (text: string, hint = ''): Suggestion => ({
    text: printText(text),
    kind: 'value',
    hint,
  });
  if (key === 'status') {
    return statuses.filter((status) => status.startsWith(prefix)).map((status) => value(status));
  }
  if (key === 'health') {
    return healthWords.filter((word) => word.startsWith(prefix)).map((word) => value(word));
  }
  if (key === 'site' || key === 'bundle' || key === 'version') {
    const found = await listFieldValues(sql, key, { prefix, limit: suggestionsMax });
    return found.map((text) => value(text));
  }
  if (isFieldName(key)) return [];
  const counted = await countTags(sql, { key, prefix, limit: suggestionsMax });
  return counted.map((tag) => value(tag.value, devicesOf(tag.devices)));
};

export const suggest = async (
  sql: Sql,
  query: string,
  at: number,
): Promise<{ replace: { start: number; end: number }; suggestions: Suggestion[] }> => {
  const expected = expectedAt(query, at);
  const words = wordsAt(expected).map((word): Suggestion => ({ ...word, kind: 'word' }));
  const own =
    expected.kind === 'condition'
      ? await ownConditions(sql, expected)
      : expected.kind === 'value'
        ? await ownValues(sql, expected)
        : [];
  const { start, end } = expected;
  return { replace: { start, end }, suggestions: [...own, ...words].slice(0, 2 * suggestionsMax) };
};
