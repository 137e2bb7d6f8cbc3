/**
 * Which rules of a type fit one device, in the order in which they are asked: for people who wonder why
 * this one. Judged in memory by the language's own words; the look over all devices asks Postgres
 * (../alerts/rule-scopes.ts), and a test holds the two together. Over a pool with `sb_system`.
 */
import { type DeviceFacts, matchQuery } from '@signalbeam/platform/core/tag-query-match';
import { parseQuery } from '@signalbeam/platform/core/tag-query-parse';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { type AlertRule, inOrder } from '../core/alert-rules.ts';
import type { Fitting } from '../core/alert-why.ts';
import { factsOfDevice } from './dynamic-groups.ts';

type GroupRow = { group_id: string; name: string; query: string | null; is_member: boolean };

const groupsOf = async (
  sql: Sql,
  of: { tenantId: string; deviceId: string },
  groupIds: readonly string[],
): Promise<GroupRow[]> => {
  if (groupIds.length === 0) return [];
  const { rows } = await sql.query<GroupRow>(
    `SELECT g.group_id, g.name, CASE WHEN g.is_dynamic THEN g.query END AS query,
            EXISTS (SELECT 1 FROM device_manager.public_group_members m
                     WHERE m.tenant_id = g.tenant_id AND m.group_id = g.group_id
                       AND m.device_id = $2) AS is_member
       FROM device_manager.public_groups g WHERE g.tenant_id = $1 AND g.group_id = ANY ($3::uuid[])`,
    [of.tenantId, of.deviceId, groupIds],
  );
  return rows;
};

const answers = (text: string, facts: DeviceFacts, nowMs: number): boolean => {
  const parsed = parseQuery(text);
  return parsed.kind === 'query' && matchQuery(parsed.query, facts, nowMs);
};

/** Empty when the device is gone. */
export const fittingRules = async (
  sql: Sql,
  of: { tenantId: string; deviceId: string },
  rules: readonly AlertRule[],
  nowMs: number,
): Promise<Fitting[]> => {
  const facts = await factsOfDevice(sql, of.tenantId, of.deviceId);
  if (facts === null) return [];
  const ordered = inOrder(rules);
  const groups = await groupsOf(
    sql,
    of,
    ordered.flatMap(({ groupId }) => groupId ?? []),
  );
  return ordered.flatMap((rule): Fitting[] => {
    const group = groups.find(({ group_id }) => group_id === rule.groupId) ?? null;
    const isIn = (): boolean => {
      if (rule.query !== null) return answers(rule.query, facts, nowMs);
      if (rule.groupId === null) return rule.site === null || rule.site === facts.site;
      if (group === null) return false;
      return group.query === null ? group.is_member : answers(group.query, facts, nowMs);
    };
    return isIn() ? [{ rule, groupName: group?.name ?? null }] : [];
  });
};
