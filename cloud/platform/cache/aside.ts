/**
 * Reading beside Postgres: an answer that was kept, or one that is read and kept. Only in a cache
 * that all replicas share: one that a process has for itself would not hear of another's changes.
 * `forget` leaves a mark for a moment, so that who read before a change can't keep it after; where
 * the cache does not take it, this replica reads past it and tries again until what was kept is dead.
 */
import { z } from 'zod';
import type { Cache } from './port.ts';

/** Longer than a read may take from Postgres to here. */
const markMs = 5_000;
const mark = '';
const valueBytesMax = 256 * 1024;
const againMs = 1_000;
/** Beyond it the oldest are given up to their life in the cache. */
const unmarkedMax = 10_000;

const lives = { bundle: 10 * 60_000, rollout: 10_000 } as const;
export type Kept = keyof typeof lives;

export type Aside = {
  /** `load` answers null for what is not there, which is not kept. */
  read: <T>(
    of: { kind: Kept; id: string; tenantId: string; schema: z.ZodType<T> },
    load: () => Promise<T | null>,
  ) => Promise<T | null>;
  /** Call it once the change is committed. */
  forget: (kind: Kept, id: string) => Promise<void>;
};

export const createAside = (options: {
  /** Null without one that is shared. */
  cache: Pick<Cache, 'get' | 'set' | 'add'> | null;
  count?: (kind: Kept, outcome: 'hit' | 'miss') => void;
}): Aside => {
  const { cache, count } = options;
  if (cache === null) return { read: (_, load) => load(), forget: async () => {} };
  /** What could not be marked, with the tries that are left. */
  const unmarked = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  const markKey = async (key: string, tries: number): Promise<void> => {
    // First of all: from now on this replica reads past it.
    unmarked.set(key, tries - 1);
    if ((await cache.set(key, mark, markMs)) || tries <= 1) unmarked.delete(key);
    const oldest = unmarked.keys().next();
    if (unmarked.size > unmarkedMax && !oldest.done) unmarked.delete(oldest.value);
    if (unmarked.size === 0 || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      for (const [each, left] of [...unmarked]) void markKey(each, left);
    }, againMs).unref();
  };
  return {
    read: async ({ kind, id, tenantId, schema }, load) => {
      const key = `${kind}:${id}`;
      const text = unmarked.has(key) ? null : await cache.get(key);
      // Another tenant's is none: Postgres then says what there is for this one.
      const kept = z.strictObject({ tenantId: z.literal(tenantId), value: schema });
      const known = text === null || text === mark ? null : kept.safeParse(parse(text));
      if (known?.success === true) {
        count?.(kind, 'hit');
        return known.data.value;
      }
      count?.(kind, 'miss');
      const value = await load();
      if (value === null) return null;
      const fresh = JSON.stringify({ tenantId, value });
      const mayKeep = !unmarked.has(key) && Buffer.byteLength(fresh) <= valueBytesMax;
      if (mayKeep) await cache.add(key, fresh, lives[kind]);
      return value;
    },
    forget: (kind, id) => markKey(`${kind}:${id}`, lives[kind] / againMs),
  };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
