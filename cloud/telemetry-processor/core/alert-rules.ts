/**
 * Rules of alerts: what is watched, from which value on, for how long, and how loud. Every tenant has
 * the built-in ones, which it may change; its own come beside them. Of the rules of one type one holds
 * for a device: that of a group before that of a query, that before its site's, that before the general
 * one, so that some devices can be watched more strictly or more mildly than the rest. Pure.
 */
import type { AlertSeverity } from './alert-events.ts';

/** `site-offline` follows from the rule of devices. */
export const ruleTypes = [
  'device-offline',
  'device-unhealthy',
  'high-error-rate',
  'high-cpu',
  'high-memory',
  'low-disk',
  'low-battery',
  'high-temperature',
  'rollout-failed',
] as const;
export type RuleType = (typeof ruleTypes)[number];

export type AlertRule = {
  /** A built-in rule is named like its type. */
  id: string;
  type: RuleType;
  name: string;
  enabled: boolean;
  severity: AlertSeverity;
  /** Bad from this value on (of a battery: from here down); null: the type knows no number. */
  threshold: number | null;
  /** Well again below this value (of a battery: above it): hysteresis, so that a value at the threshold does not flap. */
  clearThreshold: number | null;
  /** How long it must be bad before anybody is told. */
  forSeconds: number;
  /** How long it must be well before the alert resolves by itself. */
  clearSeconds: number;
  /** An alert that nobody acknowledged becomes critical; null: never. */
  escalateAfterSeconds: number | null;
  /** At most one of these three; none: wherever no other rule of this type holds. */
  site: string | null;
  groupId: string | null;
  /** In the language of queries, over what people decide: tags, name, site, bundle, version. */
  query: string | null;
};

/** What the number of a type counts; null: it has none. */
export const thresholdUnits: Record<RuleType, 'percent' | 'celsius' | 'events' | null> = {
  'device-offline': null,
  'device-unhealthy': null,
  'high-error-rate': 'events',
  'high-cpu': 'percent',
  'high-memory': 'percent',
  'low-disk': 'percent',
  'low-battery': 'percent',
  'high-temperature': 'celsius',
  'rollout-failed': null,
};

/** Bad when little is left, and not when much is there. */
export const isBelow = (type: RuleType): boolean => type === 'low-battery';

/** As it is judged: of what is left, what is used up, so that more is worse with every type. */
export const levelsOf = <Rule extends Pick<AlertRule, 'type' | 'threshold' | 'clearThreshold'>>(
  rule: Rule,
): Rule => {
  if (!isBelow(rule.type)) return rule;
  const used = (left: number | null): number | null => (left === null ? null : 100 - left);
  return { ...rule, threshold: used(rule.threshold), clearThreshold: used(rule.clearThreshold) };
};

/** Errors of a device are counted over this time. */
export const errorWindowMs = 15 * 60_000;

const watching = (
  rule: Pick<AlertRule, 'name' | 'severity'> & Partial<AlertRule> & { type: RuleType },
): AlertRule => ({
  id: rule.type,
  enabled: true,
  threshold: null,
  clearThreshold: null,
  forSeconds: 300,
  clearSeconds: 60,
  escalateAfterSeconds: null,
  site: null,
  groupId: null,
  query: null,
  ...rule,
});

export const builtInRules: readonly AlertRule[] = [
  watching({
    type: 'device-offline',
    name: 'Device offline',
    severity: 'warning',
    escalateAfterSeconds: 30 * 60,
  }),
  watching({ type: 'device-unhealthy', name: 'Device unhealthy', severity: 'critical' }),
  watching({
    type: 'high-error-rate',
    name: 'Many errors',
    severity: 'warning',
    threshold: 5,
    clearThreshold: 5,
    forSeconds: 0,
  }),
  watching({
    type: 'high-cpu',
    name: 'Processor busy',
    severity: 'warning',
    threshold: 90,
    clearThreshold: 85,
    forSeconds: 600,
  }),
  watching({
    type: 'high-memory',
    name: 'Memory nearly full',
    severity: 'warning',
    threshold: 90,
    clearThreshold: 85,
    forSeconds: 600,
  }),
  watching({
    type: 'low-disk',
    name: 'Disk nearly full',
    severity: 'warning',
    threshold: 90,
    clearThreshold: 87,
    escalateAfterSeconds: 24 * 3600,
  }),
  watching({
    type: 'low-battery',
    name: 'Battery low',
    severity: 'warning',
    threshold: 20,
    clearThreshold: 25,
    forSeconds: 60,
    escalateAfterSeconds: 30 * 60,
  }),
  watching({
    type: 'high-temperature',
    name: 'Device hot',
    severity: 'warning',
    threshold: 85,
    clearThreshold: 80,
  }),
  watching({
    type: 'rollout-failed',
    name: 'Rollout failed on devices',
    severity: 'critical',
    forSeconds: 0,
    clearSeconds: 0,
  }),
];

export const builtInRule = (id: string): AlertRule | undefined =>
  builtInRules.find((rule) => rule.id === id);

/** What a tenant has: each built-in rule as it was changed or as it came, then its own. */
export const rulesOf = (own: readonly AlertRule[]): AlertRule[] => [
  ...builtInRules.map((rule) => own.find(({ id }) => id === rule.id) ?? rule),
  ...own.filter(({ id }) => builtInRule(id) === undefined),
];

/** The lower comes first. */
export const scopeRank = ({ groupId, query, site }: AlertRule): number => {
  if (groupId !== null) return 0;
  if (query !== null) return 1;
  return site === null ? 3 : 2;
};

/** Those that watch, in the order in which they are asked: the first that fits a device holds. */
export const inOrder = (rules: readonly AlertRule[]): AlertRule[] =>
  // The sort is stable: of two alike the first by name stays the first.
  rules.filter((rule) => rule.enabled).toSorted((a, b) => scopeRank(a) - scopeRank(b));

/** A rule that watches, and where another of its type does instead. */
export type RuleInForce = AlertRule & {
  exceptSites: string[];
  /** Rules of groups and queries that come before it. */
  exceptRules: string[];
};

/** Of two rules of a type for the same site, or for everywhere, only the first ever holds. */
export const rulesInForce = (rules: readonly AlertRule[]): RuleInForce[] => {
  const ordered = inOrder(rules);
  return ordered.flatMap((rule, index) => {
    const before = ordered.slice(0, index).filter(({ type }) => type === rule.type);
    const rank = scopeRank(rule);
    const isSecond = before.some((each) => scopeRank(each) === rank && each.site === rule.site);
    if (rank >= 2 && isSecond) return [];
    return {
      ...rule,
      exceptSites: rank === 3 ? before.flatMap(({ site }) => site ?? []) : [],
      exceptRules: before.filter((each) => scopeRank(each) < 2).map(({ id }) => id),
    };
  });
};
