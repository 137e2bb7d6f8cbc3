/**
 * One life of a process: from its start until it is killed. Its timers and whatever it waits for die
 * with it; while it is paused they wait. It is killed *between two effects*: at the effect that was
 * chosen the disk is set aside as it is, and whatever the old life still does reaches nobody.
 */
import type { Timers } from '@signalbeam/edge/core/timers';
import type { Kernel } from './kernel.ts';

export type Process = {
  readonly dead: boolean;
  kill(): void;
  /** Nothing of it runs before then. */
  pauseUntil(at: number): void;
  /** Runs now, or when the pause is over; never after its death. */
  enter(run: () => void): void;
  after(delayMs: number, run: () => void): () => void;
  timers: Timers;
};

export const createProcess = (kernel: Kernel): Process => {
  let dead = false;
  let pausedUntil = 0;
  const enter = (run: () => void): void => {
    if (dead) return;
    if (pausedUntil > kernel.now()) kernel.later(pausedUntil - kernel.now(), () => enter(run));
    else run();
  };
  /** Two closures for each timer: half of all events are timers. `settles`: what it runs may settle a promise. */
  const timer = (delayMs: number, run: () => void, settles: boolean): (() => void) => {
    let cancelled = false;
    const fire = (): void => {
      if (dead) return;
      const waitMs = pausedUntil - kernel.now();
      if (waitMs > 0) kernel.later(waitMs, fire);
      else if (!cancelled) {
        if (settles) kernel.settled();
        run();
      }
    };
    const ticket = kernel.later(delayMs, fire);
    return () => {
      cancelled = true;
      kernel.cancel(ticket);
    };
  };
  const after = (delayMs: number, run: () => void): (() => void) => timer(delayMs, run, false);
  return {
    get dead() {
      return dead;
    },
    kill: () => {
      dead = true;
    },
    pauseUntil: (at) => {
      pausedUntil = Math.max(pausedUntil, at);
    },
    enter,
    after,
    timers: {
      after: (delayMs, run) => timer(delayMs, run, true),
      every: (periodMs, run) => {
        let cancel = (): void => undefined;
        const again = (): void => {
          cancel = after(periodMs, () => {
            again();
            kernel.settled();
            run();
          });
        };
        again();
        return () => cancel();
      },
    },
  };
};
