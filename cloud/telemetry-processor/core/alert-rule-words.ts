/** What a rule does, in one sentence that an operator can check before saving it. Pure. */
import {
  type AlertRule,
  errorWindowMs,
  isBelow,
  levelsOf,
  type RuleType,
  thresholdUnits,
} from './alert-rules.ts';
import { spanOf } from './alert-words.ts';

const subjects: Record<RuleType, string> = {
  'device-offline': 'a device is not heard of',
  'device-unhealthy': 'a device says that a container is unhealthy or a bundle failed',
  'high-error-rate': 'errors of a device',
  'high-cpu': 'processor use',
  'high-memory': 'memory use',
  'low-disk': 'disk use',
  'low-battery': 'the battery of a device without power',
  'high-temperature': 'the temperature',
  'rollout-failed': 'a rollout fails on a device',
};

const conditionOf = ({ type, threshold, forSeconds }: AlertRule): string => {
  const or = isBelow(type) ? 'below' : 'above';
  const lasting = forSeconds === 0 ? '' : ` for ${spanOf(forSeconds)}`;
  switch (thresholdUnits[type]) {
    case null:
      return `${subjects[type]}${lasting}`;
    case 'events':
      return `${threshold} ${subjects[type]} or more came in ${spanOf(errorWindowMs / 1_000)}`;
    case 'percent':
      return `${subjects[type]} is at ${threshold} % or ${or}${lasting}`;
    case 'celsius':
      return `${subjects[type]} is at ${threshold} °C or above${lasting}`;
  }
};

const endOf = ({ type, threshold, clearThreshold, clearSeconds }: AlertRule): string => {
  if (type === 'rollout-failed') return 'It resolves when no failure is left.';
  const unit = { percent: ' %', celsius: ' °C', events: '', none: '' }[
    thresholdUnits[type] ?? 'none'
  ];
  const below =
    thresholdUnits[type] === null
      ? 'it was well'
      : `it was ${isBelow(type) ? 'charged above' : 'below'} ${clearThreshold ?? threshold}${unit}`;
  return `It resolves by itself once ${below} for ${spanOf(clearSeconds)}.`;
};

/** `groupName`: what its group is called; null when it is gone. */
const whereOf = ({ site, groupId, query }: AlertRule, groupName: string | null): string => {
  if (groupId !== null) return ` on a device of the group “${groupName ?? 'that is gone'}”`;
  if (query !== null) return ` on a device that answers ${query}`;
  return site === null ? '' : ` at ${site}`;
};

export const ruleWords = (rule: AlertRule, groupName: string | null = null): string => {
  if (!rule.enabled) return 'Off: nobody is told.';
  const where = whereOf(rule, groupName);
  const escalation =
    rule.escalateAfterSeconds === null || rule.severity === 'critical'
      ? ''
      : ` It becomes critical after ${spanOf(rule.escalateAfterSeconds)} unless somebody acknowledges it.`;
  return `When ${conditionOf(rule)}${where}, a ${rule.severity} alert is raised.${escalation} ${endOf(rule)}`;
};

export type RuleFault = { path: string; message: string };

const scopeFaults = (rule: AlertRule): RuleFault[] => {
  const given = (['site', 'groupId', 'query'] as const).filter((path) => rule[path] !== null);
  if (rule.type === 'rollout-failed') {
    return given.map((path) => ({ path, message: 'a rollout belongs to no device' }));
  }
  const message = 'a rule is for a site, a group or a query: one of them';
  return given.length > 1 ? given.map((path) => ({ path, message })) : [];
};

/** What makes no sense in a rule, field by field. */
export const ruleFaults = (rule: AlertRule): RuleFault[] => {
  const faults: RuleFault[] = [];
  const unit = thresholdUnits[rule.type];
  if (unit === null) {
    for (const path of ['threshold', 'clearThreshold'] as const) {
      if (rule[path] !== null) faults.push({ path, message: 'rules of this type have no number' });
    }
  } else if (rule.threshold === null) {
    faults.push({ path: 'threshold', message: 'is needed' });
  } else {
    if (unit === 'percent' && rule.threshold > 100) {
      faults.push({ path: 'threshold', message: 'is a percentage: at most 100' });
    }
    const levels = levelsOf(rule);
    if (levels.threshold === 0) faults.push({ path: 'threshold', message: 'would always hold' });
    if (levels.clearThreshold !== null && levels.clearThreshold > (levels.threshold ?? 0)) {
      const side = isBelow(rule.type) ? 'below' : 'above';
      faults.push({ path: 'clearThreshold', message: `must not be ${side} the threshold` });
    }
    if (levels.clearThreshold !== null && levels.clearThreshold <= 0) {
      faults.push({ path: 'clearThreshold', message: 'would never resolve' });
    }
  }
  if (rule.severity === 'critical' && rule.escalateAfterSeconds !== null) {
    faults.push({ path: 'escalateAfterSeconds', message: 'is critical from the beginning' });
  }
  return [...faults, ...scopeFaults(rule)];
};
