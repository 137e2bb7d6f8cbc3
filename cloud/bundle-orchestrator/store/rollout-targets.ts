/**
 * Whom a rollout is for: devices by id, of a site, of a group whose members were chosen by hand, with
 * a tag, or all. Read once, when the rollout is made; who joins later is not in it.
 */
import { refusal } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';

export type RolloutTarget =
  | { kind: 'devices'; deviceIds: string[] }
  | { kind: 'site'; site: string }
  | { kind: 'group'; groupId: string }
  | { kind: 'tag'; tag: string }
  | { kind: 'all' };

export type Targeted = { deviceId: string; name: string; approved: boolean; tags: string[] };

/** `key=value`, or a bare tag, whose key is empty. */
const tagParts = (tag: string): [string, string] => {
  const at = tag.indexOf('=');
  return at < 0 ? ['', tag] : [tag.slice(0, at), tag.slice(at + 1)];
};

const refuseGroup = async (sql: Sql, tenantId: string, groupId: string): Promise<void> => {
  const { rows } = await sql.query<{ is_dynamic: boolean; name: string }>(
    `SELECT name, is_dynamic FROM device_manager.public_groups
      WHERE tenant_id = $1 AND group_id = $2`,
    [tenantId, groupId],
  );
  const [group] = rows;
  if (group === undefined) throw refusal('not-found', 'There is no such group.');
  if (!group.is_dynamic) return;
  throw refusal('wrong-state', `The members of ${group.name} are whoever answers its query now.`, {
    next: 'Name its present members, or the tag that the query asks for. Nothing was started.',
  });
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

/** In order of id. `withTags`: only waves that ask for a tag need them. */
export const findTargeted = async (
  sql: Sql,
  tenantId: string,
  target: RolloutTarget,
  withTags: boolean,
): Promise<Targeted[]> => {
  if (target.kind === 'group') await refuseGroup(sql, tenantId, target.groupId);
  const { where, values } = conditionOf(target);
  const tags = withTags
    ? `ARRAY(SELECT CASE key WHEN '' THEN value ELSE key || '=' || value END
               FROM device_manager.public_device_tags tag
              WHERE tag.tenant_id = $1 AND tag.device_id = device.device_id)`
    : `'{}'::text[]`;
  const { rows } = await sql.query<Targeted>(
    `SELECT device.device_id AS "deviceId", device.name,
            device.registration_status = 'approved' AS approved, ${tags} AS tags
       FROM device_manager.public_devices device
      WHERE device.tenant_id = $1 AND ${where} ORDER BY device.device_id`,
    [tenantId, ...values],
  );
  return rows;
};
