/**
 * The groups that one device is in: memberships as stored, and the dynamic groups whose query it
 * answers, judged in memory from its own facts. One device and some hundred queries cost nothing.
 */

import { matchQuery } from '@signalbeam/platform/core/tag-query-match';
import { parseQuery } from '@signalbeam/platform/core/tag-query-parse';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { readFacts } from './store/device-facts.ts';
import { staticGroupsOf } from './store/group-members.ts';
import { listDynamicGroups } from './store/groups.ts';

export type GroupOfDevice = {
  id: string;
  name: string;
  /** Null: it answers the group's query. */
  member: { addedAt: Date; addedBy: string } | null;
};

/** Null when there is no such device. */
export const groupsOfDevice = async (
  sql: Sql,
  deviceId: string,
  nowMs: number,
): Promise<GroupOfDevice[] | null> => {
  const facts = await readFacts(sql, deviceId);
  if (facts === null) return null;
  const joined = await staticGroupsOf(sql, deviceId);
  const dynamic = (await listDynamicGroups(sql)).filter(({ query }) => {
    const parsed = parseQuery(query ?? '');
    return parsed.kind === 'query' && matchQuery(parsed.query, facts, nowMs);
  });
  return [
    ...joined.map(({ id, name, ...member }) => ({ id, name, member })),
    ...dynamic.map(({ id, name }) => ({ id, name, member: null })),
  ];
};
