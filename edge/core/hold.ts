/**
 * A technician's hold: somebody works at this device, so the agent changes nothing it need not. An
 * update that has begun to take over goes on to its end, for half-way is no place to stop; what is
 * next is fetched, so that it is here when the hold ends. All else waits, repairs too: what a
 * technician stops by hand stays stopped. Pure.
 */
import type { Step, StepKind } from './step.ts';

export type Hold = {
  reason: string;
  by: 'console' | 'command';
  sinceMs: number;
  untilMs: number;
  /** The same for people, in UTC: whoever reads it may sit elsewhere. */
  until: string;
};

export const holdMinutes = { standard: 240, max: 7 * 24 * 60 };
export const holdReasonLengthMax = 200;

/** Null once it is over. */
export const inForce = (hold: Hold | null, now: number): Hold | null =>
  hold !== null && now < hold.untilMs ? hold : null;

export const holdSentence = ({ reason, until }: Hold): string => {
  const why = reason === '' ? '' : `: ${reason.replace(/[.\s]*$/, '')}`;
  return `A technician holds this device until ${until}${why}.`;
};

/** They bring the next version here and change nothing that runs. */
const bringing: ReadonlySet<StepKind> = new Set([
  'begin-update',
  'fetch-release',
  'fetch-image',
  'pull-image',
]);

/** What of a plan may be done all the same. `preparing`: what is created is not started yet. */
export const stepsUnderHold = (steps: readonly Step[], preparing: boolean): Step[] =>
  steps.filter(
    ({ kind, healing }) =>
      healing !== true && (bringing.has(kind) || (preparing && kind === 'create-container')),
  );
