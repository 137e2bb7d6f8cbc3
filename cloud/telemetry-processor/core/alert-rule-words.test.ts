import { expect, it } from 'vitest';
import { ruleFaults, ruleWords } from './alert-rule-words.ts';
import { type AlertRule, builtInRules } from './alert-rules.ts';

const of = (type: string): AlertRule =>
  builtInRules.find((rule) => rule.type === type) as AlertRule;

it('says what a rule does', () => {
  expect(ruleWords({ ...of('low-disk'), site: 'plant-7' })).toBe(
    'When disk use is at 90 % or above for 5 min at plant-7, a warning alert is raised. It becomes critical after 24 h unless somebody acknowledges it. It resolves by itself once it was below 87 % for 1 min.',
  );
  expect(ruleWords(of('low-battery'))).toBe(
    'When the battery of a device without power is at 20 % or below for 1 min, a warning alert is raised. It becomes critical after 30 min unless somebody acknowledges it. It resolves by itself once it was charged above 25 % for 1 min.',
  );
  expect(ruleWords({ ...of('high-cpu'), enabled: false })).toBe('Off: nobody is told.');
  for (const rule of builtInRules) expect(ruleWords(rule)).not.toMatch(/null|undefined/);
});

it('finds no fault with what it came with, and names the field of what makes no sense', () => {
  for (const rule of builtInRules) expect(ruleFaults(rule)).toEqual([]);
  const paths = (change: Partial<AlertRule>, type = 'high-cpu') =>
    ruleFaults({ ...of(type), ...change }).map(({ path }) => path);
  expect(paths({ threshold: 101 })).toEqual(['threshold']);
  expect(paths({ threshold: 0 })).toEqual(['threshold', 'clearThreshold']);
  expect(paths({ threshold: null })).toEqual(['threshold']);
  expect(paths({ clearThreshold: 95 })).toEqual(['clearThreshold']);
  expect(paths({ clearThreshold: 10 }, 'low-battery')).toEqual(['clearThreshold']);
  expect(paths({ threshold: 100 }, 'low-battery')).toContain('threshold');
  for (const clearThreshold of [100, 150]) {
    expect(paths({ clearThreshold }, 'low-battery')).toEqual(['clearThreshold']);
  }
  expect(paths({ severity: 'critical', escalateAfterSeconds: 60 })).toEqual([
    'escalateAfterSeconds',
  ]);
  expect(paths({ threshold: 5 }, 'device-offline')).toEqual(['threshold']);
  expect(paths({ site: 'plant-7' }, 'rollout-failed')).toEqual(['site']);
});
