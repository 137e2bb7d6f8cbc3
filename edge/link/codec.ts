/**
 * How the uplink's messages become bytes and are believed: sealing, opening, nonces. One codec is
 * real, over `sync/wire`; the loops are given it, so that they run with cheaper ones too. Whoever
 * opens verifies: a codec never gives a value that its signer did not sign.
 */
import { randomBytes } from 'node:crypto';
import { type Opened, sealEnvelope } from '@signalbeam/sync/wire/dsse';
import { type Frame, packFrame } from '@signalbeam/sync/wire/frame';
import {
  type Acknowledgement,
  type Hello,
  openAcknowledgement,
  openWelcome,
  type Welcome,
} from '@signalbeam/sync/wire/hello';
import type { Signer } from '@signalbeam/sync/wire/keys';
import { payloadTypes, type RoleKeys } from '@signalbeam/sync/wire/records';

export type UplinkCodec = {
  /** Fresh for each greeting. */
  nonce(): string;
  sealHello(hello: Hello, signer: Signer): Uint8Array;
  packFrame(frame: Frame, signer: Signer): Uint8Array;
  openWelcome(bytes: Uint8Array, keyset: RoleKeys): Opened<Welcome>;
  openAcknowledgement(bytes: Uint8Array, keyset: RoleKeys): Opened<Acknowledgement>;
};

export const wireCodec: UplinkCodec = {
  nonce: () => randomBytes(12).toString('hex'),
  sealHello: (hello, signer) => sealEnvelope(payloadTypes.hello, hello, [signer]),
  packFrame,
  openWelcome,
  openAcknowledgement,
};
