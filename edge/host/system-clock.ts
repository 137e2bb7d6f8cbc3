/**
 * Setting the machine's clock: a port, because it is everybody's on that machine. Only the
 * composition root makes one, and only when the unit that owns the machine says so; whoever gives
 * none can't set a clock.
 */
import { execFile } from 'node:child_process';

export type SystemClock = {
  /** Says why not when it may not, or could not. */
  set(toMs: number): Promise<{ kind: 'set' } | { kind: 'refused'; reason: string }>;
};

export const dateCommand = '/bin/date';
const deadlineMs = 5_000;

/** By `date -u -s @SECONDS`, as coreutils and busybox have it: Node itself can't set a clock. */
export const clockByCommand = (command: string): SystemClock => ({
  set: (toMs) =>
    new Promise((resolve) => {
      const args = ['-u', '-s', `@${Math.ceil(toMs / 1_000)}`];
      execFile(command, args, { timeout: deadlineMs }, (cause, _, errors) => {
        if (cause === null) resolve({ kind: 'set' });
        else resolve({ kind: 'refused', reason: (errors.trim() || cause.message).slice(0, 200) });
      });
    }),
});
