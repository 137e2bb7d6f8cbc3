import { describe, expect, it } from 'vitest';
import { builtInRules } from '../core/alert-rules.ts';
import { byIndex } from './candidates.ts';
import { compileScopes, partsOf, scopesTogether, type TenantRule } from './rule-scopes.ts';

const of = (tenantId: string, type: string, threshold?: number): TenantRule[] =>
  builtInRules
    .filter((rule) => rule.type === type)
    .map((rule) => ({
      tenantId,
      rule: { ...rule, exceptSites: [], exceptRules: [] },
      scope: null,
      before: [],
    }))
    .map((each) =>
      threshold === undefined ? each : { ...each, rule: { ...each.rule, threshold } },
    );
const said = (type: Parameters<typeof byIndex>[0], rules: Parameters<typeof byIndex>[1]) =>
  byIndex(type, rules).map((each) => [each.isIndexed, each.rules.map(({ tenantId }) => tenantId)]);

describe('rules whose threshold is below what an index holds', () => {
  it('are asked for apart, so that no other tenant pays for them', () => {
    const rules = [...of('a', 'high-cpu'), ...of('b', 'high-cpu', 30), ...of('c', 'high-cpu', 80)];
    expect(said('high-cpu', rules)).toEqual([
      [true, ['a', 'c']],
      [false, ['b']],
    ]);
    expect(said('high-memory', rules)).toEqual([]);
  });

  it('are those of a battery that ask early, and none of a kind that needs no number', () => {
    const rules = [...of('a', 'low-battery'), ...of('b', 'low-battery', 60)];
    expect(said('low-battery', rules)).toEqual([
      [true, ['a']],
      [false, ['b']],
    ]);
    expect(said('device-offline', of('a', 'device-offline'))).toEqual([[true, ['a']]]);
  });
});

describe('rules of groups and queries', () => {
  const scoped = (tenantId: string, count: number): TenantRule[] =>
    Array.from({ length: count }, (_, index) => {
      const general = of(tenantId, 'high-cpu')[0] as TenantRule;
      const rule = { ...general.rule, id: `own-${index}`, groupId: 'g' };
      return { ...general, rule, scope: { kind: 'members', groupId: 'g' } };
    });

  it('are asked for apart, a tenant as a whole, and only so many at a time', () => {
    const tenants = ['b', 'c', 'd'].map((tenantId) => scoped(tenantId, scopesTogether / 2));
    const parts = partsOf([...of('a', 'high-cpu'), ...tenants.flat(), ...of('b', 'high-cpu')]);
    const named = parts.map((part) => [...new Set(part.map(({ tenantId }) => tenantId))]);
    expect(named).toEqual([['a'], ['b', 'c'], ['d']]);
    expect(parts[1]).toHaveLength(scopesTogether + 1);
  });

  it('come before a general one that another statement asks for', () => {
    const general = of('a', 'high-cpu', 30)[0] as TenantRule;
    const scope = { kind: 'members', groupId: 'g' } as const;
    const values: unknown[] = [];
    const add = (value: unknown) => `$${values.push(value)}`;
    const before = [{ ruleId: 'own-0', scope }];
    const rule = { ...general.rule, exceptRules: ['own-0'] };
    const { own, excepts, holds } = compileScopes([{ ...general, rule, before }], add, 0);
    expect([own, excepts, values]).toEqual([[0], ['1'], ['g']]);
    expect(holds('r')).toContain('NOT ((1 = ANY');
  });
});
