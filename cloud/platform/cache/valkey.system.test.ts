/** The cache over a real server: the common behaviour, and what happens without the server. */
import { randomUUID } from 'node:crypto';
import '@signalbeam/launcher/rig/provided';
import { describe, expect, inject, it } from 'vitest';
import { createLog } from '../logging/log.ts';
import { describeCache } from './cache.suite.ts';
import { openValkeyCache } from './valkey.ts';

const log = createLog({ name: 'test', level: 'silent' });
const now = () => performance.now();

describeCache('valkey', () =>
  openValkeyCache({ url: inject('redisUrl'), log, now, prefix: `test-${randomUUID()}:` }),
);

describe('valkey cache without its server', () => {
  it('answers as a miss, soon, and never throws', async () => {
    const cache = openValkeyCache({ url: 'redis://127.0.0.1:1', log, now });
    const start = performance.now();
    await cache.set('key', 'value', 1000);
    expect(await cache.get('key')).toBeNull();
    expect(await cache.increment('key', 1000)).toBe(0);
    expect(performance.now() - start).toBeLessThan(2_000);
    const later = performance.now();
    for (let count = 0; count < 100; count += 1) await cache.get('key');
    expect(performance.now() - later).toBeLessThan(200);
    await cache.close();
  });
});
