/**
 * Hears what devices report and what becomes of them, and moves rollouts accordingly. Everything
 * here bears repeats and any order: reports are kept if newer, and the planner looks at the newest.
 */
import { type Subscription, subscribeEvents } from '@signalbeam/platform/events/subscribe';
import { subscribeTogether } from '@signalbeam/platform/events/subscribe-together';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { uuid } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { inheritDesired } from '../desired/inherit.ts';
import { forgetPublished } from '../store/publishing.ts';
import { makeDue } from '../store/rollouts.ts';
import { forgetGiven, markDeviceStale } from '../store/secrets-given.ts';
import { advanceFor, hearReports } from './hear-reports.ts';
import { joinRollouts } from './join.ts';
import { type SweepParts, startSweep, workshopOf } from './sweep.ts';

/** Each is up to 16 KB, and is read before the next turn of the event loop. */
const reportsAtOnce = 100;

const deviceSchema = z.object({ deviceId: uuid });
const placeSchema = z.object({ deviceId: uuid, replaced: uuid });

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
      await advanceFor(parts, [{ tenantId, deviceId }], true);
      return;
    case 'device.rejected':
      await advanceFor(parts, [{ tenantId, deviceId }], true);
      return;
  }
};

export const startListening = (parts: SweepParts): Subscription => {
  const common = { cloud: parts.cloud, sql: parts.pools.system, log: parts.log };
  const running = [
    subscribeTogether({
      ...common,
      durable: 'bundle-orchestrator-reports',
      subjects: ['signalbeam.devices.status.*'],
      atOnceMax: reportsAtOnce,
      handle: (messages) => hearReports(parts, messages),
    }),
    subscribeEvents({
      ...common,
      durable: 'bundle-orchestrator-devices',
      subjects: ['signalbeam.devices.*'],
      handle: async ({ tenantId, type, data }) => {
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
    // By itself: one consumer of both would be handed everything that devices say.
    subscribeEvents({
      ...common,
      durable: 'bundle-orchestrator-site-windows',
      subjects: ['signalbeam.tenants.site-windows'],
      handle: ({ tenantId }) => makeDue(parts.pools.system, tenantId, parts.now()),
    }),
    startSweep(parts),
  ];
  return {
    stop: async () => {
      await Promise.all(running.map((part) => part.stop()));
    },
  };
};
