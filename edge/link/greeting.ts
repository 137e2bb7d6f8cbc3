/** The device's hello: where each lane stands, signed, with a nonce that only this greeting has. */
import type { Hello } from '@signalbeam/sync/wire/hello';
import type { UplinkCodec } from './codec.ts';
import type { UplinkParts } from './up.ts';

type Parts = Pick<UplinkParts, 'outbox' | 'device' | 'signer' | 'generation' | 'now'> & {
  codec: UplinkCodec;
};

export const createHello = (parts: Parts): { bytes: Uint8Array; nonce: string } => {
  const { outbox, device, codec } = parts;
  const nonce = codec.nonce();
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
  return { bytes: codec.sealHello(hello, parts.signer), nonce };
};
