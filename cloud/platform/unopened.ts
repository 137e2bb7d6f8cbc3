/**
 * A platform of which nothing is open: services can be put together on it and described, without a
 * database, a hub or a secret. Whatever a service does beyond that fails by the name of what it
 * reached for. For making the API's document where no cloud runs.
 */
import { readConfig } from './config.ts';
import { createApi } from './http/app.ts';
import { createMetrics } from './http/metrics.ts';
import { createLog } from './logging/log.ts';
import type { Platform } from './service.ts';

/** Anything may be named in it, nothing may be called. */
const unopened = <T>(name: string): T =>
  new Proxy(() => undefined, {
    get: (_, key) => (typeof key === 'symbol' ? undefined : unopened(`${name}.${key}`)),
    apply: () => {
      throw new Error(`${name} is not open: this platform only describes services.`);
    },
  }) as T;

export const unopenedPlatform = (): Platform => {
  const config = readConfig({
    DATABASE_URL: 'postgres://unopened.invalid/none',
    NATS_URL: 'nats://unopened.invalid',
    SIGNALBEAM_KEK_FILE: 'unopened',
  });
  const log = createLog({ name: 'describe', level: 'error' });
  const pool = (role: string) => unopened<Platform['pools']['api']>(`the pool of ${role}`);
  return {
    config,
    log,
    now: unopened('the clock'),
    pools: { api: pool('sb_api'), system: pool('sb_system'), ingest: pool('sb_ingest') },
    kek: unopened('the key-encryption key'),
    keyring: unopened('the keyring'),
    authority: unopened('the certificate authority'),
    attempts: unopened('the log of attempts'),
    cloud: unopened('the hub'),
    desired: unopened('the bucket'),
    streams: { onMade: () => undefined },
    cache: unopened('the cache'),
    aside: unopened('the cache'),
    blobs: unopened('the blobs'),
    links: unopened('the links'),
    staging: unopened('the blobs'),
    metrics: createMetrics(),
    live: unopened('the live events'),
    pushTenant: unopened('the hub'),
    removeAccount: unopened('the hub'),
    // Whoever describes must know what is there: an operation says so when it takes a key.
    createApi: (more = {}) =>
      createApi({
        log,
        authenticate: unopened('sign-in'),
        idempotency: unopened('the table of keys'),
        ...more,
      }),
  };
};
