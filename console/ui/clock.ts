/**
 * The time that ages are counted by. A device's console counts by the device's clock, which may be
 * wrong by years: an event "3 min ago" must be right even then. The operator's console never sets it.
 */
let offsetMs = 0;

export const setClockOffset = (ms: number): void => {
  offsetMs = ms;
};

export const clockNow = (): number => Date.now() + offsetMs;
