/**
 * Starts a rollout: one version to given devices, all at once. The rollout, its rows and every
 * device's new generation are one transaction: either all of it began or nothing did.
 */
import { randomUUID } from 'node:crypto';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { refusal } from '@signalbeam/platform/http/problem';
import { holdKeys } from '@signalbeam/platform/keys/hold-keys';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { slotOf, withSlot } from '../core/slots.ts';
import { changesOf, retrying, storeChanges } from '../desired/change.ts';
import type { Acting, Workshop } from '../desired/workshop.ts';
import { findRelease } from '../store/bundles.ts';
import { lockTargets, type Target } from '../store/desired.ts';
import { activeRolloutsOn, insertRollout } from '../store/rollouts.ts';
import { announceRollout } from './announce.ts';
import type { RolloutView } from './view.ts';

/** One transaction signs them all: a thousand signatures and rows take about a tenth of a second. */
export const devicesPerRolloutMax = 1_000;

const namedUpTo = 10;
const list = (names: readonly string[]): string =>
  names.length <= namedUpTo
    ? names.join(', ')
    : `${names.slice(0, namedUpTo).join(', ')} and ${names.length - namedUpTo} more`;

const checkTargets = (deviceIds: readonly string[], targets: readonly Target[]): void => {
  const found = new Set(targets.map((target) => target.deviceId));
  const missing = deviceIds.filter((id) => !found.has(id));
  if (missing.length > 0) {
    throw refusal('not-found', `There is no such device: ${list(missing)}.`, {
      errors: missing.slice(0, namedUpTo).map((id) => ({
        path: `deviceIds[${deviceIds.indexOf(id)}]`,
        message: 'is not a device of yours',
      })),
    });
  }
  const waiting = targets.filter((target) => !target.approved).map((target) => target.name);
  if (waiting.length > 0) {
    throw refusal('wrong-state', `Not approved: ${list(waiting)}. Nothing was started.`, {
      next: 'Approve these devices or leave them out.',
    });
  }
};

const checkBusy = async (sql: Sql, targets: readonly Target[], bundleId: string): Promise<void> => {
  const ids = targets.map((target) => target.deviceId);
  const active = await activeRolloutsOn(sql, ids, bundleId);
  if (active.length === 0) return;
  const busy = new Set(active.map((row) => row.deviceId));
  const names = targets.filter((target) => busy.has(target.deviceId)).map(({ name }) => name);
  throw refusal(
    'conflict',
    `Another rollout of this bundle is at work on ${list(names)}. Nothing was started.`,
    { next: `Wait for it or cancel it: rollout ${active[0]?.rolloutId}.` },
  );
};

const record = async (
  sql: Sql,
  acting: Acting,
  rollout: { id: string; bundleId: string; version: string },
  deviceIds: string[],
): Promise<void> => {
  const { tenantId, actor, ip } = acting;
  const { id, bundleId, version } = rollout;
  await writeAudit(sql, {
    tenantId,
    actor,
    action: 'rollout.start',
    target: `rollout:${id}`,
    after: { bundleId, version, deviceIds },
    ip,
  });
  await recordEvent(sql, {
    tenantId,
    type: 'bundle.assigned',
    subject: 'signalbeam.bundles.assigned',
    data: { deviceIds, bundleId, version, rolloutId: id },
  });
};

export const startRollout = async (
  workshop: Workshop,
  acting: Acting,
  wish: { bundleId: string; version: string; deviceIds: readonly string[] },
): Promise<RolloutView> => {
  const { tenantId } = acting;
  const { bundleId, version } = wish;
  const deviceIds = [...new Set(wish.deviceIds)].sort();
  const nowMs = workshop.now();
  const view = await retrying(workshop.pool, acting, async (sql) => {
    const { director } = await holdKeys(sql, workshop.keyring, tenantId);
    const release = await findRelease(sql, bundleId, version);
    if (release === null) throw refusal('not-found', 'There is no such bundle version.');
    const targets = await lockTargets(sql, tenantId, deviceIds);
    checkTargets(wish.deviceIds, targets);
    await checkBusy(sql, targets, bundleId);
    const id = randomUUID();
    const changes = changesOf(targets, ({ slots }, generation) =>
      withSlot(slots, { ...release, rolloutId: id }, generation),
    );
    await storeChanges(sql, changes, { tenantId, director, nowMs });
    const rows = changes.map(({ target, generation }) => ({
      deviceId: target.deviceId,
      name: target.name,
      previousSlot: slotOf(target.slots, bundleId),
      requestedGeneration: generation,
    }));
    await insertRollout(sql, { tenantId, id, bundleId, version, createdBy: acting.actor }, rows);
    await record(sql, acting, { id, bundleId, version }, deviceIds);
    return announceRollout(sql, { tenantId, rolloutId: id, nowMs }, 'started', []);
  });
  workshop.onChanged();
  return view;
};
