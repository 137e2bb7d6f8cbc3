/**
 * Many seeds on all processors: workers take the next seed as they finish one, until the range or
 * the time is over. What they found is added up here and told as figures.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { addUp, type Sometimes } from '../checks/sometimes.ts';
import type { FaultKind } from '../plan/kinds.ts';
import type { SeedResult } from './seed.ts';

export type BatchOptions = {
  from: number;
  /** Null: as far as the time reaches. */
  to: number | null;
  budgetMs: number | null;
  faults: readonly FaultKind[] | null;
  bug: string | null;
  eventsMin: number | null;
  /** Of each seed's time under faults, at least. */
  daysMin: number | null;
  /** Only these, instead of a range. */
  only?: readonly { seed: number; faults: readonly FaultKind[] | null; eventsMin?: number }[];
  /** Stops at the first seed that fails. */
  stopAtFailure: boolean;
  onFailure?: (failed: SeedResult) => void;
  /** After each seed. */
  onSeed?: (soFar: Pick<BatchResult, 'seeds' | 'events'>) => void;
  /** Begins no seed any more; those at work are finished and counted. */
  signal?: AbortSignal;
};

export type BatchResult = {
  seeds: number;
  events: number;
  rows: number;
  virtualMs: number;
  /** The same, for each device of each site. */
  deviceMs: number;
  tookMs: number;
  realCrypto: number;
  failures: SeedResult[];
  sometimes: Sometimes;
  /** The trace's hash of each seed. */
  hashes: Record<number, string>;
};

export type Job = Pick<BatchOptions, 'faults' | 'bug' | 'eventsMin' | 'daysMin'> & { seed: number };

const failuresMax = 20;
/** Nearly all that a seed makes is garbage a moment later: a larger nursery is emptied less often. */
const execArgv = [...process.execArgv, '--max-semi-space-size=32'];

export const runBatch = (options: BatchOptions): Promise<BatchResult> => {
  const began = performance.now();
  const total: BatchResult = {
    seeds: 0,
    events: 0,
    rows: 0,
    virtualMs: 0,
    deviceMs: 0,
    tookMs: 0,
    realCrypto: 0,
    failures: [],
    sometimes: {},
    hashes: {},
  };
  const { only } = options;
  let next = only === undefined ? options.from : 0;
  const last = only === undefined ? options.to : only.length - 1;
  const take = (): Job => {
    const { faults, bug, eventsMin, daysMin } = options;
    const job = { seed: next, faults, bug, eventsMin, daysMin, ...only?.[next] };
    next += 1;
    return job;
  };
  const over = (): boolean =>
    options.signal?.aborted === true ||
    (last !== null && next > last) ||
    (options.budgetMs !== null && performance.now() - began >= options.budgetMs) ||
    total.failures.length >= (options.stopAtFailure ? 1 : failuresMax);
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(join(import.meta.dirname, 'worker.ts'), { stdio: 'inherit', execArgv });
      const hand = (): void => {
        if (over()) return void child.disconnect();
        child.send(take());
      };
      child.on('message', (message) => {
        const result = message as SeedResult;
        total.seeds += 1;
        total.hashes[result.seed] = result.hash;
        total.events += result.events;
        total.rows += result.rows;
        total.virtualMs += result.virtualMs;
        total.deviceMs += result.virtualMs * result.devices;
        total.realCrypto += result.realCrypto ? 1 : 0;
        addUp(total.sometimes, result.sometimes);
        if (result.violation !== null) {
          total.failures.push(result);
          options.onFailure?.(result);
        }
        options.onSeed?.(total);
        hand();
      });
      child.once('error', reject);
      child.once('exit', (code) => {
        if (code === 0) resolve();
        else reject(new Error(`a worker of the simulation ended with code ${code}`));
      });
      hand();
    });
  const workers = Array.from({ length: availableParallelism() }, work);
  return Promise.all(workers).then(() => ({ ...total, tookMs: performance.now() - began }));
};
