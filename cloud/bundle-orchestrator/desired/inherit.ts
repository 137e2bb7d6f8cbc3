/**
 * Hands a replaced device's desired state to the one that takes its place: the same slots, under a
 * generation above whatever either ever had. Bears repeats.
 */
import { holdKeys } from '@signalbeam/platform/keys/hold-keys';
import type { Keyring } from '@signalbeam/platform/keys/keyring';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { systemAuthor } from '@signalbeam/platform/postgres/tenant';
import { withoutWindows } from '../core/slots.ts';
import { desiredOf, lockTargets } from '../store/desired.ts';
import { nextGenerationOf, retrying, storeChanges } from './change.ts';

type Parts = { pools: { api: Pool }; keyring: Keyring; now: () => number };

/** Returns whether anything was handed over. */
export const inheritDesired = (
  { pools, keyring, now }: Parts,
  tenantId: string,
  place: { deviceId: string; replaced: string },
): Promise<boolean> =>
  retrying(pools.api, systemAuthor(tenantId), async (sql) => {
    const { director, kek } = await holdKeys(sql, keyring, tenantId);
    const [target] = await lockTargets(sql, tenantId, [place.deviceId]);
    const left = await desiredOf(sql, tenantId, place.replaced);
    if (target === undefined || left === null || target.generation > left.generation) return false;
    const generation = Math.max(nextGenerationOf(target), left.generation + 1);
    const slots = left.slots.map((slot) => ({
      ...withoutWindows(slot),
      rolloutId: null,
      requestedGeneration: generation,
    }));
    await storeChanges(sql, [{ target, slots, generation }], {
      tenantId,
      director,
      kek,
      nowMs: now(),
    });
    await writeAudit(sql, {
      ...systemAuthor(tenantId),
      action: 'device.inherit',
      target: `device:${place.deviceId}`,
      after: { replaced: place.replaced, generation },
    });
    return true;
  });
