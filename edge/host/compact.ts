/**
 * Gives back, once, what starting took: compiling and parsing leave megabytes that V8 would keep
 * for a program that then hardly allocates. Costs about 20 ms of one core, after the agent is ready.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const settleMs = 20_000;

export const compactOnce = (): void => {
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('gc');
    if (typeof collect === 'function') collect();
  }, settleMs).unref();
};
