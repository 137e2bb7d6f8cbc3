/**
 * Commits a batch, then lets the caller acknowledge it. A batch that Postgres refuses for its
 * content is halved until the one frame at fault is alone, which is then set aside: no frame can
 * block the others. Its device was not acknowledged, so nothing is lost by that.
 */
import type { Logger } from '@signalbeam/platform/logging/log';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import type { Taken } from './batch.ts';
import { letterOfFrame } from './dead-letters.ts';
import type { EarlyRule } from './early.ts';
import type { Retrying } from './retry.ts';
import type { DeadLetter } from './statements.ts';
import { type Stored, storeBatch } from './store.ts';

export type CommitOptions = {
  pool: Pool;
  now: () => number;
  log: Logger;
  refused: (code: string) => void;
  early: EarlyRule;
  /** Called after the commit and before the messages are acknowledged to the broker. */
  committed: (stored: Stored) => void;
};

const setAside = async (
  only: Taken,
  error: unknown,
  options: CommitOptions,
  retrying: Retrying,
): Promise<boolean> => {
  const code = 'not-storable';
  options.log.error({ error }, 'the database refused a frame; it was set aside');
  options.refused(code);
  const reason = error instanceof Error ? error.message : String(error);
  const frame = { kind: 'refused', code, reason, device: only.frame.device } as const;
  const letter = letterOfFrame(only.message, frame, options.now());
  const kept = await retrying(() => storeBatch(options.pool, [], [letter]));
  if (kept.kind === 'done') only.message.term();
  return kept.kind === 'done';
};

const release = (taken: readonly Taken[], stored: Stored, early: EarlyRule): void => {
  for (const each of taken) {
    const { message } = each;
    const waitMs = stored.ahead.has(each) ? early(message.info.deliveryCount) : null;
    if (waitMs === null) message.ack();
    else message.nak(waitMs);
  }
};

/** False when it was stopped before everything was committed. */
export const commitBatch = async (
  taken: readonly Taken[],
  letters: readonly DeadLetter[],
  options: CommitOptions,
  retrying: Retrying,
): Promise<boolean> => {
  if (taken.length === 0 && letters.length === 0) return true;
  try {
    const stored = await retrying(() => storeBatch(options.pool, taken, letters));
    if (stored.kind === 'stopped') {
      for (const { message } of taken) message.nak();
      return false;
    }
    options.committed(stored.value);
    release(taken, stored.value, options.early);
    return true;
  } catch (error) {
    const only = taken[0];
    if (only === undefined) throw error; // letters are ours: that they can't be stored is a bug
    if (taken.length === 1 && letters.length === 0) {
      return setAside(only, error, options, retrying);
    }
    const half = taken.length >> 1;
    const first = await commitBatch(taken.slice(0, half), letters, options, retrying);
    return (await commitBatch(taken.slice(half), [], options, retrying)) && first;
  }
};
