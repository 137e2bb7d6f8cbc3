/**
 * Tells devices how far their lanes are committed: one signed acknowledgement per device and
 * batch. Only called after COMMIT. Lossy on purpose: a device that missed one hears of its position
 * with the next, or in the welcome.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import { laneNames } from '@signalbeam/sync/core/lanes';
import { sealEnvelope } from '@signalbeam/sync/wire/dsse';
import type { Acknowledgement, LaneAcknowledgement } from '@signalbeam/sync/wire/hello';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import { cloudSubjects } from '@signalbeam/sync/wire/subjects';
import { creditOf } from '../core/credit.ts';
import type { KnownDevice } from './directory.ts';
import type { LaneStanding } from './store.ts';

type Due = { device: KnownDevice; lanes: LaneAcknowledgement[] };

export const acknowledgementsOf = (standings: readonly LaneStanding[], pressure: number): Due[] => {
  const due = new Map<string, Due>();
  for (const { device, lane, epoch, upTo, hash } of standings) {
    let entry = due.get(device.deviceId);
    if (entry === undefined) {
      entry = { device, lanes: [] };
      due.set(device.deviceId, entry);
    }
    entry.lanes.push({ lane, epoch, upTo, hash, credit: creditOf(lane, pressure) });
  }
  return [...due.values()];
};

export const sendAcknowledgements = (
  connection: Pick<NatsConnection, 'publish' | 'isClosed'>,
  due: readonly Due[],
  serverTime: number,
): void => {
  if (connection.isClosed()) return;
  for (const { device, lanes } of due) {
    const { tenantKey, site, deviceId, ingestSigner } = device;
    const subject = cloudSubjects.down(tenantKey, site, deviceId, 'ack');
    // Two epochs of a lane in one batch make more than an acknowledgement may hold.
    for (let start = 0; start < lanes.length; start += laneNames.length) {
      const acknowledgement: Acknowledgement = {
        device: deviceId,
        serverTime,
        lanes: lanes.slice(start, start + laneNames.length),
      };
      connection.publish(
        subject,
        sealEnvelope(payloadTypes.acknowledgement, acknowledgement, [ingestSigner]),
      );
    }
  }
};
