/** Asks whether anybody is to be told: the silences of several alerts at once, two queries at most. */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { isSilenced } from '../core/alert-silences.ts';
import { namesOfDevices, silencesOf } from '../store/alert-silences.ts';

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
  const namesMatter = [...silences.values()].flat().some((each) => each.groupId ?? each.tag);
  const deviceIds = asked.flatMap(({ deviceId }) => deviceId ?? []);
  const names = namesMatter ? await namesOfDevices(sql, deviceIds) : new Map();
  return asked.map(({ tenantId, ruleId, deviceId, site }) => {
    const named = names.get(deviceId ?? '') ?? { groupIds: [], tags: [] };
    const subject = { ruleId, deviceId, site, ...named };
    return isSilenced(silences.get(tenantId) ?? [], subject, now.getTime());
  });
};
