/**
 * Work that only the holder of the lease does, again and again: one run at a time, and a failure is
 * logged and tried again at the next. What a run does must bear being done twice (./lease.ts).
 */
import type { Logger } from '@signalbeam/platform/logging/log';
import type { Lease } from './lease.ts';

export type LeaseLoop = { stop: () => Promise<void> };

export const startLeaseLoop = (options: {
  lease: Pick<Lease, 'isHeld'>;
  /** What it does, for the log. */
  name: string;
  everyMs: number;
  run: () => Promise<unknown>;
  log: Logger;
}): LeaseLoop => {
  const { lease, name, everyMs, run, log } = options;
  let running: Promise<void> | undefined;
  const tick = (): void => {
    if (running !== undefined || !lease.isHeld()) return;
    running = run()
      .then(
        () => undefined,
        (error) => log.warn({ error, work: name }, 'background work failed; it is tried again'),
      )
      .finally(() => {
        running = undefined;
      });
  };
  const timer = setInterval(tick, everyMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
};
