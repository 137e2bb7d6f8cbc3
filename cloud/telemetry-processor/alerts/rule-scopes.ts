/**
 * For which devices rules of groups and queries hold, as conditions that a statement asks of one device
 * at a time: of those that are bad or were, never of the fleet. Tenants with such rules are asked for
 * apart and a few together, so that a statement stays small and nobody pays for the rules of others.
 */
import type { Query } from '@signalbeam/platform/core/tag-query';
import { parseQuery } from '@signalbeam/platform/core/tag-query-parse';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { type Add, type Names, sqlOfQuery } from '@signalbeam/platform/postgres/tag-query-sql';
import type { RuleInForce } from '../core/alert-rules.ts';

/** `nobody`: its group is gone, or its query can't be read any more. */
export type Scope =
  | { kind: 'members'; groupId: string }
  | { kind: 'query'; query: Query }
  | { kind: 'nobody' };
export type TenantRule = {
  tenantId: string;
  rule: RuleInForce;
  /** Null: for a site, or for all. */
  scope: Scope | null;
  /** Of the rules that come before it, which may be asked for by another statement. */
  before: readonly { ruleId: string; scope: Scope }[];
};

/** Conditions in one statement. */
export const scopesTogether = 40;

const ofQuery = (text: string): Scope => {
  const parsed = parseQuery(text);
  return parsed.kind === 'query' ? { kind: 'query', query: parsed.query } : { kind: 'nobody' };
};

type Unscoped = Pick<TenantRule, 'tenantId' | 'rule'>;
const keyOf = (tenantId: string, ruleId: string): string => `${tenantId} ${ruleId}`;
type GroupRow = { tenant_id: string; group_id: string; query: string | null };

/** One statement where any rule is for a group, none otherwise. */
export const withScopes = async (sql: Sql, rules: readonly Unscoped[]): Promise<TenantRule[]> => {
  const groupIds = rules.flatMap(({ rule }) => rule.groupId ?? []);
  const { rows } =
    groupIds.length === 0
      ? { rows: [] }
      : await sql.query<GroupRow>(
          `SELECT tenant_id, group_id, CASE WHEN is_dynamic THEN query END AS query
             FROM device_manager.public_groups WHERE group_id = ANY ($1::uuid[])`,
          [groupIds],
        );
  const scopeOf = ({ tenantId, rule }: Unscoped): Scope | null => {
    if (rule.query !== null) return ofQuery(rule.query);
    if (rule.groupId === null) return null;
    const group = rows.find((row) => row.group_id === rule.groupId && row.tenant_id === tenantId);
    if (group === undefined) return { kind: 'nobody' };
    return group.query === null ? { kind: 'members', groupId: rule.groupId } : ofQuery(group.query);
  };
  const scopes = new Map(rules.map((each) => [keyOf(each.tenantId, each.rule.id), scopeOf(each)]));
  return rules.map((each) => {
    const of = (ruleId: string) => scopes.get(keyOf(each.tenantId, ruleId)) ?? null;
    const before = each.rule.exceptRules.flatMap((ruleId) => {
      const scope = of(ruleId);
      return scope === null ? [] : [{ ruleId, scope }];
    });
    return { ...each, scope: of(each.rule.id), before };
  });
};

/** Of these rules and those before them, each once. */
const scopesOf = (rules: readonly TenantRule[]): Map<string, Scope> =>
  new Map(
    rules.flatMap(({ tenantId, rule, scope, before }) => [
      ...(scope === null ? [] : [[keyOf(tenantId, rule.id), scope] as const]),
      ...before.map((each) => [keyOf(tenantId, each.ruleId), each.scope] as const),
    ]),
  );

/** Those that need no condition together, then tenants with such rules, a few conditions at a time. */
export const partsOf = (rules: readonly TenantRule[]): TenantRule[][] => {
  const scoped = new Set(
    rules.flatMap(({ tenantId, scope, before }) =>
      scope === null && before.length === 0 ? [] : [tenantId],
    ),
  );
  const parts = [rules.filter(({ tenantId }) => !scoped.has(tenantId))];
  let [part, count]: [TenantRule[], number] = [[], 0];
  for (const [tenantId, of] of Map.groupBy(rules, (each) => each.tenantId)) {
    if (!scoped.has(tenantId)) continue;
    const conditions = scopesOf(of).size;
    if (count > 0 && count + conditions > scopesTogether) {
      parts.push(part);
      [part, count] = [[], 0];
    }
    part.push(...of);
    count += conditions;
  }
  return [...parts, part].filter((each) => each.length > 0);
};

/** Of a row of `device_manager.public_devices d`, by who sees every tenant. */
const acrossTenants: Names = {
  id: 'd.device_id',
  status: 'd.registration_status',
  tenant: 'd.tenant_id',
  tags: 'device_manager.public_device_tags',
};

const conditionOf = (scope: Scope, add: Add, nowMs: number): string => {
  if (scope.kind === 'nobody') return 'false';
  if (scope.kind === 'query') return sqlOfQuery(acrossTenants, scope.query, add, nowMs);
  return `EXISTS (SELECT 1 FROM device_manager.public_group_members g
    WHERE g.device_id = d.device_id AND g.tenant_id = d.tenant_id
      AND g.group_id = ${add(scope.groupId)}::uuid)`;
};

export type CompiledScopes = {
  /** By rule, which condition is its own (0: none), and which it comes after. */
  own: number[];
  excepts: string[];
  /** Whether the rule `r` of the statement holds for the device `d`. */
  holds: (r: string) => string;
};

export const compileScopes = (
  rules: readonly TenantRule[],
  add: Add,
  nowMs: number,
): CompiledScopes => {
  const scopes = scopesOf(rules);
  const numbers = new Map([...scopes.keys()].map((key, index) => [key, index + 1]));
  const conditions = [...scopes.values()].map((scope) => `(${conditionOf(scope, add, nowMs)})`);
  const numberOf = (tenantId: string, ruleId: string): number =>
    numbers.get(keyOf(tenantId, ruleId)) ?? 0;
  const isOwn = conditions.map((condition, index) => `WHEN ${index + 1} THEN ${condition}`);
  const holds = (r: string): string => {
    if (conditions.length === 0) return 'true';
    const before = conditions.map(
      (condition, index) =>
        `(${index + 1} = ANY (string_to_array(${r}.excepts, ',')::integer[]) AND ${condition})`,
    );
    return `CASE ${r}.own ${isOwn.join(' ')} ELSE true END AND NOT (${before.join(' OR ')})`;
  };
  return {
    own: rules.map(({ tenantId, rule }) => numberOf(tenantId, rule.id)),
    excepts: rules.map(({ tenantId, rule }) =>
      rule.exceptRules.map((id) => numberOf(tenantId, id)).join(','),
    ),
    holds,
  };
};
