/**
 * Gives devices the present values of their secrets after one was made, rotated or deleted, or the
 * device came to another site: the same slots under the next generation. A device whose values did not
 * change restarts nothing. Every replica may; each batch takes its marks away in one transaction.
 */

import { holdKeys } from '@signalbeam/platform/keys/hold-keys';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { systemAuthor } from '@signalbeam/platform/postgres/tenant';
import { every } from '@signalbeam/platform/schedule/every';
import type { Platform } from '@signalbeam/platform/service';
import { changesOf, retrying, storeChanges } from '../desired/change.ts';
import { nextWindows } from '../desired/next-windows.ts';
import { lockTargets } from '../store/desired.ts';
import { forgetGiven, someStale, stillStale } from '../store/secrets-given.ts';

type Parts = Pick<Platform, 'pools' | 'keyring' | 'now' | 'log'> & { onChanged: () => void };

const lookEveryMs = 1_000;
const batch = 200;

const sealBatch = async (
  { pools, keyring, now }: Parts,
  tenantId: string,
  deviceIds: readonly string[],
): Promise<void> => {
  await retrying(pools.api, systemAuthor(tenantId), async (sql) => {
    const { director, kek } = await holdKeys(sql, keyring, tenantId);
    const targets = await lockTargets(sql, tenantId, deviceIds);
    // Asked under the locks: whoever held them before may have done it.
    const due = await stillStale(sql, tenantId, deviceIds);
    if (due.size === 0) return;
    const nowMs = now();
    // Those that the rollout named may be long over, and other values wait for them, too.
    const next = await nextWindows(sql, tenantId, targets, nowMs);
    const changes = changesOf(targets, (target) =>
      target.slots.length === 0 || !due.has(target.deviceId)
        ? { kind: 'unchanged' }
        : { kind: 'changed', slots: target.slots.map((slot) => next(target, slot)) },
    );
    await storeChanges(sql, changes, { tenantId, director, kek, nowMs });
    const done = changes.map(({ target }) => target.deviceId);
    // Of a device that is gone, or has nothing left to run.
    await forgetGiven(
      sql,
      tenantId,
      [...due].filter((id) => !done.includes(id)),
    );
    await writeAudit(sql, {
      ...systemAuthor(tenantId),
      action: 'desired.seal-again',
      target: `tenant:${tenantId}`,
      after: { devices: done },
    });
  });
};

/** Returns how many devices were given a new generation. A tenant whose turn fails holds up no other. */
export const sealAgain = async (parts: Parts): Promise<number> => {
  const failed: string[] = [];
  for (let total = 0; ; ) {
    const due = await someStale(parts.pools.system, batch, failed, parts.now());
    if (due === null) return total;
    const { tenantId, deviceIds } = due;
    try {
      await sealBatch(parts, tenantId, deviceIds);
    } catch (error) {
      parts.log.warn({ error, tenantId }, 'sealing secrets again failed; trying again');
      failed.push(tenantId);
      continue;
    }
    total += deviceIds.length;
    parts.onChanged();
  }
};

export const startSealingAgain = (parts: Parts): { stop: () => Promise<void> } =>
  every(
    lookEveryMs,
    () => sealAgain(parts),
    (error) => parts.log.warn({ error }, 'looking for secrets to seal again failed'),
  );
