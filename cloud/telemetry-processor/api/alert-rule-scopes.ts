/** What a rule of alerts is for, checked when it is saved and named when it is shown. */

import { parseQuery } from '@signalbeam/platform/core/tag-query-parse';
import { isSteady } from '@signalbeam/platform/core/tag-query-steady';
import type { FieldError } from '@signalbeam/platform/http/problem';
import { refusal } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { type AlertRule, scopeRank } from '../core/alert-rules.ts';

/** Each costs a look something for every device that is bad. */
export const scopedRulesMax = 30;

const steadyWords =
  'asks for what changes by itself (status, lastSeen, health); a rule is for tags, names, sites, bundles or versions';

const refuse = (path: string, message: string): never => {
  const errors: FieldError[] = [{ path, message }];
  throw refusal('invalid-request', 'The rule makes no sense as it is.', { errors });
};

const checkQuery = (text: string, path: 'query' | 'groupId'): void => {
  const parsed = parseQuery(text);
  if (parsed.kind === 'query') {
    if (!isSteady(parsed.query)) refuse(path, steadyWords);
    return;
  }
  const { message, start, end } = parsed.fault;
  throw refusal('unreadable-query', `The query can't be read: ${message}`, {
    errors: [{ path, message, start, end }],
  });
};

type GroupRow = { group_id: string; name: string; query: string | null };

/** Of the tenant that is set; one statement, and none without a rule that is for a group. */
const groupsOf = async (sql: Sql, rules: readonly AlertRule[]): Promise<GroupRow[]> => {
  const groupIds = rules.flatMap(({ groupId }) => groupId ?? []);
  if (groupIds.length === 0) return [];
  const { rows } = await sql.query<GroupRow>(
    `SELECT group_id, name, CASE WHEN is_dynamic THEN query END AS query
       FROM device_manager.public_groups
      WHERE tenant_id = platform.current_tenant() AND group_id = ANY ($1::uuid[])`,
    [groupIds],
  );
  return rows;
};

/** By id, what the groups of these rules are called. */
export const groupNames = async (
  sql: Sql,
  rules: readonly AlertRule[],
): Promise<ReadonlyMap<string, string>> =>
  new Map((await groupsOf(sql, rules)).map(({ group_id, name }) => [group_id, name]));

export const checkScope = async (
  sql: Sql,
  rule: AlertRule,
  others: readonly AlertRule[],
): Promise<void> => {
  if (scopeRank(rule) >= 2) return;
  if (others.filter((each) => scopeRank(each) < 2).length >= scopedRulesMax) {
    throw refusal('conflict', `There are ${scopedRulesMax} rules of groups and queries already.`, {
      next: 'Delete one that is not used any more, or use tags and one query for several groups.',
    });
  }
  if (rule.query !== null) checkQuery(rule.query, 'query');
  if (rule.groupId === null) return;
  const [group] = await groupsOf(sql, [rule]);
  if (group === undefined) refuse('groupId', 'is no group of yours');
  else if (group.query !== null) checkQuery(group.query, 'groupId');
};
