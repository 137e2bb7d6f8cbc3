/**
 * What a channel does next with what waits for it. Pure: `(known, now) → {steps, waiting}`; the loop
 * carries the steps out and `settle` says what its outcome makes of what is known. Always:
 * - no more messages in a minute than the kind's pace allows; what is more is folded into one;
 * - of one alert nothing overtakes what happened before it;
 * - one delivery that a receiver chokes on does not hold up the others;
 * - what could not be delivered within its age is given up with the reason.
 */
import { deliveryAgeMsMax } from './hearing.ts';
import type { ChannelKind, Happening } from './notice.ts';
import { retryMs } from './retry.ts';

export type Pace = {
  perMinuteMax: number;
  /** From how many on that wait they go as one message, and how many one may hold. */
  foldFrom: number;
  foldMax: number;
  /** How long the first of several waits for the others. */
  gatherMs: number;
};

/** People read some messages a minute; PagerDuty takes about 120 events a minute for one key. */
export const paces: Record<ChannelKind, Pace> = {
  email: { perMinuteMax: 4, foldFrom: 4, foldMax: 500, gatherMs: 2_000 },
  slack: { perMinuteMax: 10, foldFrom: 5, foldMax: 500, gatherMs: 1_000 },
  teams: { perMinuteMax: 10, foldFrom: 5, foldMax: 500, gatherMs: 1_000 },
  pagerduty: { perMinuteMax: 60, foldFrom: 10, foldMax: 500, gatherMs: 1_000 },
  webhook: { perMinuteMax: 300, foldFrom: 2, foldMax: 50, gatherMs: 0 },
};
const minuteMs = 60_000;

export type Queued = {
  id: string;
  alert: { id: string; happening: Happening } | null;
  queuedAt: number;
  attempts: number;
  /** Not before; 0: at once. */
  retryAt: number;
  reason: string | null;
};

/** A folded incident: one key at PagerDuty for several alerts, and which of them are open. */
export type Incident = { key: string; alertIds: readonly string[]; open: readonly string[] };

export type SendingKnown = {
  kind: ChannelKind;
  /** In the order in which it happened. */
  queue: readonly Queued[];
  /** When messages of the last minute went. */
  sentAt: readonly number[];
  failures: number;
  retryAt: number;
  incidents: readonly Incident[];
};

export type Send = { kind: 'send'; ids: readonly string[]; incidentKey: string | null };
export type SendingStep =
  | { kind: 'give-up'; ids: readonly string[]; reason: string }
  | { kind: 'pass-over'; ids: readonly string[]; reason: string; incidentKey: string }
  | Send;

export type SendingPlan = {
  /** At most one of them sends, and it is the last. */
  steps: SendingStep[];
  /** Null when nothing waits. */
  waiting: { until: number; why: string } | null;
};

export const keyOfAlert = (alertId: string): string => `signalbeam:${alertId}`;

const opens = (queued: Queued): boolean =>
  queued.alert?.happening === 'raised' || queued.alert?.happening === 'escalated';

/** Of each alert the earliest alone: the others come after it. */
const headsOf = (queue: readonly Queued[]): Queued[] => {
  const seen = new Set<string>();
  return queue.filter(({ alert }) => {
    if (alert === null) return true;
    if (seen.has(alert.id)) return false;
    seen.add(alert.id);
    return true;
  });
};

const dueAt = (queued: Queued, pace: Pace): number =>
  Math.max(queued.retryAt, queued.attempts === 0 ? queued.queuedAt + pace.gatherMs : 0);

const expired = (known: SendingKnown, now: number): SendingStep[] =>
  known.queue
    .filter(({ queuedAt }) => queuedAt + deliveryAgeMsMax <= now)
    .map(({ id, reason }) => ({
      kind: 'give-up',
      ids: [id],
      reason: `Not delivered within a day.${reason === null ? '' : ` Last: ${reason}`}`,
    }));

const incidentOf = (known: SendingKnown, { alert }: Queued): Incident | undefined =>
  alert === null ? undefined : known.incidents.find(({ alertIds }) => alertIds.includes(alert.id));

/** What goes with the first into one message. */
const groupOf = (first: Queued, ready: readonly Queued[], known: SendingKnown, left: number) => {
  const pace = paces[known.kind];
  // What belongs to an incident that is there goes to that one.
  const joins = (queued: Queued): boolean =>
    known.kind !== 'pagerduty' || (opens(queued) && incidentOf(known, queued) === undefined);
  if (!joins(first)) return [first];
  const together = ready.filter(joins);
  const folds = together.length >= pace.foldFrom || together.length > left;
  return folds ? together.slice(0, pace.foldMax) : [first];
};

/** Of an incident that holds several alerts only the last end counts, and no single acknowledgement. */
const coveredBy = (known: SendingKnown, queued: Queued): SendingStep | null => {
  if (known.kind !== 'pagerduty' || opens(queued)) return null;
  const incident = incidentOf(known, queued);
  if (incident === undefined || queued.alert === null) return null;
  const others = incident.open.filter((id) => id !== queued.alert?.id).length;
  if (others === 0) return null;
  const reason = `One of several alerts of one incident; ${others} are open still.`;
  return { kind: 'pass-over', ids: [queued.id], reason, incidentKey: incident.key };
};

const sendOf = (known: SendingKnown, group: readonly Queued[]): Send => {
  const [first] = group;
  const ids = group.map(({ id }) => id);
  if (known.kind !== 'pagerduty' || first?.alert == null) {
    return { kind: 'send', ids, incidentKey: null };
  }
  const incident = incidentOf(known, first)?.key;
  const key = group.length > 1 ? `signalbeam:several:${first.id}` : keyOfAlert(first.alert.id);
  return { kind: 'send', ids, incidentKey: group.length > 1 ? key : (incident ?? key) };
};

const least = (times: readonly number[]): number =>
  times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);

export const planSending = (known: SendingKnown, now: number): SendingPlan => {
  const pace = paces[known.kind];
  const steps = expired(known, now);
  const gone = new Set(steps.flatMap(({ ids }) => ids));
  const queue = known.queue.filter(({ id }) => !gone.has(id));
  if (queue.length === 0) return { steps, waiting: null };
  const heads = headsOf(queue);
  const ends = least(queue.map(({ queuedAt }) => queuedAt + deliveryAgeMsMax));
  const wait = (until: number, why: string): SendingPlan => ({
    steps,
    waiting: { until: Math.min(until, ends), why },
  });
  if (known.retryAt > now) return wait(known.retryAt, 'The channel failed; it is tried again.');
  if (!heads.some((queued) => dueAt(queued, pace) <= now)) {
    return wait(least(heads.map((queued) => dueAt(queued, pace))), 'What waits is not due yet.');
  }
  // Whoever waits for others to gather goes along once one of them is due.
  const ready = heads
    .filter(({ retryAt }) => retryAt <= now)
    .sort((one, other) => one.attempts - other.attempts);
  const covered = ready.flatMap((queued) => coveredBy(known, queued) ?? []);
  if (covered[0] !== undefined) return { steps: [...steps, covered[0]], waiting: null };
  const recent = known.sentAt.filter((at) => at > now - minuteMs);
  const left = pace.perMinuteMax - recent.length;
  if (left <= 0) {
    return wait(least(recent) + minuteMs, 'As many messages as a minute may have were sent.');
  }
  const [first] = ready;
  if (first === undefined) throw new Error('something is due and nothing is ready');
  return { steps: [...steps, sendOf(known, groupOf(first, ready, known, left))], waiting: null };
};

export type Outcome =
  | { kind: 'delivered'; answer: string }
  /** This message will never be taken; the next may be. */
  | { kind: 'refused'; reason: string }
  /** The channel does not work now. */
  | { kind: 'failed'; reason: string; retryAfterMs?: number };

const without = (known: SendingKnown, ids: readonly string[]): SendingKnown => ({
  ...known,
  queue: known.queue.filter(({ id }) => !ids.includes(id)),
});

const closing = (known: SendingKnown, step: { ids: readonly string[] }): readonly Incident[] => {
  const over = known.queue
    .filter(({ id, alert }) => step.ids.includes(id) && alert?.happening === 'resolved')
    .map(({ alert }) => alert?.id);
  return known.incidents.map((incident) => ({
    ...incident,
    open: incident.open.filter((id) => !over.includes(id)),
  }));
};

const failedWith = (
  known: SendingKnown,
  step: Send,
  outcome: Outcome & { kind: 'failed' },
  at: { now: number; chance: number },
): SendingKnown => {
  const failures = known.failures + 1;
  const after = (count: number): number => at.now + retryMs(count, at.chance, outcome.retryAfterMs);
  const queue = known.queue.map((queued) =>
    step.ids.includes(queued.id)
      ? {
          ...queued,
          attempts: queued.attempts + 1,
          retryAt: after(queued.attempts + 1),
          reason: outcome.reason,
        }
      : queued,
  );
  return { ...known, queue, failures, retryAt: after(failures) };
};

/** What is known once a step was carried out; `outcome` is of a step that sends. */
export const settle = (
  known: SendingKnown,
  step: SendingStep,
  outcome: Outcome | null,
  at: { now: number; chance: number },
): SendingKnown => {
  if (step.kind !== 'send') {
    return { ...without(known, step.ids), incidents: closing(known, step) };
  }
  switch (outcome?.kind) {
    case undefined:
      throw new Error('what was sent has an outcome');
    case 'failed':
      return failedWith(known, step, outcome, at);
    case 'refused':
      return without(known, step.ids);
    case 'delivered': {
      const alertIds = known.queue
        .filter(({ id }) => step.ids.includes(id))
        .flatMap(({ alert }) => alert?.id ?? []);
      const several =
        known.kind === 'pagerduty' && step.ids.length > 1 && step.incidentKey !== null
          ? [{ key: step.incidentKey, alertIds, open: alertIds }]
          : [];
      return {
        ...without(known, step.ids),
        sentAt: [...known.sentAt.filter((time) => time > at.now - minuteMs), at.now],
        failures: 0,
        retryAt: 0,
        incidents: [...closing(known, step), ...several],
      };
    }
  }
};
