/** The sessions of this replica, so that all of them end with it, and what each one was. */
import type { WatchEnd } from '../core/log-watch.ts';

type Open = { close: (reason: WatchEnd) => void; ended: Promise<void> };

export type LookedAt = {
  add: (open: Open) => void;
  /** Ends all; resolves when their ends are written down. */
  stop: () => Promise<void>;
};

export const createLookedAt = (): LookedAt => {
  const all = new Set<Open>();
  return {
    add: (open) => {
      all.add(open);
      void open.ended.finally(() => all.delete(open));
    },
    stop: async () => {
      const ending = [...all];
      for (const each of ending) each.close('restarting');
      await Promise.all(ending.map(({ ended }) => ended));
    },
  };
};
