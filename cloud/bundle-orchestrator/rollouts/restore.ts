/**
 * Puts back what devices had before a rollout, where it is still the rollout's version that is wanted.
 * They are at work until they say that they are done: what was told is not unsaid by a change of mind.
 * Whoever moves their rows keeps there under which generation each was asked.
 */
import type { TenantKeys } from '@signalbeam/platform/keys/keyring';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { withRestoredSlot } from '../core/slots.ts';
import { changesOf, storeChanges } from '../desired/change.ts';
import { lockTargets } from '../store/desired.ts';
import { previousSlotsOf } from '../store/rollout-rows.ts';
import type { LockedRollout } from '../store/rollouts.ts';

export const restoreSlots = async (
  sql: Sql,
  at: { tenantId: string; nowMs: number } & Pick<TenantKeys, 'director' | 'kek'>,
  rollout: LockedRollout,
  deviceIds: readonly string[],
): Promise<Map<string, number>> => {
  const targets = await lockTargets(sql, at.tenantId, deviceIds);
  // Not before they are held: until then a rollback of an older version changes it.
  const previous = await previousSlotsOf(sql, at.tenantId, rollout.id, deviceIds);
  const changes = changesOf(targets, ({ deviceId, slots }) =>
    withRestoredSlot(slots, rollout, previous.get(deviceId) ?? null),
  );
  await storeChanges(sql, changes, at);
  // One that was rejected hears nothing any more, and nobody would ever forget that it is awaited.
  const given = changes.filter(({ target }) => target.approved);
  return new Map(given.map(({ target, generation }) => [target.deviceId, generation]));
};
