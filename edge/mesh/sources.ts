/**
 * Which packets are worth opening: each source that proved itself has a share of its own, all
 * others share one. A flood from addresses that nobody proved costs the members nothing, and what
 * is remembered of sources is bounded.
 */
import { createRateLimit } from './rate-limit.ts';

/** A member sends some 30 packets a second at most. */
const perSource = { burst: 300, perSecond: 150 };
/** A site of 200 that starts at once is proven within two seconds. */
const ofStrangers = { burst: 300, perSecond: 150 };
/** 200 members, each with a second address. */
const sourcesMax = 400;

export type Sources = {
  /** False when the source has used up its share. */
  admits(source: string, now: number): boolean;
  /** A packet from there was opened. */
  proved(source: string): void;
};

export const createSources = (): Sources => {
  const known = new Set<string>();
  const members = createRateLimit(perSource);
  const strangers = createRateLimit(ofStrangers);
  return {
    admits: (source, now) =>
      known.has(source) ? members.take(source, now) : strangers.take('all', now),
    proved: (source) => {
      // Heard last is kept longest.
      known.delete(source);
      known.add(source);
      if (known.size <= sourcesMax) return;
      for (const oldest of known) {
        known.delete(oldest);
        return;
      }
    },
  };
};
