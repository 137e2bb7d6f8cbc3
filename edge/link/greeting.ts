/** The device's hello: where each lane stands, signed, with a nonce that only this greeting has. */
import { randomBytes } from 'node:crypto';
import { sealEnvelope } from '@signalbeam/sync/wire/dsse';
import type { Hello } from '@signalbeam/sync/wire/hello';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import type { UplinkParts } from './up.ts';

type Parts = Pick<UplinkParts, 'outbox' | 'device' | 'signer' | 'generation' | 'now'>;

export const createHello = (parts: Parts): { bytes: Uint8Array; nonce: string } => {
  const { outbox, device } = parts;
  const nonce = randomBytes(12).toString('hex');
  const hello: Hello = {
    device: device.deviceId,
    bootId: device.bootId,
    nonce,
    sentAt: parts.now(),
    agentVersion: device.agentVersion,
    generation: parts.generation(),
    lanes: outbox.lanes.map((lane) => {
      const { epoch, ackedSeq, lastSeq } = outbox.storeOf(lane).head(lane);
      return { lane, epoch, minSeq: ackedSeq, maxSeq: lastSeq, backlogRows: lastSeq - ackedSeq };
    }),
  };
  return { bytes: sealEnvelope(payloadTypes.hello, hello, [parts.signer]), nonce };
};
