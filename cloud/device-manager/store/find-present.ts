/**
 * Looks up who is offline (or online) before a list is read by that, if few are so: joined with a common
 * tag, a page would first read and sort all devices that have the tag. Where they are many the list meets
 * them soon. It is asked of the rows and not of the planner, which does not know of a fleet that
 * went offline in the last minutes. Only narrows; the filter still checks every device for the rest.
 */
import type { Query } from '@signalbeam/platform/core/tag-query';
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';
import type { Presence } from './device-filter.ts';
import { countBare, devicesTagged, exactTag, partsOf } from './exact-tags.ts';
import type { FoundTagged } from './find-tagged.ts';

/** Of 100,000 devices one in 25, or in 100: then walking the list takes as long. */
const fewMax = { besideOthers: 4_000, alone: 1_000 };

type Asked = {
  presence?: Presence | undefined;
  search?: string | undefined;
  queries: readonly Query[];
};
type Present = 'online' | 'offline';
export type FoundPresent = ({ kind: 'few' } & FoundTagged) | { kind: 'many' };

const presentIn = (part: Query): Present | null => {
  const [value, ...others] = part.kind === 'status' ? part.values : [];
  const isOne = others.length === 0 && (value === 'online' || value === 'offline');
  return isOne ? value : null;
};

/** One more than `max` if there are more. Null for who is held to some sites: all others' would be read. */
const some = async (sql: Sql, present: Present, max: number): Promise<string[] | null> => {
  const { ids } = onlyRow(
    await sql.query<{ ids: string[] | null }>(
      `SELECT CASE WHEN current_user <> 'sb_site' THEN ARRAY(
                SELECT device_id FROM telemetry.public_presence
                 WHERE tenant_id = platform.current_tenant() AND presence = $1
                 LIMIT $2) END AS ids`,
      [present, max + 1],
    ),
  );
  return ids;
};

/** Who is both online and offline is in each: one of them is enough. Null: nothing is known of it. */
export const findPresent = async (
  sql: Sql,
  { presence, search = '', queries }: Asked,
): Promise<FoundPresent | null> => {
  const parts = queries.flatMap(partsOf);
  const present =
    presence === 'online' || presence === 'offline'
      ? presence
      : (parts.map(presentIn).find((one) => one !== null) ?? null);
  if (present === null) return null;
  const others = parts.filter((part) => presentIn(part) !== present);
  const max = fewMax[others.length > 0 || search !== '' ? 'besideOthers' : 'alone'];
  const ids = await some(sql, present, max);
  if (ids === null) return null;
  if (ids.length > max) return { kind: 'many' };
  const has = others.flatMap((part) => exactTag(part) ?? []);
  if (has.length === 0 || (await countBare(sql, has)) > 0) {
    return { kind: 'few', ids, rest: others };
  }
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const tagged = await sql.query<{ ids: string[] }>(
    `SELECT ARRAY(SELECT device_id FROM ${devicesTagged({ has, lacks: [] }, add)}
             JOIN telemetry.public_presence p USING (device_id)
            WHERE p.tenant_id = platform.current_tenant() AND p.presence = ${add(present)}) AS ids`,
    values,
  );
  const rest = others.filter((part) => exactTag(part) === null);
  return { kind: 'few', ids: onlyRow(tagged).ids, rest };
};
