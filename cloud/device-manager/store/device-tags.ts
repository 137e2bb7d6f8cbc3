/** Tags of devices as rows, changed under the devices' locks; and how often each is used. */

import type { Tag } from '@signalbeam/platform/core/tag';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { countedRows } from './fleet-counts.ts';

type TagRow = { device_id: string; key: string; value: string };

/** Of locked devices. Those without a tag are in the map too. */
export const readTags = async (
  sql: Sql,
  deviceIds: readonly string[],
): Promise<Map<string, Tag[]>> => {
  const { rows } = await sql.query<TagRow>(
    `SELECT device_id, key, value FROM device_manager.device_tags
      WHERE device_id = ANY($1::uuid[]) ORDER BY key, value`,
    [deviceIds],
  );
  const found = new Map<string, Tag[]>(deviceIds.map((id) => [id, []]));
  for (const { device_id: id, key, value } of rows) found.get(id)?.push({ key, value });
  return found;
};

/** Puts these in place of what the devices had. */
export const writeTags = async (
  sql: Sql,
  tenantId: string,
  changed: ReadonlyMap<string, readonly Tag[]>,
): Promise<void> => {
  const ids = [...changed.keys()];
  await sql.query('DELETE FROM device_manager.device_tags WHERE device_id = ANY($1::uuid[])', [
    ids,
  ]);
  const rows = [...changed].flatMap(([id, tags]) => tags.map((tag) => ({ id, ...tag })));
  await sql.query(
    `INSERT INTO device_manager.device_tags (tenant_id, device_id, key, value)
     SELECT $1, device_id, key, value
       FROM unnest($2::uuid[], $3::text[], $4::text[]) AS new (device_id, key, value)`,
    [
      tenantId,
      rows.map(({ id }) => id),
      rows.map(({ key }) => key),
      rows.map(({ value }) => value),
    ],
  );
};

export type TagCount = Tag & { devices: number };

/** By key and value. */
export const countTags = async (
  sql: Sql,
  page: {
    after?: Tag | undefined;
    key?: string | undefined;
    /** What a value starts with. */
    prefix: string;
    limit: number;
  },
): Promise<TagCount[]> => {
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const conditions: string[] = [];
  const { after, key, prefix } = page;
  if (after !== undefined)
    conditions.push(`(key, value) > (${add(after.key)}, ${add(after.value)})`);
  if (key !== undefined) conditions.push(`key = ${add(key)}`);
  if (prefix !== '') {
    conditions.push(`value >= ${add(prefix)}`, `value < ${add(`${prefix}~`)}`);
  }
  const { rows } = await sql.query<TagCount>(
    `SELECT key, value, sum(devices)::bigint AS devices
       FROM (${countedRows('tag', conditions.join(' AND ') || 'true')}) counted
      GROUP BY key, value HAVING sum(devices) > 0 ORDER BY key, value LIMIT ${add(page.limit)}`,
    values,
  );
  return rows;
};

/**
 * Keys in use, each found by one step through the index, however many devices have it. `~` comes
 * after every character of a tag.
 */
export const listTagKeys = async (
  sql: Sql,
  of: { prefix: string; limit: number },
): Promise<string[]> => {
  const { rows } = await sql.query<{ key: string }>(
    `WITH RECURSIVE found AS (
       (SELECT key FROM device_manager.device_tags
         WHERE tenant_id = platform.current_tenant() AND key > '' AND key >= $1 AND key < $1 || '~'
         ORDER BY key LIMIT 1)
       UNION ALL
       SELECT (SELECT t.key FROM device_manager.device_tags t
                WHERE t.tenant_id = platform.current_tenant()
                  AND t.key > found.key AND t.key < $1 || '~'
                ORDER BY t.key LIMIT 1)
         FROM found WHERE found.key IS NOT NULL)
     SELECT key FROM found WHERE key IS NOT NULL LIMIT $2`,
    [of.prefix, of.limit],
  );
  return rows.map(({ key }) => key);
};
