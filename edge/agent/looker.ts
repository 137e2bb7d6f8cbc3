/**
 * One look at a time, never lost: a look asked for while one is under way happens right after it.
 * A failure of the environment is noted and looked past; a bug is not caught here.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import type { Timers } from '../core/timers.ts';
import type { ReconcilerParts } from './parts.ts';

const afterFailureMs = 5_000;

export type Looker = {
  /** Look as soon as possible. */
  soon(): void;
  /** Look after this time unless something asks for it earlier. */
  within(delayMs: number): void;
  stop(): Promise<void>;
};

export const createLooker = (
  { log, timers }: { log: ReconcilerParts['log']; timers: Timers },
  lookOnce: () => Promise<void>,
): Looker => {
  let cancelTimer = (): void => undefined;
  let looking: Promise<void> | null = null;
  let again = false;
  let stopped = false;

  const within = (delayMs: number): void => {
    cancelTimer();
    if (!stopped) cancelTimer = timers.after(delayMs, soon);
  };

  const soon = (): void => {
    if (stopped) return;
    if (looking !== null) {
      again = true;
      return;
    }
    looking = lookOnce()
      .catch((error) => {
        if (!(error instanceof FleetError)) throw error;
        log('warn', error.message, { code: error.code });
        within(afterFailureMs);
      })
      .finally(() => {
        looking = null;
        if (!again) return;
        again = false;
        soon();
      });
  };

  return {
    soon,
    within,
    stop: async () => {
      stopped = true;
      cancelTimer();
      await looking;
    },
  };
};
