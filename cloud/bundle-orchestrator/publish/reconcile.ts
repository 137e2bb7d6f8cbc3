/**
 * Finds out what the hub's bucket lost and has it published again. Postgres is the truth: another
 * bucket than before is refilled whole, one that lost its tail from there on, and at start every
 * key is compared.
 */
import type { Logger } from '@signalbeam/platform/logging/log';
import type { CloudConnection } from '@signalbeam/platform/nats/connect';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { forgetPublished, noteBucket, publishedKeys } from '../store/publishing.ts';
import { keyOf, listKeys, lookAtBucket, removeKey } from './bucket.ts';

type Parts = { cloud: CloudConnection; pool: Pool; log: Logger };

/** Cheap, so it runs every few seconds. Returns false while there is no bucket to publish to. */
export const checkBucket = async ({ cloud, pool, log }: Parts): Promise<boolean> => {
  const bucket = await lookAtBucket(cloud);
  if (bucket === null) return false;
  if (await noteBucket(pool, bucket.created)) {
    const devices = await forgetPublished(pool, 'all');
    if (devices > 0)
      log.warn({ devices }, 'the hub has a new bucket; publishing all records again');
    return true;
  }
  const devices = await forgetPublished(pool, { beyondRevision: bucket.lastRevision });
  if (devices > 0) log.warn({ devices }, 'the hub lost its newest records; publishing them again');
  return true;
};

/** Names that people could not have chosen: only these keys are a device's. */
const deviceKey = /\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Compares every key: for the start, when a hub may have been restored or tampered with. */
export const compareKeys = async ({ cloud, pool, log }: Parts): Promise<void> => {
  // The hub first: what is published while we look is then in neither list, and left alone.
  const there = await listKeys(cloud);
  const wanted = await publishedKeys(pool);
  for (const device of wanted) {
    if (there.has(keyOf(device))) continue;
    await forgetPublished(pool, device);
    log.warn({ deviceId: device.deviceId }, 'a record was missing on the hub; publishing it again');
  }
  const known = new Set(wanted.map(keyOf));
  for (const key of there) {
    if (known.has(key) || !deviceKey.test(key)) continue;
    await removeKey(cloud, key);
    log.info({ key }, 'removed the record of a device that is gone');
  }
};
