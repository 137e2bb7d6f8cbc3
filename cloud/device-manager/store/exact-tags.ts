/**
 * What a query asks of tags that are told by their whole value, and the devices that have such tags,
 * read from the index of tags alone: it has the devices of each tag in one order, so several tags are
 * brought together without looking at a device. Right only where no device has such a value as a bare
 * tag (`countBare`): a device has one value of a key, and is found once.
 */
import type { Query } from '@signalbeam/platform/core/tag-query';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Add } from '@signalbeam/platform/postgres/tag-query-sql';
import { countedRows } from './fleet-counts.ts';

export type ExactTag = { key: string; values: readonly string[] };

/** What must hold, each by itself. */
export const partsOf = (query: Query): readonly Query[] =>
  query.kind === 'and' ? query.parts.flatMap(partsOf) : [query];

/** Null for what is no tag, or is told by the parts of its value. `a=1 OR a=2` is one tag of two values. */
export const exactTag = (query: Query): ExactTag | null => {
  if (query.kind === 'or') {
    const tags = query.parts.map(exactTag);
    const [first] = tags;
    const isOne = first && tags.every((tag): tag is ExactTag => tag?.key === first.key);
    return isOne
      ? { key: first.key, values: [...new Set(tags.flatMap((tag) => tag.values))] }
      : null;
  }
  if (query.kind !== 'tag' || query.values.some(({ length }) => length > 1)) return null;
  return { key: query.key, values: query.values.map(([text = '']) => text) };
};

/** How many devices have one of these values as a bare tag, which stands for any key. */
export const countBare = async (sql: Sql, tags: readonly ExactTag[]): Promise<number> => {
  const { rows } = await sql.query<{ devices: number }>(
    `SELECT coalesce(sum(devices), 0)::bigint AS devices
       FROM (${countedRows('tag', `key = '' AND value = ANY($1::text[])`)}) counted`,
    [tags.flatMap(({ values }) => values)],
  );
  return rows[0]?.devices ?? 0;
};

const isOneOf = ({ key, values }: ExactTag, add: Add): string => {
  const [value = '', ...others] = values;
  // One value alone leaves the devices in the order of the index.
  const is = others.length === 0 ? `= ${add(value)}` : `= ANY(${add(values)}::text[])`;
  return `tenant_id = platform.current_tenant() AND key = ${add(key)} AND value ${is}`;
};

/** `SELECT … FROM` this: a row for each device that has all of `has` (at least one) and none of `lacks`. */
export const devicesTagged = (
  { has, lacks }: { has: readonly ExactTag[]; lacks: readonly ExactTag[] },
  add: Add,
): string => {
  const tables = has.map(
    (tag) => `(SELECT device_id FROM device_manager.device_tags WHERE ${isOneOf(tag, add)})`,
  );
  const [first, ...others] = tables.map((table, at) => `${table} t${at}`);
  const joined = others.map((table) => `JOIN ${table} USING (device_id)`);
  const without = lacks.map(
    (tag) => `NOT EXISTS (SELECT 1 FROM device_manager.device_tags
       WHERE device_id = t0.device_id AND ${isOneOf(tag, add)})`,
  );
  const where = without.length === 0 ? '' : `WHERE ${without.join(' AND ')}`;
  return [first, ...joined, where].join(' ');
};
