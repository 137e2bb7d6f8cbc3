/**
 * Looks devices up that have several tags together, before a list is read, where the kept counts say
 * that they are few among many: walking the list would meet them late, and joining it whole costs what
 * the fleet costs. Where they are many a page of the list meets them soon.
 */
import type { Query } from '@signalbeam/platform/core/tag-query';
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';
import { devicesTagged, type ExactTag, exactTag, partsOf } from './exact-tags.ts';
import { countAll } from './fleet-counts.ts';

const foundMax = 2_000;

/** Of each, and of its values as bare tags; for who is held to some sites nothing is known. */
const countsOf = async (
  sql: Sql,
  tags: readonly ExactTag[],
): Promise<{ devices: number; bare: number }[]> => {
  const pairs = tags.flatMap(({ key, values }, nth) =>
    values.map((value) => ({ nth, key, value })),
  );
  const { rows } = await sql.query<{ nth: number; devices: number; bare: number }>(
    `SELECT nth, coalesce(sum(devices) FILTER (WHERE counted.key <> ''), 0)::bigint AS devices,
            coalesce(sum(devices) FILTER (WHERE counted.key = ''), 0)::bigint AS bare
       FROM unnest($1::integer[], $2::text[], $3::text[]) asked (nth, key, value)
       LEFT JOIN LATERAL (
         SELECT key, devices FROM device_manager.tag_counts
          WHERE tenant_id = platform.current_tenant() AND key IN (asked.key, '')
            AND value = asked.value
          UNION ALL
         SELECT key, change FROM device_manager.tag_count_changes
          WHERE tenant_id = platform.current_tenant() AND key IN (asked.key, '')
            AND value = asked.value) counted ON true
      GROUP BY nth`,
    [pairs.map(({ nth }) => nth), pairs.map(({ key }) => key), pairs.map(({ value }) => value)],
  );
  return rows;
};

/** `rest`: what is to hold beside having these tags. */
export type FoundTagged = { ids: string[]; rest: readonly Query[] };

/** Null: they are not to be looked up. */
export const findTagged = async (
  sql: Sql,
  queries: readonly Query[],
): Promise<FoundTagged | null> => {
  const parts = queries.flatMap(partsOf);
  const tags = parts.flatMap((part) => exactTag(part) ?? []);
  if (tags.length < 2) return null;
  const counts = await countsOf(sql, tags);
  if (counts.some(({ devices, bare }) => devices <= 0 || bare > 0)) return null;
  const all = await countAll(sql, {});
  // As if having one said nothing of having another.
  const expected = counts.reduce((left, { devices }) => left * (devices / all), all);
  if (!(expected <= foundMax / 2)) return null;
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const from = devicesTagged({ has: tags, lacks: [] }, add);
  const { ids } = onlyRow(
    await sql.query<{ ids: string[] | null }>(
      `SELECT array_agg(device_id) AS ids
         FROM (SELECT device_id FROM ${from} LIMIT ${foundMax + 1}) few`,
      values,
    ),
  );
  if (ids !== null && ids.length > foundMax) return null;
  return { ids: ids ?? [], rest: parts.filter((part) => exactTag(part) === null) };
};
