/** The cache of one process: least recently used goes first, entries die at their time. */
import type { Cache } from './port.ts';

const memoryEntriesMax = 10_000;

type Entry = { value: string; expiresAtMs: number };

export const createMemoryCache = (options: { now: () => number; entriesMax?: number }): Cache => {
  const { now } = options;
  const entriesMax = options.entriesMax ?? memoryEntriesMax;
  // A Map keeps insertion order; re-inserting on use makes its first key the least recently used.
  const entries = new Map<string, Entry>();
  const read = (key: string): Entry | null => {
    const entry = entries.get(key);
    if (entry === undefined) return null;
    entries.delete(key);
    if (entry.expiresAtMs <= now()) return null;
    entries.set(key, entry);
    return entry;
  };
  const write = (key: string, entry: Entry): void => {
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size <= entriesMax) return;
    const oldest = entries.keys().next();
    if (!oldest.done) entries.delete(oldest.value);
  };
  return {
    get: async (key) => read(key)?.value ?? null,
    set: async (key, value, ttlMs) => {
      write(key, { value, expiresAtMs: now() + ttlMs });
      return true;
    },
    add: async (key, value, ttlMs) => {
      if (read(key) === null) write(key, { value, expiresAtMs: now() + ttlMs });
    },
    delete: async (key) => {
      entries.delete(key);
    },
    increment: async (key, ttlMs) => {
      const entry = read(key);
      const count = Number(entry?.value ?? 0) + 1;
      write(key, { value: String(count), expiresAtMs: entry?.expiresAtMs ?? now() + ttlMs });
      return count;
    },
    close: async () => entries.clear(),
  };
};
