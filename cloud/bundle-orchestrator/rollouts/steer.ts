/**
 * What a person can do about a rollout: cancel it, or try its failed devices again.
 * Cancelling puts back the slot that each unfinished device had before; a device that confirmed the
 * version keeps it, and a failed one keeps what it restored by itself.
 */
import { refusal } from '@signalbeam/platform/http/problem';
import { holdKeys } from '@signalbeam/platform/keys/hold-keys';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { withRestoredSlot, withSlot } from '../core/slots.ts';
import { changesOf, retrying, storeChanges } from '../desired/change.ts';
import type { Acting, Workshop } from '../desired/workshop.ts';
import { findRelease } from '../store/bundles.ts';
import { lockTargets } from '../store/desired.ts';
import { findRollout } from '../store/rollout-views.ts';
import {
  activeRolloutsOn,
  type LockedRollout,
  lockRollout,
  moveRows,
  restartRows,
  rowsOf,
  setRolloutStatus,
} from '../store/rollouts.ts';
import { announceRollout } from './announce.ts';
import type { RolloutView } from './view.ts';

const held = async (sql: Sql, tenantId: string, id: string): Promise<LockedRollout> => {
  const rollout = await lockRollout(sql, tenantId, id);
  if (rollout !== null) return rollout;
  if ((await findRollout(sql, tenantId, id)) === null) {
    throw refusal('not-found', 'There is no such rollout.');
  }
  throw refusal('forbidden', 'This rollout is for devices of other sites, too.', {
    next: 'Ask somebody who may change those.',
  });
};

const audit = async (
  sql: Sql,
  acting: Acting,
  action: string,
  rollout: LockedRollout,
  after: unknown,
): Promise<void> => {
  const { tenantId, actor, ip } = acting;
  const before = { status: rollout.status };
  await writeAudit(sql, {
    tenantId,
    actor,
    action,
    target: `rollout:${rollout.id}`,
    before,
    after,
    ip,
  });
};

export const cancelRollout = async (
  workshop: Workshop,
  acting: Acting,
  rolloutId: string,
): Promise<RolloutView> => {
  const { tenantId } = acting;
  const nowMs = workshop.now();
  const view = await retrying(workshop.pool, acting, async (sql) => {
    const { director } = await holdKeys(sql, workshop.keyring, tenantId);
    const rollout = await held(sql, tenantId, rolloutId);
    if (rollout.status !== 'in-progress') {
      throw refusal('wrong-state', `This rollout is over already (${rollout.status}).`);
    }
    const rows = await rowsOf(sql, tenantId, rolloutId, ['pending', 'in-progress']);
    const ids = rows.map((row) => row.deviceId);
    const previous = new Map(rows.map((row) => [row.deviceId, row.previousSlot]));
    const targets = await lockTargets(sql, tenantId, ids);
    const changes = changesOf(targets, ({ deviceId, slots }) =>
      withRestoredSlot(slots, rollout, previous.get(deviceId) ?? null),
    );
    await storeChanges(sql, changes, { tenantId, director, nowMs });
    const moves = ids.map((deviceId) => ({
      deviceId,
      to: 'cancelled' as const,
      reason: `Cancelled by ${acting.actor.replace(/^user:/, '')}.`,
      logTail: [],
    }));
    const where = { tenantId, rolloutId, atMs: nowMs };
    await moveRows(sql, where, moves);
    await setRolloutStatus(sql, where, 'cancelled');
    await audit(sql, acting, 'rollout.cancel', rollout, { status: 'cancelled', restored: ids });
    return announceRollout(sql, { tenantId, rolloutId, nowMs }, 'cancelled', moves);
  });
  workshop.onChanged();
  return view;
};

const refuseBusy = async (sql: Sql, ids: readonly string[], bundleId: string): Promise<void> => {
  const [busy] = await activeRolloutsOn(sql, ids, bundleId);
  if (busy === undefined) return;
  throw refusal('conflict', 'A newer rollout of this bundle is at work on one of these devices.', {
    next: `Wait for it or cancel it: rollout ${busy.rolloutId}.`,
  });
};

export const retryRollout = async (
  workshop: Workshop,
  acting: Acting,
  rolloutId: string,
): Promise<RolloutView> => {
  const { tenantId } = acting;
  const nowMs = workshop.now();
  const view = await retrying(workshop.pool, acting, async (sql) => {
    const { director } = await holdKeys(sql, workshop.keyring, tenantId);
    const rollout = await held(sql, tenantId, rolloutId);
    const failed = await rowsOf(sql, tenantId, rolloutId, ['failed']);
    const ids = failed.map((row) => row.deviceId);
    const targets = (await lockTargets(sql, tenantId, ids)).filter((target) => target.approved);
    if (rollout.status === 'cancelled' || targets.length === 0) {
      throw refusal('wrong-state', 'This rollout has no failed device that could try again.', {
        next: 'Start a new rollout.',
      });
    }
    const retried = targets.map((target) => target.deviceId);
    await refuseBusy(sql, retried, rollout.bundleId);
    const release = await findRelease(sql, rollout.bundleId, rollout.version);
    if (release === null) throw new Error('a rolled out version vanished');
    const changes = changesOf(targets, ({ slots }, generation) =>
      withSlot(slots, { ...release, rolloutId }, generation),
    );
    await storeChanges(sql, changes, { tenantId, director, nowMs });
    await restartRows(
      sql,
      { tenantId, rolloutId },
      changes.map(({ target, generation }) => ({
        deviceId: target.deviceId,
        requestedGeneration: generation,
      })),
    );
    await setRolloutStatus(sql, { tenantId, rolloutId, atMs: nowMs }, 'in-progress');
    await audit(sql, acting, 'rollout.retry', rollout, { status: 'in-progress', retried });
    const moves = retried.map((deviceId) => ({
      deviceId,
      to: 'pending' as const,
      reason: null,
      logTail: [],
    }));
    return announceRollout(sql, { tenantId, rolloutId, nowMs }, 'retried', moves);
  });
  workshop.onChanged();
  return view;
};
