/** Waiting that spreads: full jitter, so that devices cut off together don't come back together. */

/** Somewhere between 0 and the doubled delay; `random` is from 0 up to 1. */
export const fullJitter = (
  delayMs: { first: number; max: number },
  attempt: number,
  random: number,
): number => Math.round(Math.min(delayMs.max, delayMs.first * 2 ** Math.min(attempt, 30)) * random);
