/**
 * Tells devices what a rollout wants of them, some at a time: those of open waves get the version, and
 * those of one that goes back get what they had. Each batch is one transaction that makes the
 * generations and moves the rows, so a device is told exactly if its row says so.
 */
import { holdKeys } from '@signalbeam/platform/keys/hold-keys';
import type { TenantKeys } from '@signalbeam/platform/keys/keyring';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { everySite, systemAuthor, withTenant } from '@signalbeam/platform/postgres/tenant';
import { overtakenReason, overtakerOf } from '../core/overtaking.ts';
import { isPaced, noteTold } from '../core/pace.ts';
import { isFinal, type RowStatus } from '../core/rollout.ts';
import type { RowMove } from '../core/row-moves.ts';
import { slotOf, withRestoredSlot, withSlot } from '../core/slots.ts';
import { goingBackFrom } from '../core/verbs.ts';
import { type DesiredChange, nextGenerationOf, retrying, storeChanges } from '../desired/change.ts';
import type { Workshop } from '../desired/workshop.ts';
import { findRelease } from '../store/bundles.ts';
import { lockTargets, type Target } from '../store/desired.ts';
import { markGivenBack } from '../store/rollout-failed.ts';
import { newerAmong } from '../store/rollout-meetings.ts';
import { noteToldLately, siteWindowsOf } from '../store/rollout-pace.ts';
import {
  cancelPlanned,
  markGoingBack,
  markTold,
  moveRows,
  overtakeGoingBack,
  previousSlotsOf,
  rowsOf,
  type StoredMove,
  skipWithdrawn,
} from '../store/rollout-rows.ts';
import { openRowsOf, rolloutsHeldUp, rowsToTell } from '../store/rollout-turns.ts';
import { type LockedRollout, lockRollout } from '../store/rollouts.ts';
import { advanceRollout } from './advance.ts';
import { announceRollout } from './announce.ts';
import {
  failedToGiveBack,
  isHeld,
  keepOutlook,
  nextToTakeBack,
  nextToTell,
  retriedToGiveBack,
} from './pace.ts';
import { restoreSlots } from './restore.ts';
import { retrySome } from './retry.ts';
import { timeOutSome } from './time-out.ts';
import { momentsOf } from './windows.ts';

/** One transaction signs a batch: a thousand signatures and rows take about a tenth of a second. */
export const toldAtOnceMax = 1_000;

/** While somebody waits for the answer the first few will do: the sweep goes on within a second. */
export const answering = { atOnceMax: 200 };

/** Rows alone, which nobody signs anything for: so many for each that could be signed. */
const rowsPerTold = 5;

type At = { tenantId: string; nowMs: number; atOnceMax: number } & Pick<
  TenantKeys,
  'director' | 'kek'
>;

const outcome = (deviceId: string, to: RowMove['to'], reason: string): RowMove => ({
  deviceId,
  to,
  reason,
  logTail: [],
});

const isApproved = ({ approved }: Target): boolean => approved;

const gone = (ids: readonly string[], targets: readonly Target[]): RowMove[] => {
  const there = new Set(targets.filter(isApproved).map(({ deviceId }) => deviceId));
  return ids
    .filter((id) => !there.has(id))
    .map((id) => outcome(id, 'cancelled', 'The device is no longer in the fleet.'));
};

/** Those that a newer rollout has told since: their rows are over here. */
const overtaken = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string },
  bundleId: string,
  targets: readonly Target[],
): Promise<RowMove[]> => {
  const slots = targets.map(({ deviceId, slots }) => [deviceId, slotOf(slots, bundleId)] as const);
  const others = new Set(slots.flatMap(([, slot]) => slot?.rolloutId ?? []));
  others.delete(where.rolloutId);
  const newer = await newerAmong(sql, where, [...others]);
  return slots.flatMap(([deviceId, slot]) => {
    const version = overtakerOf(slot, where.rolloutId, newer);
    return version === null ? [] : [outcome(deviceId, 'cancelled', overtakenReason(version))];
  });
};

/** The next batch of open waves. Returns how many rows moved; 0 when nobody is to be told now. */
export const tellSome = async (sql: Sql, at: At, rollout: LockedRollout): Promise<number> => {
  const { tenantId, nowMs } = at;
  const where = { tenantId, rolloutId: rollout.id, bundleId: rollout.bundleId, nowMs };
  if (!isHeld(rollout)) {
    return tellThese(sql, at, rollout, await rowsToTell(sql, where, at.atOnceMax));
  }
  const ids = await nextToTell(sql, at, rollout, at.atOnceMax);
  if (ids.length > 0)
    await noteToldLately(sql, where, noteTold(rollout.toldLately, ids.length, nowMs));
  return tellThese(sql, at, rollout, ids);
};

const tellThese = async (
  sql: Sql,
  at: At,
  rollout: LockedRollout,
  ids: readonly string[],
): Promise<number> => {
  const { tenantId, nowMs } = at;
  const where = { tenantId, rolloutId: rollout.id, atMs: nowMs };
  if (ids.length === 0) return 0;
  const release = await findRelease(sql, rollout.bundleId, rollout.version);
  if (release === null) throw new Error('a version that is rolled out vanished');
  const targets = await lockTargets(sql, tenantId, ids);
  const moves = [
    ...gone(ids, targets),
    ...(await overtaken(sql, where, rollout.bundleId, targets.filter(isApproved))),
  ];
  const settled = new Set(moves.map(({ deviceId }) => deviceId));
  const changes: DesiredChange[] = [];
  const sites = [...new Set(targets.map(({ site }) => site))];
  const standing = rollout.waitsForSites ? await siteWindowsOf(sql, tenantId, sites) : undefined;
  for (const target of targets.filter(({ deviceId }) => !settled.has(deviceId))) {
    const generation = nextGenerationOf(target);
    const windows = momentsOf(rollout.pace.windows, target.site, nowMs, standing);
    const wanted = {
      ...release,
      rolloutId: rollout.id,
      ...(windows === undefined ? {} : { windows }),
    };
    const change = withSlot(target.slots, wanted, generation);
    if (change.kind === 'changed') changes.push({ target, slots: change.slots, generation });
    else if (change.kind === 'too-many') {
      moves.push(outcome(target.deviceId, 'failed', 'No more bundles fit on the device.'));
    }
  }
  await storeChanges(sql, changes, at);
  const { deviceTimeoutMs } = rollout.pace;
  const dueAtMs = deviceTimeoutMs === null ? null : nowMs + deviceTimeoutMs;
  await markTold(
    sql,
    where,
    changes.map(({ target, generation }) => ({
      deviceId: target.deviceId,
      dueAtMs,
      previousSlot: slotOf(target.slots, rollout.bundleId),
      requestedGeneration: generation,
    })),
  );
  await moveRows(sql, where, moves, ['planned']);
  return ids.length;
};

/** Those at work keep the place that they have; who confirmed waits for one. */
const nextToGoBack = async (sql: Sql, at: At, rollout: LockedRollout): Promise<string[]> => {
  const where = { tenantId: at.tenantId, rolloutId: rollout.id };
  const atWork = await openRowsOf(sql, where, ['pending', 'in-progress'], at.atOnceMax);
  if (atWork.length > 0) return atWork;
  if (isPaced(rollout.pace)) return nextToTell(sql, at, rollout, at.atOnceMax);
  const rows = await rowsOf(sql, at.tenantId, rollout.id, ['succeeded'], at.atOnceMax);
  return rows.map(({ deviceId }) => deviceId);
};

/** Devices in these states get back what they had, and their rows become `to`. */
const giveBack = async (
  sql: Sql,
  at: At,
  rollout: LockedRollout,
  ids: readonly string[],
  to: 'planned' | 'cancelled',
  from: readonly RowStatus[] = to === 'planned' ? ['pending'] : ['pending', 'in-progress'],
): Promise<string[]> => {
  if (ids.length === 0) return [];
  const given = await restoreSlots(sql, at, rollout, ids);
  const reason = to === 'cancelled' ? rollout.statusReason : null;
  const moves = ids.map((deviceId): StoredMove => {
    return { deviceId, to, reason, logTail: [], givenBack: given.get(deviceId) };
  });
  const where = { tenantId: at.tenantId, rolloutId: rollout.id, atMs: at.nowMs };
  await moveRows(sql, where, moves, from);
  return [...ids];
};

/** Who was told and has not begun when its window is over is told again in the next one. */
const takeBackLate = async (sql: Sql, at: At, rollout: LockedRollout): Promise<string[]> => {
  const ids = await nextToTakeBack(sql, at, rollout, at.atOnceMax);
  return giveBack(sql, at, rollout, ids, 'planned');
};

/**
 * One that failed and was to try again was told before: its state still asks for the version, and it waits
 * for its redundancy group as one that stays failed does.
 */
const cancelUntold = async (sql: Sql, at: At, rollout: LockedRollout): Promise<string[]> => {
  const where = { tenantId: at.tenantId, rolloutId: rollout.id, atMs: at.nowMs };
  const untold = await cancelPlanned(sql, where, rollout.statusReason, rowsPerTold * at.atOnceMax);
  if (untold.length > 0) return untold;
  const retried = await retriedToGiveBack(sql, at, rollout, at.atOnceMax);
  const ids = retried.map(({ deviceId }) => deviceId);
  return giveBack(sql, at, rollout, ids, 'cancelled', ['planned']);
};

/** The next of a rollout that was cancelled, or of one that was paused before they began. */
const giveBackSome = async (sql: Sql, at: At, rollout: LockedRollout): Promise<string[]> => {
  const isCancelled = rollout.givingBack === 'unfinished';
  const states = isCancelled ? (['pending', 'in-progress'] as const) : (['pending'] as const);
  const where = { tenantId: at.tenantId, rolloutId: rollout.id };
  const ids = await openRowsOf(sql, where, states, at.atOnceMax);
  return giveBack(sql, at, rollout, ids, isCancelled ? 'cancelled' : 'planned');
};

/**
 * Whoever failed runs what it had before. Its state is to ask for that as well: a device that is set up anew
 * would else try what was withdrawn, and none would ever be well again. Where nothing takes over for it,
 * nobody waits until it says that it is done.
 */
const giveBackFailed = async (sql: Sql, at: At, rollout: LockedRollout): Promise<number> => {
  const failed = await failedToGiveBack(sql, at, rollout, at.atOnceMax);
  if (failed.length === 0) return 0;
  const ids = failed.map(({ deviceId }) => deviceId);
  const given = await restoreSlots(sql, at, rollout, ids);
  for (const { deviceId, takesOver } of failed) if (!takesOver) given.delete(deviceId);
  await markGivenBack(sql, { tenantId: at.tenantId, rolloutId: rollout.id }, given);
  return ids.length;
};

/** The next batch of those that run the version or are about to: they get back what they had. */
export const tellToGoBack = async (sql: Sql, at: At, rollout: LockedRollout): Promise<number> => {
  const where = { tenantId: at.tenantId, rolloutId: rollout.id, atMs: at.nowMs };
  const ids = await nextToGoBack(sql, at, rollout);
  if (ids.length === 0) return 0;
  const targets = await lockTargets(sql, at.tenantId, ids);
  const previous = await previousSlotsOf(sql, at.tenantId, rollout.id, ids);
  const moves = gone(ids, targets);
  const changes: DesiredChange[] = [];
  for (const target of targets.filter(({ approved }) => approved)) {
    const { deviceId, slots } = target;
    const change = withRestoredSlot(slots, rollout, previous.get(deviceId) ?? null);
    const generation = nextGenerationOf(target);
    if (change.kind === 'changed') changes.push({ target, slots: change.slots, generation });
    else {
      const reason = 'Somebody wanted something else of the device since; that was left alone.';
      moves.push(outcome(deviceId, 'cancelled', reason));
    }
  }
  await storeChanges(sql, changes, at);
  await skipWithdrawn(sql, where, ids);
  const again = changes.map(({ target }) => target.deviceId);
  await overtakeGoingBack(sql, where, rollout.bundleId, again);
  await markGoingBack(
    sql,
    where,
    changes.map(({ target, generation }) => ({
      deviceId: target.deviceId,
      requestedGeneration: generation,
    })),
  );
  await moveRows(sql, where, moves, goingBackFrom);
  return ids.length;
};

const retryFailed = async (sql: Sql, at: At, rollout: LockedRollout): Promise<number> => {
  const where = { tenantId: at.tenantId, rolloutId: rollout.id };
  return (await retrySome(sql, where, rollout, rowsPerTold * at.atOnceMax)).length;
};

/** `freed`: devices on which another rollout of the bundle may go on. */
type Step = { action: string; devices: number; freed: readonly string[] };
type Take = (sql: Sql, at: At, rollout: LockedRollout) => Promise<number | string[]>;

const takesOf = ({ status, givingBack }: LockedRollout): (readonly [string, Take])[] => {
  if (givingBack === 'unfinished') {
    return [
      ['rollout.cancel-untold', cancelUntold],
      ['rollout.give-back', giveBackSome],
      ['rollout.give-back', giveBackFailed],
    ];
  }
  if (givingBack === 'not-begun') return [['rollout.give-back', giveBackSome]];
  if (status === 'in-progress') {
    return [
      ['rollout.take-back', takeBackLate],
      ['rollout.time-out', timeOutSome],
      ['rollout.retry-some', retryFailed],
      ['rollout.tell', tellSome],
    ];
  }
  const failed: [string, Take][] =
    givingBack === 'failed' ? [['rollout.give-back', giveBackFailed]] : [];
  if (status !== 'rolling-back') return failed;
  return [
    ...failed,
    ['rollout.cancel-untold', cancelUntold],
    ['rollout.tell-to-go-back', tellToGoBack],
  ];
};

/** One batch of what it has to do now; null when that is nothing. */
const stepOf = async (sql: Sql, at: At, rollout: LockedRollout): Promise<Step | null> => {
  for (const [action, take] of takesOf(rollout)) {
    const took = await take(sql, at, rollout);
    const freed = typeof took === 'number' ? [] : took;
    const devices = typeof took === 'number' ? took : took.length;
    if (devices > 0) return { action, devices, freed };
  }
  return null;
};

const takeStep = async (
  sql: Sql,
  workshop: Workshop,
  where: { tenantId: string; rolloutId: string },
  atOnceMax: number,
): Promise<Step | null> => {
  const { tenantId, rolloutId } = where;
  const { director, kek } = await holdKeys(sql, workshop.keyring, tenantId);
  const nowMs = workshop.now();
  const rollout = await lockRollout(sql, tenantId, rolloutId);
  if (rollout === null) return null;
  const did = await stepOf(sql, { tenantId, nowMs, director, kek, atOnceMax }, rollout);
  if (did === null) {
    // A retry is over, and who left the fleet counts as failed again.
    const isRetried = rollout.retryAskedAt !== null && rollout.status === 'in-progress';
    if (isRetried) await advanceRollout(sql, { ...where, nowMs }, 'none');
    // Those that are left may all wait for others: looked at again later, not at every turn.
    if (rollout.givingBack !== null || rollout.status === 'rolling-back')
      await keepOutlook(sql, { tenantId, nowMs }, rollout);
    return null;
  }
  await writeAudit(sql, {
    ...systemAuthor(tenantId),
    action: did.action,
    target: `rollout:${rolloutId}`,
    after: { devices: did.devices },
  });
  await announceRollout(sql, where, ['progressed'], []);
  // A batch of none but gone devices may have been the last that a wave waited for.
  await advanceRollout(sql, { ...where, nowMs }, 'none');
  const after = await lockRollout(sql, tenantId, rolloutId);
  if (after !== null) await keepOutlook(sql, { tenantId, nowMs }, after);
  return did;
};

/**
 * What a rollout has to tell, or to give back, batch by batch, until nothing is left for now or it had its
 * turn: then true. Each is a transaction that leaves it due again, so that the sweep goes on where this
 * one ended, within a second; nobody who asked waits for a hundred batches.
 */
export const tellRollout = async (
  workshop: Workshop,
  where: { tenantId: string; rolloutId: string },
  { batchesMax = 1, atOnceMax = toldAtOnceMax }: { batchesMax?: number; atOnceMax?: number } = {},
): Promise<boolean> => {
  for (let batch = 0; batch < batchesMax; batch += 1) {
    const author = systemAuthor(where.tenantId);
    const did = await retrying(workshop.pool, author, (sql) =>
      takeStep(sql, workshop, where, atOnceMax),
    );
    if (did === null) return false;
    workshop.onChanged();
    await tellHeldUp(workshop, where, did.freed);
  }
  return true;
};

const tellHeldUp = async (
  workshop: Workshop,
  by: { tenantId: string; rolloutId: string },
  ids: readonly string[],
): Promise<void> => {
  if (ids.length === 0) return;
  const { tenantId } = by;
  const rollouts = await withTenant(workshop.pool, everySite(tenantId), (sql) =>
    rolloutsHeldUp(sql, by, ids),
  );
  for (const rolloutId of rollouts) await tellRollout(workshop, { tenantId, rolloutId });
};

/** Tells devices that are free again what other rollouts have wanted of them meanwhile. */
export const tellFreed = (
  workshop: Workshop,
  by: { tenantId: string; rolloutId: string },
  moves: readonly RowMove[],
): Promise<void> => {
  const freed = moves.filter(({ to }) => isFinal(to) || to === 'planned');
  return tellHeldUp(
    workshop,
    by,
    freed.map(({ deviceId }) => deviceId),
  );
};
