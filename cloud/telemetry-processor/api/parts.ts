/** What the routes of this service are given. */
import type { Api } from '@signalbeam/platform/http/app';
import type { Caller } from '@signalbeam/platform/http/caller';
import { refusal } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import type { Platform } from '@signalbeam/platform/service';
import { retentionOf } from '../core/retention.ts';
import type { Directory } from '../ingest/directory.ts';
import type { LookedAt } from '../logs/looked-at.ts';
import type { Beat } from '../presence/heard.ts';
import { deviceExists } from '../store/reads.ts';
import { readRetention } from '../store/retention.ts';
import type { Watching } from '../stream/watching.ts';

export type Parts = Platform & {
  /** Set once the service started; heartbeats that this replica heard. */
  latestBeat: (deviceId: string) => Beat | undefined;
  watching: () => Watching | undefined;
  directory: () => Directory | undefined;
  lookedAt: LookedAt;
};
export type AddRoutes = (api: Api, parts: Parts) => void;

/** For how long charts of the caller's tenant find samples and hours. */
export const keptBy = async (sql: Sql, { tenantId }: Pick<Caller, 'tenantId'>) => {
  const { tier, chosen, minutesSince } = await readRetention(sql, tenantId);
  const { metricsDays: samplesDays, hoursDays } = retentionOf(tier, chosen);
  return { samplesDays, hoursDays, minutesSinceMs: minutesSince.getTime() };
};

export const noSuchDevice = () => refusal('not-found', 'There is no such device.');

/** A device asks about itself only; others are as good as not there. */
export const checkOwn = (caller: Caller, deviceId: string): void => {
  if (caller.kind === 'device' && caller.deviceId !== deviceId) throw noSuchDevice();
};

/** Reads about one device of the caller's tenant; 404 when the tenant has none of that id. */
export const readingDevice = <T>(
  parts: Parts,
  caller: Caller,
  deviceId: string,
  read: (sql: Sql) => Promise<T>,
): Promise<T> => {
  checkOwn(caller, deviceId);
  return withTenant(parts.pools.api, caller, async (sql) => {
    if (!(await deviceExists(sql, deviceId))) throw noSuchDevice();
    return read(sql);
  });
};
