/**
 * Lets devices that failed try again, some at a time: their rows become planned, and who is planned is told
 * in its turn (./tell.ts). Nothing is signed for it, and nothing of the devices themselves is held.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { countRetried, endRetry, nextToRetry, replanFailed } from '../store/rollout-retry.ts';
import type { LockedRollout } from '../store/rollouts.ts';

/** The next batch of a retry that was asked for. Returns who they are; fewer than `limit`: it is over. */
export const retrySome = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string },
  { retryAskedAt }: Pick<LockedRollout, 'retryAskedAt'>,
  limit: number,
): Promise<string[]> => {
  if (retryAskedAt === null) return [];
  const next = await nextToRetry(sql, where, retryAskedAt, limit);
  const ids = next.map(({ deviceId }) => deviceId);
  if (ids.length > 0) {
    await countRetried(sql, where, next);
    await replanFailed(sql, where, ids);
  }
  if (ids.length < limit) await endRetry(sql, where);
  return ids;
};
