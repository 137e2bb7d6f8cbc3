/**
 * Opens everything a service needs, in the order of need: database up to date, keys, hub, streams,
 * outbox, caches, blobs. The only maker of a `Platform`; a composition root calls it once.
 */
import { join } from 'node:path';
import { openFolderBlobs } from './blobs/folder.ts';
import { createLinkSigner } from './blobs/links.ts';
import { createAside } from './cache/aside.ts';
import { createMemoryCache } from './cache/memory.ts';
import type { Config } from './config.ts';
import { deletedAccounts } from './erase/journal.ts';
import { startLive } from './events/live.ts';
import { startEventPublisher } from './events/publisher.ts';
import { createApi } from './http/app.ts';
import { createAuthenticator } from './http/authenticate.ts';
import { createIdempotency } from './http/idempotency.ts';
import { createMetrics } from './http/metrics.ts';
import { limitRate } from './http/rate-limit.ts';
import { startAttemptLog } from './identity/attempts.ts';
import { createDeviceLookups } from './identity/devices.ts';
import { createServiceTokenLookup } from './identity/service-accounts.ts';
import { createSessionLookup } from './identity/sessions.ts';
import { openAuthority } from './keys/authority.ts';
import { openKeyring } from './keys/keyring.ts';
import { openKeys } from './keys/open-keys.ts';
import type { Logger } from './logging/log.ts';
import { connectCloud } from './nats/connect.ts';
import { openDesiredBucket } from './nats/desired.ts';
import { startAccountPusher } from './nats/push-accounts.ts';
import { createRevocationLookup } from './nats/revocations.ts';
import { keepStreams } from './nats/streams.ts';
import { sweepIdempotencyKeys } from './postgres/idempotency-keys.ts';
import { openPool, type PostgresRole } from './postgres/pool.ts';
import type { Platform } from './service.ts';

export type OpenedPlatform = Platform & {
  /** What must answer for this process to be ready. */
  checks: Record<string, () => Promise<void>>;
  close: () => Promise<void>;
};

export type OpenOptions = { config: Config; log: Logger; name: string; now?: () => number };

const openPools = (options: OpenOptions) => {
  const { config, log, name } = options;
  const open = (role: PostgresRole) =>
    openPool({
      url: config.databaseUrl,
      role,
      max: config.poolMax,
      applicationName: `${name}-${role}`,
      onError: (error) => log.warn({ error, role }, 'an idle database connection broke'),
    });
  return { api: open('sb_api'), system: open('sb_system'), ingest: open('sb_ingest') };
};

/** The clients of a cache and of a blob store that are not used here are not loaded either. */
const openCache = async ({ config, log }: OpenOptions, now: () => number) => {
  if (config.redisUrl === null) return createMemoryCache({ now });
  const { openValkeyCache } = await import('./cache/valkey.ts');
  return openValkeyCache({ url: config.redisUrl, log, now });
};

const openBlobs = async ({ config }: OpenOptions) => {
  const { azureConnectionString: connectionString, blobDir } = config;
  if (connectionString === null)
    return {
      blobs: await openFolderBlobs(blobDir),
      staging: await openFolderBlobs(join(blobDir, 'staging')),
    };
  const { openAzureBlobs } = await import('./blobs/azure.ts');
  return {
    blobs: await openAzureBlobs({ connectionString }),
    staging: await openAzureBlobs({ connectionString, container: 'signalbeam-staging' }),
  };
};

const openStores = async (options: OpenOptions, now: () => number) => ({
  cache: await openCache(options, now),
  ...(await openBlobs(options)),
});

const openHub = async (options: OpenOptions, pools: Platform['pools'], kek: Platform['kek']) => {
  const { config, log, name } = options;
  const keyring = await openKeyring(pools.system, kek);
  const revocations = createRevocationLookup(pools.system);
  const pusher = await startAccountPusher({
    ...{ url: config.natsUrl, keyring, revocations, log },
    deletedAccounts: () => deletedAccounts(pools.system),
  });
  const cloud = await connectCloud({ url: config.natsUrl, keyring, name, log });
  const streams = keepStreams({ cloud, log, replicas: config.streamReplicas });
  const made = await streams.check();
  const publisher = startEventPublisher({
    pool: pools.system,
    databaseUrl: config.databaseUrl,
    js: cloud.js,
    log,
  });
  const republish = (): void => {
    publisher.republish().catch((error) => log.warn({ error }, 'events could not be sent again'));
  };
  if (made.includes('EVENTS')) republish();
  streams.onMade('EVENTS', republish);
  return { keyring, pusher, cloud, streams, publisher };
};

/** What every process tells of what it does beside requests. */
const measurePlatform = ({
  metrics,
  pools,
  live,
}: Pick<Platform, 'metrics' | 'pools' | 'live'>) => {
  metrics.counted(
    'signalbeam_domain_events',
    'Domain events not yet published',
    'state',
    async () => {
      const { rows } = await pools.system.query<{ count: number }>(
        'SELECT count(*) FROM platform.domain_events WHERE published_at IS NULL',
      );
      return { waiting: rows[0]?.count ?? 0 };
    },
  );
  metrics.counted(
    'signalbeam_live_streams',
    'Live streams that are open here',
    'state',
    async () => ({
      open: live.clients(),
    }),
  );
};

type Hub = Awaited<ReturnType<typeof openHub>>;

/** Pushes now, or leaves it to the pusher's loop: creating a tenant does not fail for the hub. */
const pushTenant =
  ({ pusher }: Hub, log: Logger) =>
  (tenantId: string): Promise<void> =>
    pusher.pushTenant(tenantId).catch((error) => {
      log.warn({ error, tenantId }, "the tenant's account is pushed as soon as the hub answers");
    });

export const openPlatform = async (options: OpenOptions): Promise<OpenedPlatform> => {
  const { config, log } = options;
  const now = options.now ?? Date.now;
  const { kek, migrations } = await openKeys(config);
  if (migrations.length > 0) log.info({ migrations }, 'brought the database up to date');
  const pools = openPools(options);
  const hub = await openHub(options, pools, kek);
  const { keyring, cloud } = hub;
  const links = createLinkSigner(kek.derive('signalbeam download links 1'));
  const stores = await openStores(options, now);
  const metrics = createMetrics();
  const reads = metrics.counter('signalbeam_cache_reads_total', 'Reads beside Postgres', [
    'kind',
    'outcome',
  ]);
  const cache = config.redisUrl === null ? null : stores.cache;
  const aside = createAside({ cache, count: (kind, outcome) => reads.inc({ kind, outcome }) });
  const live = startLive({ connection: cloud.connection, log, now });
  const { system } = pools;
  const authority = await openAuthority(system, kek, now());
  const attempts = startAttemptLog({ pool: system, log, now });
  const authenticate = createAuthenticator({
    userKeys: [keyring.users],
    devices: createDeviceLookups(pools.system),
    sessions: createSessionLookup(pools.system),
    serviceTokens: createServiceTokenLookup(pools.system),
    publicUrl: config.publicUrl,
    trustedProxy: config.trustedProxy,
    note: attempts.note,
    now,
  });
  measurePlatform({ metrics, pools, live });
  const manners = {
    log,
    authenticate,
    measure: metrics.measure,
    trustedProxy: config.trustedProxy,
    limitRate: limitRate({
      limits: config.rateLimits,
      cache: stores.cache,
      ...{ local: createMemoryCache({ now }), now },
    }),
    idempotency: createIdempotency({ system, kek, now }),
  };
  const sweep = sweepIdempotencyKeys({ system, log, now });
  return {
    config,
    log,
    now,
    pools,
    kek,
    keyring,
    ...{ authority, attempts, cloud },
    ...{ ...stores, links },
    aside,
    metrics,
    live,
    desired: openDesiredBucket(cloud),
    streams: hub.streams,
    ...{ pushTenant: pushTenant(hub, log), removeAccount: hub.pusher.removeAccount },
    createApi: (more = {}) => createApi({ ...manners, ...more }),
    checks: {
      database: async () => void (await pools.api.query('SELECT 1')),
      hub: async () => void (await cloud.connection.flush()),
    },
    close: async () => {
      live.stop();
      sweep.stop();
      await attempts.stop();
      hub.streams.stop();
      await hub.publisher.stop();
      await hub.pusher.stop();
      await cloud.close();
      await stores.cache.close();
      await Promise.all(Object.values(pools).map((pool) => pool.end()));
    },
  };
};
