import { describe, expect, it } from 'vitest';
import { builtInRules } from '../core/alert-rules.ts';
import { byIndex } from './candidates.ts';

const of = (tenantId: string, type: string, threshold?: number) =>
  builtInRules
    .filter((rule) => rule.type === type)
    .map((rule) => ({ tenantId, rule: { ...rule, exceptSites: [] } }))
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
