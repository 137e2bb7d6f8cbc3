/**
 * What a service is given and what it gives back. Types only: `openPlatform` (./open.ts) makes the
 * one, each service's `createService` the other, and a composition root puts them together.
 */
import type { LinkSigner } from './blobs/links.ts';
import type { Blobs } from './blobs/port.ts';
import type { Aside } from './cache/aside.ts';
import type { Cache } from './cache/port.ts';
import type { Config } from './config.ts';
import type { Live } from './events/live.ts';
import type { Api, ApiOptions } from './http/app.ts';
import type { Metrics } from './http/metrics.ts';
import type { ServiceName } from './http/paths.ts';
import type { AttemptLog } from './identity/attempts.ts';
import type { Authority } from './keys/authority.ts';
import type { Kek } from './keys/kek.ts';
import type { Keyring } from './keys/keyring.ts';
import type { Logger } from './logging/log.ts';
import type { CloudConnection } from './nats/connect.ts';
import type { DesiredBucket } from './nats/desired.ts';
import type { StreamKeeper } from './nats/streams.ts';
import type { Pool } from './postgres/pool.ts';

export type Platform = {
  config: Config;
  log: Logger;
  now: () => number;
  /** One pool per role; see ./postgres/pool.ts for what each may see. */
  pools: { api: Pool; system: Pool; ingest: Pool };
  kek: Kek;
  keyring: Keyring;
  /** Signs device certificates. */
  authority: Authority;
  /** Notes how devices prove themselves; for tests that want it written at once. */
  attempts: Pick<AttemptLog, 'flush'>;
  cloud: CloudConnection;
  desired: DesiredBucket;
  /** `streams.onMade('KV_desired', refill)`: for who fills a stream that the hub lost. */
  streams: Pick<StreamKeeper, 'onMade'>;
  cache: Cache;
  /** Reads beside Postgres, where a cache is shared. */
  aside: Aside;
  blobs: Blobs;
  /** Parts of what is still being uploaded, apart from what somebody refers to. */
  staging: Blobs;
  /** Signs what anybody may open for a while who holds the link. */
  links: LinkSigner;
  metrics: Metrics;
  live: Live;
  /** Makes the hub know a tenant's account; call it once the tenant's keys are committed. */
  pushTenant: (tenantId: string) => Promise<void>;
  /** The hub forgets an account; for a tenant whose keys are gone. */
  removeAccount: (accountKey: string) => Promise<void>;
  /** An application that authenticates and answers errors as the house does. */
  createApi: (options?: Pick<ApiOptions, 'streamedPaths' | 'bodyBytesMax'>) => Api;
};

export type Service = {
  name: ServiceName;
  app: Api;
  /** Starts loops and consumers; routes already answer. */
  start: () => Promise<void>;
  /** Ends them; what was taken on is finished first. */
  stop: () => Promise<void>;
  /** What must answer for this service to be ready, by name. */
  checks?: Record<string, () => Promise<void>>;
  /** For `/readyz`: how it runs here, where that differs from one installation to the next. */
  details?: () => Record<string, string>;
};

export type CreateService = (platform: Platform) => Service;
