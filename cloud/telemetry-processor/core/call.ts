/**
 * When ingest calls the devices that wait for an answer to their greeting: it came up, reached the hub
 * again, or could not answer for a while and can now. Those that greeted in vain wait up to two minutes
 * otherwise. `(known, now) → {steps, waiting}`. Invariant: a called site costs a message, and a called
 * device one greeting at most, so calls keep a distance however often there is cause. Pure.
 */
import { callWithinMs } from '@signalbeam/sync/core/limits';

export type CallKnown = {
  /** There is cause, and nobody was called since. */
  due: boolean;
  notBefore: number;
  /** Calls that came one upon the other, and when the last one was made. */
  calls: number;
  lastAt: number;
};

export type CallPlan = { steps: { kind: 'call' }[]; waiting: string; wakeAt: number | null };

/**
 * Call upon call waits longer each time, up to this: a cloud that calls and then cannot answer is asked
 * once more a minute by each device.
 */
export const callAgainMs = { first: 2_000, max: 60_000 } as const;
/** After so long without a call the next ones come quickly again. */
export const callForgottenMs = 120_000;
/** Who to call could not be found out: Postgres is away, and greetings cannot be answered either. */
export const callRetryMs = 1_000;
/** What one replica answers in its stride, with other work beside it. */
export const greetingsPerSecond = 500;

export const startCalls = (): CallKnown => ({
  due: false,
  notBefore: 0,
  calls: 0,
  lastAt: Number.NEGATIVE_INFINITY,
});
export const callWanted = (known: CallKnown): CallKnown => ({ ...known, due: true });
/** A cause that comes from now on is one for another call. */
export const callBegun = (known: CallKnown): CallKnown => ({ ...known, due: false });
export const callMade = (known: CallKnown, now: number): CallKnown => {
  const calls = now - known.lastAt < callForgottenMs ? known.calls + 1 : 1;
  const againMs = Math.min(callAgainMs.max, callAgainMs.first * 2 ** Math.min(calls - 1, 30));
  return { ...known, notBefore: now + againMs, calls, lastAt: now };
};
export const callFailed = (known: CallKnown, now: number): CallKnown => ({
  ...known,
  due: true,
  notBefore: Math.max(known.notBefore, now + callRetryMs),
});

export const planCalls = ({ due, notBefore }: CallKnown, now: number): CallPlan => {
  if (!due) return { steps: [], waiting: '', wakeAt: null };
  if (notBefore <= now) return { steps: [{ kind: 'call' }], waiting: '', wakeAt: null };
  return { steps: [], waiting: 'Waiting to call devices again.', wakeAt: notBefore };
};

/** Within so long each asks once: a few devices at once, a fleet at the pace it is answered at. */
export const withinMsFor = (devices: number): number =>
  Math.min(
    callWithinMs.max,
    Math.max(callWithinMs.min, Math.ceil((devices / greetingsPerSecond) * 1_000)),
  );
