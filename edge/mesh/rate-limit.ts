/**
 * A token bucket per name: so many at once, so many a second. How many names it remembers is
 * limited too: those that are full again are forgotten first, and strangers share what is left.
 */
type Bucket = { tokens: number; at: number };

export type RateLimit = { take(name: string, now: number, cost?: number): boolean };

const namesMax = 512;

export const createRateLimit = (limit: { burst: number; perSecond: number }): RateLimit => {
  const buckets = new Map<string, Bucket>();
  const filled = ({ tokens, at }: Bucket, now: number): number =>
    Math.min(limit.burst, tokens + (Math.max(0, now - at) / 1_000) * limit.perSecond);
  return {
    take: (name, now, cost = 1) => {
      const bucket = buckets.get(name);
      if (bucket === undefined && buckets.size >= namesMax) {
        for (const [other, held] of buckets) {
          if (filled(held, now) >= limit.burst) buckets.delete(other);
        }
        if (buckets.size >= namesMax) return false;
      }
      const tokens = bucket === undefined ? limit.burst : filled(bucket, now);
      if (tokens < cost) return false;
      if (bucket === undefined) {
        buckets.set(name, { tokens: tokens - cost, at: now });
        return true;
      }
      bucket.tokens = tokens - cost;
      bucket.at = now;
      return true;
    },
  };
};
