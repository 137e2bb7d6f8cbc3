import fc from 'fast-check';
import { expect, it } from 'vitest';
import { alertTypes } from './alert-events.ts';
import {
  type AlertRule,
  builtInRule,
  builtInRules,
  levelsOf,
  rulesInForce,
  rulesOf,
  ruleTypes,
} from './alert-rules.ts';

const base = builtInRules[0] as AlertRule;
const ruleArb = fc.record({
  id: fc.constantFrom(...ruleTypes, 'own-1', 'own-2', 'own-3'),
  type: fc.constantFrom(...ruleTypes),
  enabled: fc.boolean(),
  site: fc.constantFrom(null, 'a', 'b'),
});
const ownArb = fc.uniqueArray(ruleArb, { selector: ({ id }) => id, maxLength: 10 }).map((rules) =>
  rules.map((rule): AlertRule => {
    const builtIn = builtInRule(rule.id);
    return { ...base, ...rule, ...(builtIn === undefined ? {} : { type: builtIn.type }) };
  }),
);

it('every type but what follows from others has a built-in rule that makes sense', () => {
  expect(builtInRules.map(({ type }) => type)).toEqual([...ruleTypes]);
  expect(alertTypes).toEqual(expect.arrayContaining([...ruleTypes]));
  for (const { threshold, clearThreshold } of builtInRules.map(levelsOf)) {
    expect(threshold === null).toBe(clearThreshold === null);
    expect(clearThreshold ?? 0).toBeLessThanOrEqual(threshold ?? 0);
  }
});

it('at most one rule of a type holds at any site, and the one that names the site wins', () => {
  fc.assert(
    fc.property(ownArb, fc.constantFrom('a', 'b', 'c'), (own, site) => {
      const rules = rulesOf(own);
      expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
      for (const type of ruleTypes) {
        const holding = rulesInForce(rules).filter(
          (rule) =>
            rule.type === type &&
            (rule.site === null ? !rule.exceptSites.includes(site) : rule.site === site),
        );
        const enabled = rules.filter((rule) => rule.enabled && rule.type === type);
        const named = enabled.filter((rule) => rule.site === site);
        const wide = enabled.filter((rule) => rule.site === null);
        expect(holding).toHaveLength(named.length > 0 || wide.length > 0 ? 1 : 0);
        if (named.length > 0) expect(holding[0]?.site).toBe(site);
      }
    }),
  );
});
