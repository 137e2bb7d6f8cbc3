/**
 * Now and then deletes blobs that belong to no image: what an upload stored that failed before its rows.
 * Only what was stored more than thirty days ago is asked about: a Postgres that came from an older backup does not
 * know the images uploaded since, which devices still fetch. Every replica may, also while others upload:
 * the last look and the deleting hold a lock that an upload shares while it writes its rows and looks
 * once more whether its blobs are there (./upload.ts), so no image ever lacks one.
 */

import { transaction } from '@signalbeam/platform/postgres/transaction';
import { every } from '@signalbeam/platform/schedule/every';
import type { Platform } from '@signalbeam/platform/service';
import { holdBlobsAlone, unownedBlobs } from '../store/artifacts.ts';

const everyMs = 3_600_000;
export const orphanMs = 30 * 24 * 3_600_000;
const askedAtOnce = 500;
/** Uploads wait for one batch at most. */
const deletedAtOnce = 20;

type Parts = Pick<Platform, 'pools' | 'blobs' | 'now'>;

const deleteUnowned = ({ pools, blobs }: Parts, digests: readonly string[]): Promise<number> =>
  transaction(pools.system, async (sql) => {
    await holdBlobsAlone(sql);
    const unowned = await unownedBlobs(sql, digests);
    await Promise.all(unowned.map((digest) => blobs.delete(digest)));
    return unowned.length;
  });

/** Answers how many it deleted. */
export const sweepBlobs = async (parts: Parts): Promise<number> => {
  const before = parts.now() - orphanMs;
  let deleted = 0;
  const look = async (digests: readonly string[]): Promise<void> => {
    const unowned = await unownedBlobs(parts.pools.system, digests);
    for (let start = 0; start < unowned.length; start += deletedAtOnce) {
      deleted += await deleteUnowned(parts, unowned.slice(start, start + deletedAtOnce));
    }
  };
  let some: string[] = [];
  for await (const { digest, storedAtMs } of parts.blobs.list()) {
    if (storedAtMs > before) continue;
    some.push(digest);
    if (some.length < askedAtOnce) continue;
    await look(some);
    some = [];
  }
  if (some.length > 0) await look(some);
  return deleted;
};

export const startSweepingBlobs = (
  parts: Parts & Pick<Platform, 'log'>,
): { stop: () => Promise<void> } =>
  every(
    everyMs,
    async () => {
      const blobs = await sweepBlobs(parts);
      if (blobs > 0) parts.log.info({ blobs }, 'blobs that belonged to no image were deleted');
    },
    (error) => parts.log.warn({ error }, 'sweeping blobs failed; trying again later'),
  );
