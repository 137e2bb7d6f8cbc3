/** When something that failed is tried again: exponential, with jitter, and as long as was asked for. */
const firstMs = 5_000;
const backoffMsMax = 15 * 60_000;
/** A receiver may ask for a pause; not for one that outlasts what is tried. */
const askedMsMax = 3_600_000;

/** `failures` counts from 1; `chance` is in 0…1 and spreads what failed together. */
export const backoffMs = (failures: number, chance: number): number => {
  const whole = Math.min(firstMs * 2 ** Math.min(failures - 1, 20), backoffMsMax);
  return Math.round(whole * (0.5 + 0.5 * chance));
};

export const retryMs = (failures: number, chance: number, askedMs = 0): number =>
  Math.max(backoffMs(failures, chance), Math.min(askedMs, askedMsMax));
