/**
 * When an alert is raised, escalated and resolved. A *condition* is one bad stretch of one device
 * under one rule: it begins, is raised once when it lasted long enough, and is gone when the device
 * was well for long enough. Whatever a person does with the alert meanwhile, a condition is never
 * raised twice. What is not known (a silent device, an old sample) neither raises nor resolves. Pure.
 */
import type { AlertSeverity, AlertStatus } from './alert-events.ts';
import type { AlertRule } from './alert-rules.ts';

export type Condition = {
  sinceMs: number;
  /** Well since then, and not for long enough yet. */
  okSinceMs: number | null;
  alertId: string | null;
};

/** One device under one rule. */
export type Watched = {
  rule: Pick<AlertRule, 'threshold' | 'clearThreshold' | 'forSeconds' | 'clearSeconds'>;
  /** The number that the rule is about; null: nobody knows. Of types without a number, of faults. */
  value: number | null;
  /** Since when it has been so, as far as is known. */
  valueSinceMs: number;
  /** Until when it is known to be so: of samples that come together, until the newest of them came. */
  knownUntilMs: number;
  /** When it was below the threshold for the last time, as far as is known and looked for. */
  wellAtMs: number | null;
  /** False: the device is gone, or no rule watches it any more. */
  isWatched: boolean;
  condition: Condition | null;
};

export type ConditionStep =
  | { kind: 'begin'; sinceMs: number }
  | { kind: 'forget' }
  | { kind: 'raise' }
  | { kind: 'recover' }
  | { kind: 'relapse' }
  | { kind: 'resolve' };

export type Plan<Step> = { steps: Step[]; waiting: string };

const nothing = (waiting: string): Plan<ConditionStep> => ({ steps: [], waiting });
const step = (only: ConditionStep): Plan<ConditionStep> => ({ steps: [only], waiting: '' });
const seconds = (ms: number): string => `${Math.ceil(ms / 1_000)} s`;

/** Not raised yet: it must stay at the threshold all the time, so a doubt begins anew. */
const planPending = (
  { rule, value, knownUntilMs, wellAtMs }: Watched,
  condition: Condition,
  known: { graceUntilMs: number },
  nowMs: number,
): Plan<ConditionStep> => {
  if (value === null || value < (rule.threshold ?? 1)) return step({ kind: 'forget' });
  if (wellAtMs !== null && wellAtMs > condition.sinceMs) return step({ kind: 'forget' });
  const lastedMs = condition.sinceMs + rule.forSeconds * 1_000;
  if (knownUntilMs < lastedMs && nowMs >= lastedMs) return nothing('waits for its next samples');
  const dueMs = Math.max(lastedMs, known.graceUntilMs);
  return nowMs >= dueMs
    ? step({ kind: 'raise' })
    : nothing(`raised in ${seconds(dueMs - nowMs)} unless it gets better`);
};

const planRaised = (
  { rule, value }: Watched,
  condition: Condition,
  nowMs: number,
): Plan<ConditionStep> => {
  if (value === null) return nothing('waits for the device to say how it is');
  const clearBelow = rule.clearThreshold ?? rule.threshold ?? 1;
  if (value >= clearBelow) {
    return condition.okSinceMs === null
      ? nothing('resolves when it gets better')
      : step({ kind: 'relapse' });
  }
  if (condition.okSinceMs === null) return step({ kind: 'recover' });
  const dueMs = condition.okSinceMs + rule.clearSeconds * 1_000;
  return nowMs >= dueMs
    ? step({ kind: 'resolve' })
    : nothing(`resolves in ${seconds(dueMs - nowMs)} if it stays well`);
};

/** `graceUntilMs`: after this service's own start nothing is raised, so that we do not cry wolf. */
export const planCondition = (
  watched: Watched,
  known: { graceUntilMs: number },
  nowMs: number,
): Plan<ConditionStep> => {
  const { condition, isWatched, rule, value, valueSinceMs } = watched;
  if (condition === null) {
    const isBad = isWatched && value !== null && value >= (rule.threshold ?? 1);
    return isBad
      ? step({ kind: 'begin', sinceMs: Math.min(valueSinceMs, nowMs) })
      : nothing('nothing is wrong');
  }
  if (!isWatched) return step({ kind: condition.alertId === null ? 'forget' : 'resolve' });
  return condition.alertId === null
    ? planPending(watched, condition, known, nowMs)
    : planRaised(watched, condition, nowMs);
};

export type OpenAlert = {
  severity: AlertSeverity;
  status: AlertStatus;
  escalatesAtMs: number | null;
  silenced: boolean;
};

export type AlertStep = { kind: 'escalate' } | { kind: 'tell' };

/**
 * What time does to an alert: it escalates unless somebody took it on, and one that was silenced is
 * told of when its silence ends before it does.
 */
export const planAlert = (
  alert: OpenAlert,
  isSilenced: boolean,
  nowMs: number,
): Plan<AlertStep> => {
  if (alert.status !== 'active') return { steps: [], waiting: '' };
  const steps: AlertStep[] = [];
  const { escalatesAtMs, severity } = alert;
  const isDue = escalatesAtMs !== null && severity !== 'critical' && nowMs >= escalatesAtMs;
  if (isDue) steps.push({ kind: 'escalate' });
  // An escalation tells by itself.
  else if (alert.silenced && !isSilenced) steps.push({ kind: 'tell' });
  if (steps.length > 0) return { steps, waiting: '' };
  const waiting =
    escalatesAtMs === null || severity === 'critical'
      ? 'waits for somebody to acknowledge it'
      : `becomes critical in ${seconds(escalatesAtMs - nowMs)} unless somebody acknowledges it`;
  return { steps, waiting };
};
