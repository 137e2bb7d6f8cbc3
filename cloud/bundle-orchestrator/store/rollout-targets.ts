/**
 * Whom a rollout is for: devices by id, of a site, of a group, with a tag, or all. The members of a
 * group with a query are whoever answers it at that moment.
 */
import { type DeviceFacts, matchQuery } from '@signalbeam/platform/core/tag-query-match';
import { parseQuery } from '@signalbeam/platform/core/tag-query-parse';
import { refusal } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';

export type RolloutTarget =
  | { kind: 'devices'; deviceIds: string[] }
  | { kind: 'site'; site: string }
  | { kind: 'group'; groupId: string }
  | { kind: 'tag'; tag: string }
  | { kind: 'all' };

export type Targeted = {
  deviceId: string;
  name: string;
  site: string;
  approved: boolean;
  tags: readonly string[];
};

/** `key=value`, or a bare tag, whose key is empty. */
const tagParts = (tag: string): [string, string] => {
  const at = tag.indexOf('=');
  return at < 0 ? ['', tag] : [tag.slice(0, at), tag.slice(at + 1)];
};

type Group = { name: string; query: string | null };

const findGroup = async (sql: Sql, tenantId: string, groupId: string): Promise<Group> => {
  const { rows } = await sql.query<Group>(
    `SELECT name, query FROM device_manager.public_groups WHERE tenant_id = $1 AND group_id = $2`,
    [tenantId, groupId],
  );
  const [group] = rows;
  if (group === undefined) throw refusal('not-found', 'There is no such group.');
  return group;
};

const conditionOf = (target: RolloutTarget): { where: string; values: unknown[] } => {
  switch (target.kind) {
    case 'devices':
      return { where: 'device.device_id = ANY ($2::uuid[])', values: [target.deviceIds] };
    case 'site':
      return { where: 'device.site = $2', values: [target.site] };
    case 'group':
      return {
        where: `device.device_id IN (SELECT device_id FROM device_manager.public_group_members
                                      WHERE tenant_id = $1 AND group_id = $2)`,
        values: [target.groupId],
      };
    case 'tag':
      return {
        where: `device.device_id IN (SELECT device_id FROM device_manager.public_device_tags
                                      WHERE tenant_id = $1 AND key = $2 AND value = $3)`,
        values: tagParts(target.tag),
      };
    case 'all':
      return { where: 'true', values: [] };
  }
};

const tagsOf = `ARRAY(SELECT CASE key WHEN '' THEN value ELSE key || '=' || value END
  FROM device_manager.public_device_tags tag
 WHERE tag.tenant_id = $1 AND tag.device_id = device.device_id)`;

export type Wanted = {
  /** Only waves and paces that ask for a tag need them. */
  withTags: boolean;
  /** Looks at these alone, for who joins later; null: at all. */
  among: readonly string[] | null;
};

/** Null: there is none. */
type Columns = {
  ids: string[] | null;
  names: string[] | null;
  sites: string[] | null;
  notApproved: string[] | null;
  tags?: string[][] | null;
};

const noTags: readonly string[] = [];

const targetedOf = ({ ids, names, sites, notApproved, tags }: Columns): Targeted[] => {
  const waiting = new Set(notApproved);
  return (ids ?? []).map((deviceId, at) => ({
    deviceId,
    name: names?.[at] ?? '',
    site: sites?.[at] ?? '',
    approved: !waiting.has(deviceId),
    tags: tags?.[at] ?? noTags,
  }));
};

const findByCondition = async (
  sql: Sql,
  tenantId: string,
  target: RolloutTarget,
  { withTags, among }: Wanted,
): Promise<Targeted[]> => {
  const { where, values } = conditionOf(target);
  const isAmong =
    among === null ? 'true' : `device.device_id = ANY ($${values.length + 2}::uuid[])`;
  // A hundred thousand rows take the driver half a second; a few long columns of JSON do not.
  const { rows } = await sql.query<Columns>(
    `SELECT json_agg(id) AS ids, json_agg(name) AS names, json_agg(site) AS sites,
            json_agg(id) FILTER (WHERE NOT approved) AS "notApproved"
            ${withTags ? ', json_agg(tags) AS tags' : ''}
       FROM (SELECT device.device_id AS id, device.name, device.site,
                    device.registration_status = 'approved' AS approved
                    ${withTags ? `, ${tagsOf} AS tags` : ''}
               FROM device_manager.public_devices device
              WHERE device.tenant_id = $1 AND ${where} AND ${isAmong}
              ORDER BY device.device_id) found`,
    [tenantId, ...values, ...(among === null ? [] : [among])],
  );
  return rows.flatMap(targetedOf);
};

type FactsRow = Targeted & {
  facts: {
    registrationStatus: DeviceFacts['registrationStatus'];
    presence: DeviceFacts['presence'];
    name: string;
    bundles: { name: string; version: string }[];
    lastSeenAt: string | null;
    healthScore: number | null;
  };
};

const factsOf = ({ facts, site, tags }: FactsRow): DeviceFacts => ({
  registrationStatus: facts.registrationStatus,
  presence: facts.presence,
  name: facts.name,
  site,
  tags: tags.map((tag) => {
    const [key, value] = tagParts(tag);
    return { key, value };
  }),
  bundles: facts.bundles,
  lastSeenAtMs: facts.lastSeenAt === null ? null : Date.parse(facts.lastSeenAt),
  healthScore: facts.healthScore,
});

/** Whoever answers the query now; a query that can't be read any more is answered by nobody. */
const findByQuery = async (
  sql: Sql,
  tenantId: string,
  text: string,
  { among, nowMs }: { among: Wanted['among']; nowMs: number },
): Promise<Targeted[]> => {
  const parsed = parseQuery(text);
  if (parsed.kind !== 'query') return [];
  const { rows } = await sql.query<FactsRow>(
    `SELECT device.device_id AS "deviceId", device.name, device.site,
            device.registration_status = 'approved' AS approved, ${tagsOf} AS tags,
            jsonb_build_object(
              'registrationStatus', device.registration_status,
              'presence', coalesce(presence.presence, 'never'), 'name', lower(device.name),
              'lastSeenAt', presence.last_seen_at, 'healthScore', health.score,
              'bundles', (SELECT coalesce(jsonb_agg(
                              jsonb_build_object('name', bundle_name, 'version', version)), '[]')
                            FROM bundle_orchestrator.public_device_bundles bundled
                           WHERE bundled.tenant_id = $1
                             AND bundled.device_id = device.device_id)) AS facts
       FROM device_manager.public_devices device
       LEFT JOIN telemetry.public_presence presence
         ON presence.tenant_id = $1 AND presence.device_id = device.device_id
       LEFT JOIN telemetry.public_device_health health
         ON health.tenant_id = $1 AND health.device_id = device.device_id
      WHERE device.tenant_id = $1 AND ($2::uuid[] IS NULL OR device.device_id = ANY ($2))
      ORDER BY device.device_id`,
    [tenantId, among],
  );
  return rows
    .filter((row) => matchQuery(parsed.query, factsOf(row), nowMs))
    .map(({ facts: _, ...targeted }) => targeted);
};

/** In order of id; with whether they come and go by a query. */
export const findTargeted = async (
  sql: Sql,
  tenantId: string,
  target: RolloutTarget,
  wanted: Wanted & { nowMs: number },
): Promise<{ devices: Targeted[]; isDynamic: boolean }> => {
  const group =
    target.kind === 'group' ? await findGroup(sql, tenantId, target.groupId) : { query: null };
  if (group.query !== null) {
    return { devices: await findByQuery(sql, tenantId, group.query, wanted), isDynamic: true };
  }
  return { devices: await findByCondition(sql, tenantId, target, wanted), isDynamic: false };
};

/** Of these, the sites that no device is at. */
export const emptySites = async (
  sql: Sql,
  tenantId: string,
  sites: readonly string[],
): Promise<string[]> => {
  const { rows } = await sql.query<{ site: string }>(
    `SELECT asked.site FROM unnest($2::text[]) AS asked (site)
      WHERE NOT EXISTS (SELECT 1 FROM device_manager.public_devices device
                         WHERE device.tenant_id = $1 AND device.site = asked.site)
      ORDER BY asked.site`,
    [tenantId, sites],
  );
  return rows.map(({ site }) => site);
};
