/**
 * Puts one bundle version on one device, or takes a bundle from it, outside of any rollout.
 * While a rollout is at work on the same bundle and device it is refused: two wishes at once would
 * leave the rollout waiting for ever.
 */
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { refusal } from '@signalbeam/platform/http/problem';
import { holdKeys } from '@signalbeam/platform/keys/hold-keys';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Slot } from '@signalbeam/sync/core/manifest';
import { releaseToUse } from '../bundles/usable.ts';
import { slotOf, withoutSlot, withSlot } from '../core/slots.ts';
import { refuseUnknownSecrets } from '../secrets/check.ts';
import { lockTargets, type Target } from '../store/desired.ts';
import { activeRolloutsOn } from '../store/rollout-rows.ts';
import { changesOf, type DesiredChange, retrying, storeChanges } from './change.ts';
import type { Acting, Workshop } from './workshop.ts';

export type Assigned = { generation: number; slots: Slot[] };

const approvedTarget = async (sql: Sql, tenantId: string, deviceId: string): Promise<Target> => {
  const [target] = await lockTargets(sql, tenantId, [deviceId]);
  if (target === undefined) throw refusal('not-found', 'There is no such device.');
  if (!target.approved) {
    throw refusal('wrong-state', `${target.name} is not approved.`, {
      next: 'Approve the device first.',
    });
  }
  return target;
};

const refuseDuringRollout = async (sql: Sql, target: Target, bundleId: string): Promise<void> => {
  const [active] = await activeRolloutsOn(sql, [target.deviceId], bundleId);
  if (active === undefined) return;
  throw refusal(
    'conflict',
    `The rollout ${active.rolloutId} is putting this bundle on ${target.name}; nothing was changed.`,
    { next: 'Wait for it or cancel it.' },
  );
};

const record = async (
  sql: Sql,
  acting: Acting,
  change: {
    action: string;
    type: 'bundle.assigned' | 'bundle.withdrawn';
    bundleId: string;
    before: Slot | null;
    to: DesiredChange;
  },
): Promise<void> => {
  const { tenantId, actor, ip } = acting;
  const { deviceId } = change.to.target;
  const after = slotOf(change.to.slots, change.bundleId);
  await writeAudit(sql, {
    tenantId,
    actor,
    action: change.action,
    target: `device:${deviceId}`,
    before: change.before,
    after,
    ip,
  });
  await recordEvent(sql, {
    tenantId,
    type: change.type,
    subject: 'signalbeam.bundles.assigned',
    data: {
      deviceIds: [deviceId],
      bundleId: change.bundleId,
      version: after?.version ?? null,
      rolloutId: null,
      generation: change.to.generation,
    },
  });
};

export const assignBundle = async (
  workshop: Workshop,
  acting: Acting,
  wish: { deviceId: string; bundleId: string; version: string; allowDeprecated: boolean },
): Promise<Assigned> => {
  const { tenantId } = acting;
  const nowMs = workshop.now();
  const assigned = await retrying(workshop.pool, acting, async (sql) => {
    const { director, kek } = await holdKeys(sql, workshop.keyring, tenantId);
    const target = await approvedTarget(sql, tenantId, wish.deviceId);
    const release = await releaseToUse(sql, wish);
    await refuseUnknownSecrets(sql, tenantId, wish, [wish.deviceId]);
    await refuseDuringRollout(sql, target, wish.bundleId);
    const [change] = changesOf([target], ({ slots }, generation) =>
      withSlot(slots, { ...release, rolloutId: null }, generation),
    );
    if (change === undefined) throw new Error('assigning always changes');
    await storeChanges(sql, [change], { tenantId, director, kek, nowMs });
    const before = slotOf(target.slots, wish.bundleId);
    const { bundleId } = wish;
    const kind = { action: 'bundle.assign', type: 'bundle.assigned' } as const;
    await record(sql, acting, { ...kind, bundleId, before, to: change });
    return { generation: change.generation, slots: change.slots };
  });
  workshop.onChanged();
  return assigned;
};

export const withdrawBundle = async (
  workshop: Workshop,
  acting: Acting,
  wish: { deviceId: string; bundleId: string },
): Promise<Assigned> => {
  const { tenantId } = acting;
  const nowMs = workshop.now();
  const withdrawn = await retrying(workshop.pool, acting, async (sql) => {
    const { director, kek } = await holdKeys(sql, workshop.keyring, tenantId);
    const target = await approvedTarget(sql, tenantId, wish.deviceId);
    const { bundleId } = wish;
    const [change] = changesOf([target], ({ slots }) => withoutSlot(slots, bundleId));
    if (change === undefined) throw refusal('not-found', 'This bundle is not on that device.');
    await refuseDuringRollout(sql, target, bundleId);
    await storeChanges(sql, [change], { tenantId, director, kek, nowMs });
    const before = slotOf(target.slots, bundleId);
    const kind = { action: 'bundle.withdraw', type: 'bundle.withdrawn' } as const;
    await record(sql, acting, { ...kind, bundleId, before, to: change });
    return { generation: change.generation, slots: change.slots };
  });
  workshop.onChanged();
  return withdrawn;
};
