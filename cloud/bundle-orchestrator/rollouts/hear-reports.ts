/**
 * Hears what devices report of themselves, as many as have come: each report is kept if it is newer,
 * and each rollout that waits for some of them looks at these once, in one transaction. Its planner
 * looks at the newest report of a device, so those between need no look of their own.
 */
import type { DomainMessage } from '@signalbeam/platform/events/message';
import { reportedBody } from '@signalbeam/sync/wire/rows';
import { epoch, sequence, uuid } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { generationMax } from '../desired/change.ts';
import { signAboveReported } from '../desired/sign-again.ts';
import { keepReports } from '../store/reports.ts';
import { type DeviceAt, forgetGivenBack, rolloutsWaitingFor } from '../store/rollout-rows.ts';
import { moveOn, type SweepParts } from './sweep.ts';

const statusSchema = z.object({
  deviceId: uuid,
  receivedAt: z.iso.datetime({ offset: true }),
  epoch,
  seq: sequence,
  reported: reportedBody,
});

/** Looks at every rollout that waits for some of these devices, which may be gone. */
export const advanceFor = async (
  parts: Omit<SweepParts, 'cloud'>,
  devices: readonly DeviceAt[],
  areGone = false,
): Promise<void> => {
  const { system } = parts.pools;
  const { rollouts, goBack } = await rolloutsWaitingFor(system, devices);
  await forgetGivenBack(system, goBack, areGone);
  for (const { devices: some, ...where } of rollouts) await moveOn(parts, where, { devices: some });
};

export const hearReports = async (
  parts: Omit<SweepParts, 'cloud'>,
  messages: readonly Pick<DomainMessage, 'tenantId' | 'data'>[],
): Promise<void> => {
  const reports = messages.map(({ tenantId, data }) => ({ tenantId, ...statusSchema.parse(data) }));
  await signAboveReported(parts, await keepReports(parts.pools.system, reports, generationMax));
  // Also for a repeat: the first delivery may have been cut off between the two.
  const devices = new Map(
    reports.map(({ tenantId, deviceId }) => [`${tenantId} ${deviceId}`, { tenantId, deviceId }]),
  );
  await advanceFor(parts, [...devices.values()]);
};
