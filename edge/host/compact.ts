/**
 * Gives back what starting, and now and then a visit to the console, took: compiling and parsing
 * leave megabytes that V8 would keep for a program that then hardly allocates. Costs some 50 ms of
 * one core each time, first when the agent has settled. What was compiled is written to the compile
 * cache before: it is what the next start needs.
 */
import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const settleMs = 20_000;
const everyMs = 600_000;
/** The first marks code as old, the second drops what nobody ran since. */
const collections = 2;

export const startCompacting = (): { stop(): void } => {
  let timer = setTimeout(() => {
    flushCompileCache();
    collect();
    timer = setInterval(collect, everyMs).unref();
  }, settleMs).unref();
  return { stop: () => clearTimeout(timer) };
};

/** The flag is taken back at once: under another set of flags V8 refuses what was compiled before. */
const collect = (): void => {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof gc !== 'function') return;
  for (let done = 0; done < collections; done += 1) gc();
};
