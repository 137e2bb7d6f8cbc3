/**
 * Hears what devices report and what becomes of them, and moves rollouts accordingly. Everything
 * here bears repeats and any order: reports are kept if newer, and the planner looks at the newest.
 */
import { type Subscription, subscribeEvents } from '@signalbeam/platform/events/subscribe';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { reportedBody } from '@signalbeam/sync/wire/rows';
import { epoch, sequence, uuid } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { inheritDesired } from '../desired/inherit.ts';
import { forgetPublished } from '../store/publishing.ts';
import { keepReport } from '../store/reports.ts';
import { forgetGivenBack, rolloutsWaitingFor } from '../store/rollout-rows.ts';
import { makeDue } from '../store/rollouts.ts';
import { forgetGiven, markDeviceStale } from '../store/secrets-given.ts';
import { joinRollouts } from './join.ts';
import { moveOn, type SweepParts, startSweep, workshopOf } from './sweep.ts';

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
  parts: SweepParts,
  tenantId: string,
  deviceId: string,
  isGone = false,
): Promise<void> => {
  const { rollouts, goesBack } = await rolloutsWaitingFor(parts.pools.system, tenantId, deviceId);
  if (goesBack) await forgetGivenBack(parts.pools.system, tenantId, deviceId, isGone);
  for (const rolloutId of rollouts) {
    await moveOn(parts, { tenantId, rolloutId }, { devices: [deviceId] });
  }
};

const hearReport = async (parts: SweepParts, tenantId: string, data: unknown): Promise<void> => {
  const { deviceId, ...report } = statusSchema.parse(data);
  await keepReport(parts.pools.system, { tenantId, deviceId, ...report });
  // Also for a repeat: the first delivery may have been cut off between the two.
  await advanceFor(parts, tenantId, deviceId);
};

const hearDevice = async (
  parts: SweepParts,
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

export const startListening = (parts: SweepParts): Subscription => {
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
