/**
 * How long somebody who keeps failing to sign in has to wait. A few mistakes are free; then the
 * wait doubles, so guessing is hopeless while a person loses seconds. Pure: the caller counts.
 */
const minuteMs = 60_000;

/** Typing errors that cost nothing. */
export const freeFailures = 5;
/** 1, 2, 4 … seconds, at most 15 minutes: 96 guesses a day. */
const firstWaitMs = 1_000;
export const waitMsMax = 15 * minuteMs;
/** After this long without a failure everything is forgotten. */
export const forgetAfterMs = 24 * 60 * minuteMs;

export type LoginFailures = { failures: number; lastAtMs: number };

export type Throttle = { kind: 'open' } | { kind: 'wait'; waitMs: number };

export const throttleOf = (known: LoginFailures | null, nowMs: number): Throttle => {
  if (known === null || known.failures < freeFailures) return { kind: 'open' };
  const wait = Math.min(waitMsMax, firstWaitMs * 2 ** Math.min(known.failures - freeFailures, 20));
  // A clock that was set back must not lock anybody out for longer than the wait itself.
  const passed = Math.max(0, nowMs - known.lastAtMs);
  return passed >= wait ? { kind: 'open' } : { kind: 'wait', waitMs: wait - passed };
};

/** The count after one more attempt. */
export const countFailure = (known: LoginFailures | null, nowMs: number): LoginFailures => {
  const forgotten = known === null || nowMs - known.lastAtMs > forgetAfterMs;
  return { failures: forgotten ? 1 : known.failures + 1, lastAtMs: nowMs };
};
