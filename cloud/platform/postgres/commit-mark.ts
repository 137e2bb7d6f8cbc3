/**
 * A statement of the request's own that goes into every transaction it commits, whichever handler
 * opens it. It ends with the request: a loop that was woken by one must not act in its name.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Sql } from './pool.ts';

export type CommitMark = (sql: Sql) => Promise<void>;

const marks = new AsyncLocalStorage<{ mark: CommitMark | null }>();

/** Runs `fn`; until it returns, transactions it opens run `mark` before they commit. */
export const withCommitMark = async <T>(mark: CommitMark, fn: () => Promise<T>): Promise<T> => {
  const held: { mark: CommitMark | null } = { mark };
  try {
    return await marks.run(held, fn);
  } finally {
    held.mark = null;
  }
};

/** For `transaction` alone: runs the mark of the request that this belongs to, if there is one. */
export const markCommit = async (sql: Sql): Promise<void> => {
  await marks.getStore()?.mark?.(sql);
};
