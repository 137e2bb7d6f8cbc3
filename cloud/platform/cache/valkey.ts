/**
 * The cache over Valkey or Redis. Every call has a deadline and no queue forms while the server is
 * away: a request is never slower than Postgres alone plus that deadline, and never fails for it.
 */
import { Redis } from 'ioredis';
import type { Logger } from '../logging/log.ts';
import type { Cache } from './port.ts';

const deadlineMs = 100;
/** After a failure the cache is left alone for a moment, so that requests do not each wait. */
const restMs = 1_000;

// One round trip; the time to live is set by whoever counts first and by nobody after.
const incrementScript = `local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return n`;

export const openValkeyCache = (options: {
  url: string;
  log: Logger;
  now: () => number;
  /** In front of every key, where several systems share a server. */
  prefix?: string;
}): Cache => {
  const { log, now } = options;
  const client = new Redis(options.url, {
    connectTimeout: 2_000,
    commandTimeout: deadlineMs,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(attempt * 200, 5_000),
    keyPrefix: options.prefix ?? 'signalbeam:',
  });
  let restUntilMs = 0;
  let failing = false;
  const failed = (error: unknown): void => {
    restUntilMs = now() + restMs;
    if (!failing) log.warn({ error }, 'the cache does not answer; going on without it');
    failing = true;
  };
  client.on('error', failed);
  const attempt = async <T>(otherwise: T, command: () => Promise<T>): Promise<T> => {
    if (now() < restUntilMs) return otherwise;
    try {
      const result = await command();
      if (failing) log.info('the cache answers again');
      failing = false;
      return result;
    } catch (error) {
      failed(error);
      return otherwise;
    }
  };
  // Until the first connection stands a command would be refused at once; give it its deadline.
  const ready = new Promise<void>((resolve) => {
    client.once('ready', resolve);
    setTimeout(resolve, deadlineMs * 5).unref();
  });
  return {
    get: (key) => ready.then(() => attempt(null, () => client.get(key))),
    set: async (key, value, ttlMs) => {
      await ready;
      const done = await attempt(null, () => client.set(key, value, 'PX', Math.max(1, ttlMs)));
      return done !== null;
    },
    add: async (key, value, ttlMs) => {
      await ready;
      await attempt<unknown>(null, () => client.set(key, value, 'PX', Math.max(1, ttlMs), 'NX'));
    },
    delete: async (key) => {
      await ready;
      await attempt<unknown>(null, () => client.del(key));
    },
    increment: async (key, ttlMs) => {
      await ready;
      return attempt(0, async () =>
        Number(await client.eval(incrementScript, 1, key, Math.max(1, ttlMs))),
      );
    },
    close: async () => client.disconnect(),
  };
};
