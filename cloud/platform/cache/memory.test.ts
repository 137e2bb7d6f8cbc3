/** The cache of one process: the common behaviour, and its bound. */
import { describe, expect, it } from 'vitest';
import { describeCache } from './cache.suite.ts';
import { createMemoryCache } from './memory.ts';

describeCache('memory', () => createMemoryCache({ now: () => performance.now() }));

describe('memory cache', () => {
  it('drops the least recently used entry beyond its bound', async () => {
    const cache = createMemoryCache({ now: () => 0, entriesMax: 2 });
    await cache.set('a', '1', 1000);
    await cache.set('b', '2', 1000);
    await cache.get('a');
    await cache.set('c', '3', 1000);
    expect(await cache.get('b')).toBeNull();
    expect(await cache.get('a')).toBe('1');
    expect(await cache.get('c')).toBe('3');
  });
});
