/**
 * Commits a batch, then lets the caller acknowledge it. A batch that Postgres refuses is halved until
 * the one frame at fault is alone: no frame can block the others. Where it is values of its that are refused,
 * its rows at fault are set aside and its lane goes on (./set-aside.ts). Where it is anything else, which no
 * device can help, the frame becomes a letter and its device is not acknowledged, so nothing is lost by that.
 */
import type { Logger } from '@signalbeam/platform/logging/log';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import type { Taken } from './batch.ts';
import { letterOfFrame } from './dead-letters.ts';
import type { EarlyRule } from './early.ts';
import type { Retrying } from './retry.ts';
import { isAboutContent, storeWithoutFaults } from './set-aside.ts';
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

const asLetter = async (
  only: Taken,
  error: unknown,
  options: CommitOptions,
  retrying: Retrying,
): Promise<boolean> => {
  options.log.error({ error }, 'the database refused a frame; it was set aside');
  const reason = error instanceof Error ? error.message : String(error);
  const { device } = only.frame;
  const frame = { kind: 'refused', code: 'not-storable', reason, device } as const;
  options.refused(frame.code);
  const letter = letterOfFrame(only.message, frame, options.now());
  const kept = await retrying(() => storeBatch(options.pool, [], [letter]));
  if (kept.kind === 'done') only.message.term();
  return kept.kind === 'done';
};

const setAside = async (
  only: Taken,
  error: unknown,
  options: CommitOptions,
  retrying: Retrying,
): Promise<boolean> => {
  if (!isAboutContent(error)) return asLetter(only, error, options, retrying);
  const store = async (part: Taken): Promise<Stored> => {
    const stored = await storeBatch(options.pool, [part], []);
    options.committed(stored);
    return { ...stored, ahead: new Set(stored.ahead.has(part) ? [only] : []) };
  };
  const sifted = await storeWithoutFaults(only, store, retrying);
  if (sifted === 'stopped') {
    only.message.nak();
    return false;
  }
  if ('refused' in sifted) return asLetter(only, sifted.refused, options, retrying);
  const { stored, aside } = sifted;
  options.log.error({ error, rows: aside }, 'the database refused rows of a frame; set aside');
  for (let row = 0; row < aside; row += 1) options.refused('row-not-storable');
  release([only], stored, options.early);
  return true;
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
