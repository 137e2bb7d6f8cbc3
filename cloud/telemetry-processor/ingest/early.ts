/**
 * Frames that came too early: something before them is missing, often only because it is being
 * delivered again (another replica died with it). The broker is asked to bring them once more
 * instead of the device over its thin link. Only a few are kept waiting at once, for what waits
 * counts against what the broker gives out, and one device must not stall the others.
 */
const waitingMax = 256;
const delayMs = 3_000;
const deliveriesMax = 4;

/** How long to let a frame wait at the broker, or null to leave it to its device. */
export type EarlyRule = (deliveries: number) => number | null;

export const createEarlyRule = (now: () => number): EarlyRule => {
  let waiting: number[] = [];
  return (deliveries) => {
    if (deliveries >= deliveriesMax) return null;
    const at = now();
    waiting = waiting.filter((until) => until > at);
    if (waiting.length >= waitingMax) return null;
    const wait = delayMs * 2 ** (deliveries - 1);
    waiting.push(at + wait);
    return wait;
  };
};
