/**
 * Tries until it works, with a growing, jittered wait; for what only an outage can break. Errors
 * that no repetition heals are passed on at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@signalbeam/platform/logging/log';
import { isUnavailable } from '@signalbeam/platform/postgres/pool';

const backoffMsMin = 100;
const backoffMsMax = 5_000;

/** Postgres is away, short of something, or undid the transaction for another's sake. */
const mayHeal = (error: unknown): boolean =>
  isUnavailable(error) ||
  (error instanceof Error && 'code' in error && /^(25|40|53|55|57|58|XX)/.test(String(error.code)));

export type Retrying = <T>(
  attempt: () => Promise<T>,
) => Promise<{ kind: 'done'; value: T } | { kind: 'stopped' }>;

export const createRetrying = (options: {
  signal: AbortSignal;
  random: () => number;
  log: Logger;
  failed: (error: unknown) => void;
}): Retrying => {
  const { signal, random, log, failed } = options;
  return async (attempt) => {
    for (let tries = 0; ; tries += 1) {
      try {
        return { kind: 'done', value: await attempt() };
      } catch (error) {
        if (!mayHeal(error)) throw error;
        if (signal.aborted) return { kind: 'stopped' };
        failed(error);
        log.warn({ error, tries }, 'a batch could not be stored; devices keep it, trying again');
        const capMs = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(tries, 10));
        await sleep(capMs * (0.5 + random() / 2), undefined, { signal }).catch(() => undefined);
      }
    }
  };
};
