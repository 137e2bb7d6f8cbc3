/** The machine's own timers. */
import type { Timers } from '../core/timers.ts';

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
