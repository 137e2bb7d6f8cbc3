/**
 * Makes a rollout: one version to chosen devices, in waves or all at once. The rollout, its rows and
 * the new generations of its first devices are one transaction: either all of it began or nothing did.
 */
import { randomUUID } from 'node:crypto';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { refusal } from '@signalbeam/platform/http/problem';
import { holdKeys } from '@signalbeam/platform/keys/hold-keys';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { releaseToUse } from '../bundles/usable.ts';
import { retrying } from '../desired/change.ts';
import type { Acting, Workshop } from '../desired/workshop.ts';
import { keepMeetings, underWayOn } from '../store/rollout-meetings.ts';
import { activeRolloutsOn } from '../store/rollout-rows.ts';
import { personBehind } from '../store/rollout-settings.ts';
import { insertRollout, lockRollout } from '../store/rollouts.ts';
import { advanceRollout } from './advance.ts';
import { announceRollout } from './announce.ts';
import { isHeld, keepOutlook } from './pace.ts';
import { list, type PlannedWave, planRollout, type RolloutWish } from './plan.ts';
import { answering, tellRollout, tellSome, toldAtOnceMax } from './tell.ts';
import { type RolloutView, viewRollout } from './view.ts';

/** In waves a busy device waits for its turn; all at once, nobody would see that it did not begin. */
const refuseBusy = async (
  sql: Sql,
  wish: RolloutWish,
  waves: readonly PlannedWave[],
  ownId: string,
): Promise<void> => {
  if (wish.waves.length > 0 || wish.startAt !== null) return;
  const devices = waves.flatMap((wave) => wave.devices);
  const ids = devices.map(({ deviceId }) => deviceId);
  const found = await activeRolloutsOn(sql, ids, wish.bundleId);
  const active = found.filter(({ rolloutId }) => rolloutId !== ownId);
  if (active.length === 0) return;
  const busy = new Set(active.map((row) => row.deviceId));
  const names = devices.filter(({ deviceId }) => busy.has(deviceId)).map(({ name }) => name);
  throw refusal(
    'conflict',
    `Another rollout of this bundle is at work on ${list(names)}. Nothing was started.`,
    { next: `Wait for it or cancel it: rollout ${active[0]?.rolloutId}.` },
  );
};

const devicesToldMax = 1_000;

const record = async (
  sql: Sql,
  acting: Acting,
  rollout: { id: string; wish: RolloutWish },
  waves: readonly PlannedWave[],
): Promise<void> => {
  const { tenantId, actor, ip } = acting;
  const { id, wish } = rollout;
  const { bundleId, version, target, pace } = wish;
  const count = waves.reduce((sum, { devices }) => sum + devices.length, 0);
  await writeAudit(sql, {
    tenantId,
    actor,
    action: 'rollout.start',
    target: `rollout:${id}`,
    after: {
      bundleId,
      version,
      target,
      devices: count,
      pace,
      ...(wish.ignoreSiteWindows === null ? {} : { ignoreSiteWindows: wish.ignoreSiteWindows }),
      waves: waves.map(({ wish: { name } }) => name),
    },
    ip,
  });
  const deviceIds = (waves[0]?.devices ?? []).map(({ deviceId }) => deviceId);
  await recordEvent(sql, {
    tenantId,
    type: 'bundle.assigned',
    subject: 'signalbeam.bundles.assigned',
    data: {
      deviceIds: deviceIds.slice(0, devicesToldMax),
      devices: count,
      bundleId,
      version,
      rolloutId: id,
    },
  });
};

const make = async (
  sql: Sql,
  acting: Acting,
  wish: RolloutWish,
  nowMs: number,
): Promise<{ id: string; waves: PlannedWave[] }> => {
  const { tenantId, actor } = acting;
  const { bundleId, version, target, onFailure, startAt, pace } = wish;
  const { waves, lateJoiners } = await planRollout(sql, tenantId, wish, nowMs);
  const id = randomUUID();
  const requestedBy = (await personBehind(sql, tenantId, actor)) ?? actor;
  const isLater = startAt !== null && Date.parse(startAt) > nowMs;
  await insertRollout(
    sql,
    {
      ...{
        tenantId,
        id,
        bundleId,
        version,
        createdBy: actor,
        requestedBy,
        windowsIgnored: wish.ignoreSiteWindows,
        onFailure,
        target,
        startsAt: startAt,
        pace,
        lateJoiners,
        sites: acting.sites,
      },
      status: isLater ? 'scheduled' : 'in-progress',
    },
    waves.map(({ wish: { name, size, gate }, lastPlace }) => ({ name, size, gate, lastPlace })),
    waves.map(({ devices }) => devices),
  );
  const ids = waves.flatMap(({ devices }) => devices.map(({ deviceId }) => deviceId));
  const about = { bundleId, startsAt: startAt, ownId: id };
  const met = await underWayOn(sql, tenantId, about, ids);
  await keepMeetings(sql, { tenantId, rolloutId: id }, met);
  await record(sql, acting, { id, wish }, waves);
  return { id, waves };
};

export const startRollout = async (
  workshop: Workshop,
  acting: Acting,
  wish: RolloutWish,
): Promise<RolloutView> => {
  const { tenantId } = acting;
  const nowMs = workshop.now();
  const { rolloutId, held } = await retrying(workshop.pool, acting, async (sql) => {
    const { director, kek } = await holdKeys(sql, workshop.keyring, tenantId);
    await releaseToUse(sql, wish);
    const { id, waves } = await make(sql, acting, wish, nowMs);
    await announceRollout(sql, { tenantId, rolloutId: id }, ['started'], []);
    const { goesOn } = await advanceRollout(sql, { tenantId, rolloutId: id, nowMs }, 'none');
    const locked = await lockRollout(sql, tenantId, id);
    // At a pace, whom to tell hangs on devices that this person may not see: ../tell.ts does it.
    const isToWait = locked !== null && isHeld(locked);
    if (goesOn && locked !== null && !isToWait) {
      // All at once, who is busy is refused below: their states are held by then.
      const { atOnceMax } = wish.waves.length === 0 ? { atOnceMax: toldAtOnceMax } : answering;
      await tellSome(sql, { tenantId, nowMs, director, kek, atOnceMax }, locked);
    }
    if (locked !== null) await keepOutlook(sql, { tenantId, nowMs }, locked);
    // After telling, which waits for whoever is at the same devices: then it is seen who came first.
    await refuseBusy(sql, wish, waves, id);
    return { rolloutId: id, held: isToWait };
  });
  workshop.onChanged();
  // The sweep tells the rest of a large wave, and nobody waits for that here.
  if (held) await tellRollout(workshop, { tenantId, rolloutId }, answering);
  return seen(workshop, acting, rolloutId);
};

/** A rollout that was just steered, as it is now. */
export const seen = async (
  workshop: Workshop,
  acting: Acting,
  rolloutId: string,
): Promise<RolloutView> => {
  const view = await withTenant(workshop.pool, acting, (sql) =>
    viewRollout(sql, acting.tenantId, rolloutId, workshop.now()),
  );
  if (view === null) throw new Error(`rollout ${rolloutId} vanished`);
  return view;
};
