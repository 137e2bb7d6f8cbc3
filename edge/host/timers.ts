/** The machine's own timers. */
import type { Timers } from '../core/timers.ts';

/** Since the process started: grows whatever is done to the clock. */
export const steadyMs = (): number => performance.now();

export const systemTimers: Timers = {
  after: (delayMs, run, background) => {
    const timer = setTimeout(run, delayMs);
    if (background !== undefined) timer.unref();
    return () => clearTimeout(timer);
  },
  every: (periodMs, run, background) => {
    const timer = setInterval(run, periodMs);
    if (background !== undefined) timer.unref();
    return () => clearInterval(timer);
  },
};
