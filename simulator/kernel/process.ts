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
  const after = (delayMs: number, run: () => void): (() => void) => {
    let cancelled = false;
    const cancel = kernel.after(delayMs, () =>
      enter(() => {
        if (!cancelled) run();
      }),
    );
    return () => {
      cancelled = true;
      cancel();
    };
  };
  const timed = (run: () => void) => (): void => {
    kernel.settled();
    run();
  };
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
      after: (delayMs, run) => after(delayMs, timed(run)),
      every: (periodMs, run) => {
        let cancel = (): void => undefined;
        const again = (): void => {
          cancel = after(periodMs, () => {
            again();
            timed(run)();
          });
        };
        again();
        return () => cancel();
      },
    },
  };
};
