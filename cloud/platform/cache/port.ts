/**
 * A cache beside Postgres: correct and merely slower without it. No method throws and none waits
 * long; a failing cache is a miss. Never the only place of anything.
 */
export type Cache = {
  get: (key: string) => Promise<string | null>;
  /** Whether it was set: a cache that is away has kept what it had. */
  set: (key: string, value: string, ttlMs: number) => Promise<boolean>;
  /** Sets it unless something is there. */
  add: (key: string, value: string, ttlMs: number) => Promise<void>;
  delete: (key: string) => Promise<void>;
  /** Adds one and returns the count; the first sets the life of the counter. 0 when unavailable. */
  increment: (key: string, ttlMs: number) => Promise<number>;
  close: () => Promise<void>;
};
