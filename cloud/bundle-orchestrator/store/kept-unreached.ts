/**
 * How many of those that large rollouts wait for are not heard of, as people look at it: kept for ten seconds in this
 * process, since to count them is to ask for the presence of each. What else a look shows is of that moment, and no
 * step hangs on this (../core/unreached.ts); of few devices it is counted at every look. Not for who is held to some sites.
 */
import { type CountUnreached, countUnreached, type Unreached } from './rollout-waves.ts';

const keptMs = 10_000;
/** Waited for by one rollout. */
const devicesMin = 1_000;
/** Rollouts; beyond it those go that were counted first. */
const rolloutsMax = 1_000;

type Kept = { atMs: number; unreached: readonly Unreached[] };

export const createKeptUnreached = (options: {
  now: () => number;
  devicesMin?: number;
}): CountUnreached => {
  const kept = new Map<string, Kept>();
  const least = options.devicesMin ?? devicesMin;
  const keyOf = (tenantId: string, id: string): string => `${tenantId} ${id}`;
  return async (sql, tenantId, waitedFor) => {
    const nowMs = options.now();
    const known: Unreached[] = [];
    const asked = new Map<string, number>();
    for (const [id, devices] of waitedFor) {
      const found = kept.get(keyOf(tenantId, id));
      if (devices < least || found === undefined || nowMs - found.atMs >= keptMs) {
        asked.set(id, devices);
      } else known.push(...found.unreached);
    }
    const counted = asked.size === 0 ? [] : await countUnreached(sql, tenantId, asked);
    for (const [id, devices] of asked) {
      const key = keyOf(tenantId, id);
      kept.delete(key);
      if (devices < least) continue;
      kept.set(key, { atMs: nowMs, unreached: counted.filter((one) => one.rollout_id === id) });
      const [oldest] = kept.keys();
      if (kept.size > rolloutsMax && oldest !== undefined) kept.delete(oldest);
    }
    return [...known, ...counted];
  };
};
