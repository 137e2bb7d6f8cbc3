/** What every cache does, run on each adapter. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cache } from './port.ts';

export const describeCache = (name: string, open: () => Promise<Cache> | Cache): void => {
  describe(`cache: ${name}`, () => {
    let cache: Cache;
    const key = (): string => `test:${randomUUID()}`;
    beforeAll(async () => {
      cache = await open();
    });
    afterAll(() => cache.close());

    it('misses what nobody set', async () => {
      expect(await cache.get(key())).toBeNull();
    });

    it('adds what is not there, and leaves what is', async () => {
      const [one, two] = [key(), key()];
      await cache.set(one, 'first', 60_000);
      await cache.add(one, 'second', 60_000);
      await cache.add(two, 'second', 60_000);
      expect([await cache.get(one), await cache.get(two)]).toEqual(['first', 'second']);
    });

    it('returns what was set, overwrites and deletes', async () => {
      const name = key();
      await cache.set(name, 'one', 60_000);
      expect(await cache.get(name)).toBe('one');
      await cache.set(name, 'two – ü', 60_000);
      expect(await cache.get(name)).toBe('two – ü');
      await cache.delete(name);
      expect(await cache.get(name)).toBeNull();
      await cache.delete(name);
    });

    it('keeps an empty text apart from a miss', async () => {
      const name = key();
      await cache.set(name, '', 60_000);
      expect(await cache.get(name)).toBe('');
    });

    it('forgets at its time', async () => {
      const name = key();
      await cache.set(name, 'soon gone', 60);
      await sleep(120);
      expect(await cache.get(name)).toBeNull();
    });

    it('counts, and the first increment sets the life of the counter', async () => {
      const name = key();
      expect(await cache.increment(name, 250)).toBe(1);
      await sleep(150);
      expect(await cache.increment(name, 60_000)).toBe(2);
      await sleep(150);
      expect(await cache.increment(name, 60_000)).toBe(1);
    });

    it('counts right when many count at once', async () => {
      const name = key();
      const counts = await Promise.all(
        Array.from({ length: 50 }, () => cache.increment(name, 60_000)),
      );
      expect(new Set(counts).size).toBe(50);
      expect(Math.max(...counts)).toBe(50);
    });
  });
};
