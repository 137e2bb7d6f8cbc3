/**
 * Queue → decode → store → acknowledge. While one batch commits the next is decoded, and it grows
 * until the store is free: small and fast when idle, large when busy. A failed commit is tried
 * again with the same frames until it works or the pipeline stops; nothing is acknowledged before.
 */
import type { Logger } from '@signalbeam/platform/logging/log';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import {
  type Batch,
  emptyBatch,
  type FillOptions,
  fillBatch,
  type IngestMessage,
  isFull,
} from './batch.ts';
import { type CommitOptions, commitBatch } from './commit.ts';
import { createLetterBudget } from './dead-letters.ts';
import type { Directory } from './directory.ts';
import { createEarlyRule } from './early.ts';
import type { Outlet } from './queue.ts';
import { createRetrying, type Retrying } from './retry.ts';
import type { Stored } from './store.ts';

export type PipelineOptions = {
  pool: Pool;
  directory: Directory;
  queue: Outlet<IngestMessage>;
  now: () => number;
  /** In [0, 1); spreads retries. */
  random: () => number;
  log: Logger;
  /** Called after the commit and before the messages are acknowledged to the broker. */
  committed: (stored: Stored) => void;
  /** For counters: a message that was not taken, and an attempt to store that failed. */
  refused: (code: string) => void;
  failed: (error: unknown) => void;
};

export type Pipeline = { stop: () => Promise<void> };

const giveBack = ({ taken, refused }: Batch): void => {
  for (const { message } of taken) message.nak();
  for (const message of refused) message.nak();
};

const run = async (
  filling: FillOptions,
  committing: CommitOptions,
  retrying: Retrying,
  signal: AbortSignal,
): Promise<void> => {
  const { queue } = filling;
  let storing: Promise<void> | undefined;
  while (!signal.aborted) {
    const batch = emptyBatch();
    await queue.filled();
    await fillBatch(batch, filling, retrying);
    // The store is busy: what arrives meanwhile joins this batch.
    while (storing !== undefined && !isFull(batch) && !signal.aborted) {
      await Promise.race([storing, queue.filled()]);
      await fillBatch(batch, filling, retrying);
    }
    await storing;
    if (signal.aborted) return giveBack(batch);
    const current: Promise<void> = commitBatch(batch.taken, batch.letters, committing, retrying)
      .then((all) => {
        for (const message of batch.refused) all ? message.term() : message.nak();
      })
      .finally(() => {
        if (storing === current) storing = undefined;
      });
    storing = current;
  }
  await storing;
};

export const startPipeline = (options: PipelineOptions): Pipeline => {
  const { queue, log, refused } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const retrying = createRetrying({ ...options, signal });
  const committing = { ...options, early: createEarlyRule(options.now) };
  const filling = { ...options, mayKeep: createLetterBudget(), refused };
  const running = run(filling, committing, retrying, signal).catch((error) => {
    // Whatever escapes is a bug: the process ends rather than go on half alive.
    log.fatal({ error }, 'ingest stopped by a bug');
    setImmediate(() => {
      throw error;
    });
  });
  return {
    stop: async () => {
      stopping.abort();
      queue.close();
      await running;
      // Whoever pulls next gets them at once, in order, instead of after the broker's wait.
      for (const message of queue.take(Number.MAX_SAFE_INTEGER)) message.nak();
    },
  };
};
