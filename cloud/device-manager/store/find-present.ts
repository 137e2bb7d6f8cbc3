/**
 * Looks up who is offline (or online) where that is asked for with tags or words, and few are so: joined
 * with a common tag, a page would first read and sort all devices that have the tag. Where they are
 * many the list meets them soon. Only narrows; the filter still checks every device for the rest.
 */
import type { Query } from '@signalbeam/platform/core/tag-query';
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';
import type { Presence } from './device-filter.ts';
import { countBare, devicesTagged, exactTag, partsOf } from './exact-tags.ts';
import type { FoundTagged } from './find-tagged.ts';

/** Of 100,000 devices one in 25: then walking the list takes as long. */
const foundMax = 4_000;

type Asked = { presence?: Presence | undefined; queries: readonly Query[] };
type Present = 'online' | 'offline';

const presentIn = (part: Query): Present | null => {
  const [value, ...others] = part.kind === 'status' ? part.values : [];
  const isOne = others.length === 0 && (value === 'online' || value === 'offline');
  return isOne ? value : null;
};

/**
 * Null: too many. Nor for who is held to some sites: whoever is not of these would be read, too, and not
 * counted.
 */
const few = async (sql: Sql, present: Present): Promise<string[] | null> => {
  const { ids } = onlyRow(
    await sql.query<{ ids: string[] | null }>(
      `SELECT CASE WHEN current_user <> 'sb_site' THEN ARRAY(
                SELECT device_id FROM telemetry.public_presence
                 WHERE tenant_id = platform.current_tenant() AND presence = $1
                 LIMIT ${foundMax + 1}) END AS ids`,
      [present],
    ),
  );
  return ids === null || ids.length > foundMax ? null : ids;
};

/** Who is both online and offline is in each: one of them is enough. Null: they are not to be looked up. */
export const findPresent = async (
  sql: Sql,
  { presence, queries }: Asked,
): Promise<FoundTagged | null> => {
  const parts = queries.flatMap(partsOf);
  const present =
    presence === 'online' || presence === 'offline'
      ? presence
      : (parts.map(presentIn).find((one) => one !== null) ?? null);
  const ids = present === null ? null : await few(sql, present);
  if (present === null || ids === null) return null;
  const others = parts.filter((part) => presentIn(part) !== present);
  const has = others.flatMap((part) => exactTag(part) ?? []);
  if (has.length === 0 || (await countBare(sql, has)) > 0) return { ids, rest: others };
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const tagged = await sql.query<{ ids: string[] }>(
    `SELECT ARRAY(SELECT device_id FROM ${devicesTagged({ has, lacks: [] }, add)}
             JOIN telemetry.public_presence p USING (device_id)
            WHERE p.tenant_id = platform.current_tenant() AND p.presence = ${add(present)}) AS ids`,
    values,
  );
  return { ids: onlyRow(tagged).ids, rest: others.filter((part) => exactTag(part) === null) };
};
