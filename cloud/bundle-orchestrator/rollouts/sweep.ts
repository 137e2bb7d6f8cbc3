/**
 * What time does to rollouts: a start, a soak's end, a window that opens, room for the next devices. It
 * costs what is due, however many rollouts there are; what a lost event left behind is due once an hour.
 * A rollout with many to tell takes turns with the others: some batches each.
 */

import type { Subscription } from '@signalbeam/platform/events/subscribe';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { every } from '@signalbeam/platform/schedule/every';
import type { Platform } from '@signalbeam/platform/service';
import type { Workshop } from '../desired/workshop.ts';
import { type DueRollout, dueRollouts, lockRollout } from '../store/rollouts.ts';
import { type Advanced, type AdvanceScope, advanceRollout } from './advance.ts';
import { takeJoiners } from './join.ts';
import { keepOutlook } from './pace.ts';
import { tellFreed, tellRollout } from './tell.ts';

export type SweepParts = Pick<Platform, 'cloud' | 'pools' | 'keyring' | 'log' | 'now'> & {
  onChanged: () => void;
};

/** Looked at in one go; more are still due a moment later. */
const dueAtOnceMax = 500;
/** What is due is seen within this. */
const clockMs = 1_000;
/** Before the next rollout has its turn. */
const batchesPerTurnMax = 4;

type Swept = Omit<SweepParts, 'cloud'>;
type Where = { tenantId: string; rolloutId: string };

export const workshopOf = ({ pools, keyring, now, onChanged }: Swept): Workshop => ({
  ...{ pool: pools.api, keyring, now, onChanged },
});

/** Moves what can be moved, then tells the first of whomever that concerns. */
export const moveOn = async (
  parts: Swept,
  where: Where,
  scope: AdvanceScope,
): Promise<Advanced> => {
  const advanced = await transaction(parts.pools.system, (sql) =>
    advanceRollout(sql, { ...where, nowMs: parts.now() }, scope),
  );
  if (advanced.goesOn && advanced.steps.length > 0) await tellRollout(workshopOf(parts), where);
  await tellFreed(workshopOf(parts), where, advanced.moves);
  return advanced;
};

/**
 * Moves what time alone moves, tells whom it now can, and keeps when to look again. Where nobody was due
 * to be told and nothing moved, the first of these is all. True: more are to be told at once.
 */
const lookAt = async (parts: Swept, { isToTell, ...where }: DueRollout): Promise<boolean> => {
  const { isLook, steps } = await moveOn(parts, where, 'none');
  if (isLook) await takeJoiners(workshopOf(parts), where, null);
  if (!isLook && !isToTell && steps.length === 0) return false;
  const isMore = await tellRollout(workshopOf(parts), where, { batchesMax: batchesPerTurnMax });
  await transaction(parts.pools.system, async (sql) => {
    const rollout = await lockRollout(sql, where.tenantId, where.rolloutId);
    if (rollout === null) return;
    await keepOutlook(sql, { tenantId: where.tenantId, nowMs: parts.now() }, rollout);
  });
  return isMore;
};

/** One turn for each that is due. True: some have more to tell, so another turn is worth it at once. */
export const sweepDue = async (parts: Swept, isStopped = () => false): Promise<boolean> => {
  let isMore = false;
  for (const rollout of await dueRollouts(parts.pools.system, parts.now(), dueAtOnceMax)) {
    if (isStopped()) return false;
    isMore =
      (await lookAt(parts, rollout).catch((error) => {
        parts.log.warn({ error, ...rollout }, 'looking at a rollout failed; trying again');
        return false;
      })) || isMore;
  }
  return isMore;
};

export const startSweep = (parts: Swept): Subscription => {
  let stopped = false;
  const looking = every(
    clockMs,
    async () => {
      while (await sweepDue(parts, () => stopped));
    },
    (error) => parts.log.warn({ error }, 'looking at the rollouts failed; trying again'),
  );
  return {
    stop: async () => {
      stopped = true;
      await looking.stop();
    },
  };
};
