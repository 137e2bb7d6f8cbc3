/** Asks whether anybody is to be told: the silences of several alerts at once, some queries for all of them. */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { isSilenced } from '../core/alert-silences.ts';
import { namesOfDevices, silencesOf } from '../store/alert-silences.ts';
import { dynamicGroupsOf } from '../store/dynamic-groups.ts';

export type Asked = {
  tenantId: string;
  ruleId: string;
  deviceId: string | null;
  site: string | null;
};

/** In the order asked. */
export const areSilenced = async (
  sql: Sql,
  asked: readonly Asked[],
  now: Date,
): Promise<boolean[]> => {
  const silences = await silencesOf(
    sql,
    asked.map(({ tenantId }) => tenantId),
    now,
  );
  const all = [...silences.values()].flat();
  const namesMatter = all.some((each) => each.groupId ?? each.tag);
  const deviceIds = asked.flatMap(({ deviceId }) => deviceId ?? []);
  const names = namesMatter ? await namesOfDevices(sql, deviceIds) : new Map();
  const groupIds = all.flatMap(({ groupId }) => groupId ?? []);
  const answering = await dynamicGroupsOf(sql, deviceIds, groupIds, now.getTime());
  return asked.map(({ tenantId, ruleId, deviceId, site }) => {
    const named = names.get(deviceId ?? '') ?? { groupIds: [], tags: [] };
    const joined = [...named.groupIds, ...(answering.get(deviceId ?? '') ?? [])];
    const subject = { ruleId, deviceId, site, tags: named.tags, groupIds: joined };
    return isSilenced(silences.get(tenantId) ?? [], subject, now.getTime());
  });
};
