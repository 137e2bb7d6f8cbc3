/**
 * What a person can do about a rollout, as tables: in which state of the rollout each verb makes sense
 * and where it leads, what becomes of a device's row, and which news tell of each transition. What more
 * a verb asks for (a wave at work, somebody else's word) is looked at where it is done. The tables in
 * docs/rollouts.md are made from these. Pure.
 */
import type { RolloutStatus, RowStatus } from './rollout.ts';
import type { WaveStep } from './wave-plan.ts';

export const rolloutVerbs = [
  ...(['pause', 'resume', 'approve', 'advance', 'retry', 'rollback', 'cancel'] as const),
] as const;
export type RolloutVerb = (typeof rolloutVerbs)[number];

export type VerbOutcome =
  | { kind: 'to'; status: RolloutStatus }
  /** It was asked before: nothing happens again. */
  | { kind: 'stays' }
  | { kind: 'refused'; why: string; next?: string };

const to = (status: RolloutStatus): VerbOutcome => ({ kind: 'to', status });
const stays: VerbOutcome = { kind: 'stays' };
const refused = (why: string, next?: string): VerbOutcome => ({
  ...{ kind: 'refused', why },
  ...(next === undefined ? {} : { next }),
});
const over = (status: RolloutStatus) => refused(`This rollout is over already (${status}).`);
const goesBack = refused('It goes back already, which nothing stops.');

type Outcomes = Record<RolloutStatus, VerbOutcome>;

const whenOver = {
  succeeded: over('succeeded'),
  failed: over('failed'),
  cancelled: over('cancelled'),
  'rolled-back': over('rolled-back'),
} as const;
const notAdvancing = (status: RolloutStatus) => refused(`Nothing advances while it is ${status}.`);
const notPaused = (status: RolloutStatus) => refused(`It is not paused (${status}).`);
const notAsked = (status: RolloutStatus) =>
  refused(`No wave waits for approval while it is ${status}.`);
const noneFailed = refused(
  'This rollout has no failed device that could try again.',
  'Start a new rollout.',
);
const nothingBack = (status: RolloutStatus) =>
  refused(`There is nothing to take back (${status}).`);

const outcomes: Record<RolloutVerb, Outcomes> = {
  pause: {
    ...whenOver,
    scheduled: to('paused'),
    'in-progress': to('paused'),
    paused: stays,
    'rolling-back': goesBack,
  },
  resume: {
    ...whenOver,
    scheduled: notPaused('scheduled'),
    'in-progress': notPaused('in-progress'),
    paused: to('in-progress'),
    'rolling-back': notPaused('rolling-back'),
  },
  approve: {
    ...whenOver,
    scheduled: notAsked('scheduled'),
    'in-progress': to('in-progress'),
    paused: notAsked('paused'),
    'rolling-back': notAsked('rolling-back'),
  },
  advance: {
    ...whenOver,
    scheduled: notAdvancing('scheduled'),
    'in-progress': to('in-progress'),
    paused: to('in-progress'),
    'rolling-back': notAdvancing('rolling-back'),
  },
  retry: {
    scheduled: noneFailed,
    'in-progress': to('in-progress'),
    paused: to('in-progress'),
    'rolling-back': noneFailed,
    succeeded: to('in-progress'),
    failed: to('in-progress'),
    cancelled: noneFailed,
    'rolled-back': noneFailed,
  },
  rollback: {
    scheduled: to('rolling-back'),
    'in-progress': to('rolling-back'),
    paused: to('rolling-back'),
    'rolling-back': stays,
    succeeded: to('rolling-back'),
    failed: to('rolling-back'),
    cancelled: nothingBack('cancelled'),
    'rolled-back': nothingBack('rolled-back'),
  },
  cancel: {
    ...whenOver,
    scheduled: to('cancelled'),
    'in-progress': to('cancelled'),
    paused: to('cancelled'),
    'rolling-back': goesBack,
  },
};

export const outcomeOf = (verb: RolloutVerb, status: RolloutStatus): VerbOutcome =>
  outcomes[verb][status];

/** What becomes of devices that get back what they had: all that did not finish, those that have not begun, or those that failed. */
export const givenBackTo = {
  unfinished: { planned: 'cancelled', pending: 'cancelled', 'in-progress': 'cancelled' },
  'not-begun': { pending: 'planned' },
  // Those stay failed: they run what they had, and are asked for that again.
  failed: {},
} as const satisfies Record<string, Partial<Record<RowStatus, RowStatus>>>;

/** Those that run the version or are about to; who was not told never is. */
export const goingBackFrom = ['pending', 'in-progress', 'succeeded'] as const;

const rowOutcomes: Record<RolloutVerb, Partial<Record<RowStatus, RowStatus>>> = {
  pause: givenBackTo['not-begun'],
  resume: {},
  approve: {},
  advance: {},
  retry: { failed: 'planned' },
  rollback: {
    planned: 'cancelled',
    ...Object.fromEntries(goingBackFrom.map((from) => [from, 'rolling-back' as const])),
  },
  cancel: givenBackTo.unfinished,
};

/** What a verb makes of a device's row; as it is where it makes nothing. */
export const rowAfter = (verb: RolloutVerb, row: RowStatus): RowStatus =>
  rowOutcomes[verb][row] ?? row;

/** What the world is told: the types of domain events, after `rollout.`. */
export type RolloutNews =
  | 'started'
  | 'progressed'
  | 'begun'
  | 'wave-opened'
  | 'wave-passed'
  | 'completed'
  | 'cancelled'
  | 'retried'
  | 'paused'
  | 'resumed'
  | 'approved'
  | 'advanced'
  | 'rolled-back';

export const newsOfVerb: Record<RolloutVerb, RolloutNews> = {
  pause: 'paused',
  resume: 'resumed',
  approve: 'approved',
  advance: 'advanced',
  retry: 'retried',
  rollback: 'rolled-back',
  cancel: 'cancelled',
};

/** Of what happens by itself; null: nobody outside cares. */
export const newsOfStep: Record<WaveStep['kind'], RolloutNews | null> = {
  begin: 'begun',
  'open-wave': 'wave-opened',
  'good-since': null,
  'pass-wave': 'wave-passed',
  pause: 'paused',
  'roll-back': 'rolled-back',
  complete: 'completed',
};
