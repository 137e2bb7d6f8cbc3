/**
 * Gives back what starting, and now and then a visit to the console, took: compiling and parsing
 * leave megabytes that V8 would keep for a program that then hardly allocates. First when the agent
 * has settled, then as soon as it has grown, so that what it holds does not depend on what it once
 * did. Costs some 50 ms of one core each time. What was compiled is written to the compile cache
 * before: it is what the next start needs.
 */
import { flushCompileCache } from 'node:module';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Timers } from '../core/timers.ts';
import { steadyMs, systemTimers } from './timers.ts';

const settleMs = 20_000;
const lookEveryMs = 60_000;
const grownBytesMax = 1024 * 1024;
/** A busy agent grows by that in seconds, and what it allocates is no use to collect so often. */
const collectEveryMs = { least: 60_000, most: 600_000 };

export type Held = { bytes: number; atMs: number };

/** Whether to collect, by what was held after the last collection and what is held now. */
export const isDue = (after: Held, now: Held): boolean => {
  const passedMs = now.atMs - after.atMs;
  if (passedMs < collectEveryMs.least) return false;
  return passedMs >= collectEveryMs.most || now.bytes - after.bytes >= grownBytesMax;
};

export const startCompacting = (timers: Timers = systemTimers): { stop(): void } => {
  let cancel = timers.after(
    settleMs,
    () => {
      flushCompileCache();
      collect();
      let after = held();
      cancel = timers.every(
        lookEveryMs,
        () => {
          if (!isDue(after, held())) return;
          collect();
          after = held();
        },
        'background',
      );
    },
    'background',
  );
  return { stop: () => cancel() };
};

/** The heap's pages that were touched, and the buffers beside it. */
const held = (): Held => {
  const { total_physical_size: heap, external_memory: beside } = getHeapStatistics();
  return { bytes: heap + beside, atMs: steadyMs() };
};

/**
 * As when memory runs out: any other collection keeps the pages it has emptied for what may come,
 * 3 MB of them. The flag is taken back at once: under another set of flags V8 refuses what was
 * compiled before.
 */
const collect = (): void => {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof gc === 'function') gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
};
