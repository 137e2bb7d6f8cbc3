/**
 * Hears what devices report and what becomes of them, and moves rollouts accordingly. Everything
 * here bears repeats and any order: reports are kept if newer, and the planner looks at the newest.
 */
import { type Subscription, subscribeEvents } from '@signalbeam/platform/events/subscribe';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { Platform } from '@signalbeam/platform/service';
import { reportedBody } from '@signalbeam/sync/wire/rows';
import { epoch, sequence, uuid } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { inheritDesired } from '../desired/inherit.ts';
import type { Workshop } from '../desired/workshop.ts';
import { forgetPublished } from '../store/publishing.ts';
import { keepReport } from '../store/reports.ts';
import { forgetGivenBack, rolloutsWaitingFor } from '../store/rollout-rows.ts';
import { dueRollouts, lockRollout, makeDue } from '../store/rollouts.ts';
import { forgetGiven, markDeviceStale } from '../store/secrets-given.ts';
import { type Advanced, type AdvanceScope, advanceRollout } from './advance.ts';
import { joinRollouts, takeJoiners } from './join.ts';
import { keepOutlook } from './pace.ts';
import { tellFreed, tellRollout } from './tell.ts';

export type ListenParts = Pick<Platform, 'cloud' | 'pools' | 'keyring' | 'log' | 'now'> & {
  onChanged: () => void;
};

/** Looked at in one go; more are still due a moment later. */
const dueAtOnceMax = 500;
/** What is due is seen within this. */
const clockMs = 1_000;

const workshopOf = ({ pools, keyring, now, onChanged }: ListenParts): Workshop => ({
  ...{ pool: pools.api, keyring, now, onChanged },
});

/** Moves what can be moved, then tells whoever that concerns. */
const advance = async (
  parts: ListenParts,
  where: { tenantId: string; rolloutId: string },
  scope: AdvanceScope,
): Promise<Advanced> => {
  const advanced = await transaction(parts.pools.system, (sql) =>
    advanceRollout(sql, { ...where, nowMs: parts.now() }, scope),
  );
  if (advanced.goesOn && advanced.steps.length > 0) await tellRollout(workshopOf(parts), where);
  await tellFreed(workshopOf(parts), where.tenantId, advanced.moves);
  return advanced;
};

/** Moves what time alone moves, tells whom it now can, and keeps when to look again. */
const lookAt = async (
  parts: ListenParts,
  where: { tenantId: string; rolloutId: string },
): Promise<void> => {
  const { isLook } = await advance(parts, where, 'none');
  if (isLook) await takeJoiners(workshopOf(parts), where, null);
  await tellRollout(workshopOf(parts), where);
  await transaction(parts.pools.system, async (sql) => {
    const rollout = await lockRollout(sql, where.tenantId, where.rolloutId);
    if (rollout === null) return;
    await keepOutlook(sql, { tenantId: where.tenantId, nowMs: parts.now() }, rollout);
  });
};

const statusSchema = z.object({
  deviceId: uuid,
  receivedAt: z.iso.datetime({ offset: true }),
  epoch,
  seq: sequence,
  reported: reportedBody,
});
const deviceSchema = z.object({ deviceId: uuid });
const placeSchema = z.object({ deviceId: uuid, replaced: uuid });

/** Looks at every rollout that waits for this device. */
const advanceFor = async (
  parts: ListenParts,
  tenantId: string,
  deviceId: string,
  isGone = false,
): Promise<void> => {
  const { rollouts, goesBack } = await rolloutsWaitingFor(parts.pools.system, tenantId, deviceId);
  if (goesBack) await forgetGivenBack(parts.pools.system, tenantId, deviceId, isGone);
  for (const rolloutId of rollouts) {
    await advance(parts, { tenantId, rolloutId }, { devices: [deviceId] });
  }
};

const hearReport = async (parts: ListenParts, tenantId: string, data: unknown): Promise<void> => {
  const { deviceId, ...report } = statusSchema.parse(data);
  await keepReport(parts.pools.system, { tenantId, deviceId, ...report });
  // Also for a repeat: the first delivery may have been cut off between the two.
  await advanceFor(parts, tenantId, deviceId);
};

const hearDevice = async (
  parts: ListenParts,
  tenantId: string,
  type: string,
  data: unknown,
): Promise<void> => {
  const { deviceId } = deviceSchema.parse(data);
  switch (type) {
    case 'device.approved':
      // Its record left the hub if it was rejected before.
      await forgetPublished(parts.pools.system, { tenantId, deviceId });
      parts.onChanged();
      return;
    case 'device.deleted':
      await forgetGiven(parts.pools.system, tenantId, [deviceId]);
      await advanceFor(parts, tenantId, deviceId, true);
      return;
    case 'device.rejected':
      await advanceFor(parts, tenantId, deviceId, true);
      return;
  }
};

/**
 * What time does: a start, a soak's end, a window that opens, room for the next devices. It costs what
 * is due, however many rollouts there are; what a lost event left behind is due once an hour.
 */
const startSweep = (parts: ListenParts): Subscription => {
  let stopped = false;
  let working: Promise<void> = Promise.resolve();
  let isLooking = false;
  const look = async (): Promise<void> => {
    for (const rollout of await dueRollouts(parts.pools.system, parts.now(), dueAtOnceMax)) {
      if (stopped) return;
      await lookAt(parts, rollout).catch((error) => {
        parts.log.warn({ error, ...rollout }, 'looking at a rollout failed; trying again');
      });
    }
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    working = look()
      .catch((error) => {
        parts.log.warn({ error }, 'looking at the rollouts failed; trying again');
      })
      .finally(() => {
        isLooking = false;
      });
  }, clockMs);
  return {
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await working;
    },
  };
};

export const startListening = (parts: ListenParts): Subscription => {
  const common = { cloud: parts.cloud, sql: parts.pools.system, log: parts.log };
  const running = [
    subscribeEvents({
      ...common,
      durable: 'bundle-orchestrator-reports',
      subjects: ['signalbeam.devices.status.*'],
      parallel: 4,
      handle: ({ tenantId, data }) => hearReport(parts, tenantId, data),
    }),
    subscribeEvents({
      ...common,
      durable: 'bundle-orchestrator-devices',
      subjects: ['signalbeam.devices.*', 'signalbeam.tenants.site-windows'],
      handle: async ({ tenantId, type, data }) => {
        if (type === 'site.windows-changed') {
          return makeDue(parts.pools.system, tenantId, parts.now());
        }
        if (/^device\.(?:approved|rejected|deleted)$/.test(type)) {
          await hearDevice(parts, tenantId, type, data);
        }
        if (/^device\.(?:approved|tagged|moved|renamed|joined)$/.test(type)) {
          await joinRollouts(workshopOf(parts), tenantId, deviceSchema.parse(data).deviceId);
        }
        if (type === 'device.replaced') {
          const place = placeSchema.parse(data);
          if (await inheritDesired(parts, tenantId, place)) parts.onChanged();
        }
        // Its record is read under its site's name: it is put there as it is.
        if (type === 'device.moved') {
          const { deviceId } = deviceSchema.parse(data);
          await transaction(parts.pools.system, (sql) => markDeviceStale(sql, tenantId, deviceId));
          await forgetPublished(parts.pools.system, { tenantId, deviceId });
          parts.onChanged();
        }
      },
    }),
    startSweep(parts),
  ];
  return {
    stop: async () => {
      await Promise.all(running.map((part) => part.stop()));
    },
  };
};
