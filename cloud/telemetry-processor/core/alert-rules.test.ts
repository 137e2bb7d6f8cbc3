import fc from 'fast-check';
import { expect, it } from 'vitest';
import { alertTypes } from './alert-events.ts';
import {
  type AlertRule,
  builtInRule,
  builtInRules,
  levelsOf,
  type RuleInForce,
  rulesInForce,
  rulesOf,
  ruleTypes,
  scopeRank,
} from './alert-rules.ts';
import { whyWords } from './alert-why.ts';

const base = builtInRules[0] as AlertRule;
const ruleArb = fc.record({
  id: fc.constantFrom(...ruleTypes, 'own-1', 'own-2', 'own-3'),
  type: fc.constantFrom(...ruleTypes),
  enabled: fc.boolean(),
  scope: fc.constantFrom(
    {},
    ...['a', 'b'].map((site) => ({ site })),
    ...['group-1', 'group-2'].map((groupId) => ({ groupId })),
    ...['k=1', 'k=2'].map((query) => ({ query })),
  ),
});
const ownArb = fc.uniqueArray(ruleArb, { selector: ({ id }) => id, maxLength: 10 }).map((rules) =>
  rules.map(({ scope, ...rule }): AlertRule => {
    const builtIn = builtInRule(rule.id);
    return { ...base, ...rule, ...scope, ...(builtIn === undefined ? {} : { type: builtIn.type }) };
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

/** A device as rules see it: where it is, and which groups and queries it fits. */
const deviceArb = fc.record({
  site: fc.constantFrom('a', 'b', 'c'),
  fits: fc.subarray(['group-1', 'group-2', 'k=1', 'k=2']),
});
type Device = { site: string; fits: string[] };

const isFor = (rule: AlertRule, { site, fits }: Device): boolean => {
  if (rule.groupId !== null) return fits.includes(rule.groupId);
  if (rule.query !== null) return fits.includes(rule.query);
  return rule.site === null || rule.site === site;
};
/** As the evaluation asks: its own scope, and none of those that come before. */
const holds = (rules: readonly RuleInForce[], rule: RuleInForce, device: Device): boolean =>
  isFor(rule, device) &&
  !rule.exceptSites.includes(device.site) &&
  rules.every((each) => !rule.exceptRules.includes(each.id) || !isFor(each, device));

it('of the rules of a type that fit a device the first holds, by group, query, site, and at last all', () => {
  fc.assert(
    fc.property(ownArb, deviceArb, (own, device) => {
      const rules = rulesOf(own);
      const inForce = rulesInForce(rules);
      expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
      for (const type of ruleTypes) {
        const holding = inForce.filter(
          (rule) => rule.type === type && holds(inForce, rule, device),
        );
        const fitting = rules.filter(
          (rule) => rule.enabled && rule.type === type && isFor(rule, device),
        );
        const best = Math.min(...fitting.map(scopeRank));
        const first = fitting.find((rule) => scopeRank(rule) === best);
        expect(holding.map(({ id }) => id)).toEqual(first === undefined ? [] : [first.id]);
      }
    }),
    { numRuns: 500 },
  );
});

it('says why this rule where several fit', () => {
  const rule = (id: string, more: Partial<AlertRule> = {}): AlertRule => ({
    ...{ ...base, id, name: id, ...more },
  });
  const [canaries, plant, all] = [
    { rule: rule('Canaries', { groupId: 'g' }), groupName: 'canaries' },
    { rule: rule('Plant', { site: 'plant-7' }), groupName: null },
    { rule: rule('Any'), groupName: null },
  ];
  const raised = { ruleId: 'Canaries', ruleName: 'Canaries' };
  expect(whyWords(raised, [canaries, plant, all])).toBe(
    '“Canaries” holds because the device is in the group “canaries”; “Plant” and “Any” fit, too, and come after it: ' +
      'a group comes before a query, a query before a site, a site before the general rule.',
  );
  expect(whyWords({ ruleId: 'Any', ruleName: 'Any' }, [all])).toBe(
    '“Any” holds because it is the general one; no other rule of its type fits.',
  );
  expect(whyWords(raised, [plant, { ...plant, rule: rule('Plan Z', { site: 'plant-7' }) }])).toBe(
    'It was raised by “Canaries”, which does not hold there any more. Now “Plant” holds because it is the one for the site ' +
      'plant-7; “Plan Z” fits, too, and comes after it: a group comes before a query, a query before a site, a site before ' +
      'the general rule, and of two alike the first by name.',
  );
});
