/** Now and then gives up old uploads and deletes parts that nobody waits for. Every replica may. */

import { systemAuthor } from '@signalbeam/platform/postgres/tenant';
import { every } from '@signalbeam/platform/schedule/every';
import type { Platform } from '@signalbeam/platform/service';
import { expiredUploads, unawaitedParts } from '../store/uploads.ts';
import { closeUpload } from './upload-parts.ts';

const everyMs = 600_000;
const batch = 200;

export const sweepUploads = async (
  parts: Pick<Platform, 'pools' | 'staging' | 'now'>,
): Promise<void> => {
  const { pools, staging, now } = parts;
  for (const { tenantId, id } of await expiredUploads(pools.system, new Date(now()), batch)) {
    await closeUpload({ pool: pools.api }, systemAuthor(tenantId), id, 'expire');
  }
  const forget = async (digests: readonly string[]): Promise<void> => {
    for (const digest of await unawaitedParts(pools.system, digests)) await staging.delete(digest);
  };
  let some: string[] = [];
  for await (const { digest } of staging.list()) {
    some.push(digest);
    if (some.length < batch) continue;
    await forget(some);
    some = [];
  }
  if (some.length > 0) await forget(some);
};

export const startSweepingUploads = (
  parts: Pick<Platform, 'pools' | 'staging' | 'now' | 'log'>,
): { stop: () => Promise<void> } =>
  every(
    everyMs,
    () => sweepUploads(parts),
    (error) => parts.log.warn({ error }, 'sweeping uploads failed; trying again later'),
  );
