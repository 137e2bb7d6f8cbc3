/**
 * Signing and verifying as a port: real Ed25519 envelopes and frames in few seeds, a keyed hash over
 * the same content in most. Both refuse what was not sealed by a trusted key, or was changed since.
 */
import type { RecordReader } from '@signalbeam/edge/agent/records';
import type { UplinkCodec } from '@signalbeam/edge/link/codec';
import type { Desired, Release } from '@signalbeam/sync/core/manifest';
import type { Opened, TrustedKey } from '@signalbeam/sync/wire/dsse';
import type { UnpackedFrame } from '@signalbeam/sync/wire/frame';
import type { Acknowledgement, Hello, Welcome } from '@signalbeam/sync/wire/hello';
import type { Signer } from '@signalbeam/sync/wire/keys';

export type Notary = {
  kind: 'cheap' | 'real';
  /** A key pair by name; the same name gives the same one within a seed. */
  signer(name: string): Signer;
  codec(nonce: () => string): UplinkCodec;
  records: RecordReader;
  openHello(bytes: Uint8Array, key: TrustedKey): Opened<Hello>;
  unpackFrame(bytes: Uint8Array, key: TrustedKey): UnpackedFrame;
  sealWelcome(welcome: Welcome, by: Signer): Uint8Array;
  sealAcknowledgement(acknowledgement: Acknowledgement, by: Signer): Uint8Array;
  sealDesired(desired: Desired, by: Signer): Uint8Array;
  sealRelease(release: Release, by: Signer): Uint8Array;
  /** The same message with something changed on the way. */
  tamper(bytes: Uint8Array): Uint8Array;
};

/** The trusted half of a signer. */
export const trusted = ({ keyId, publicKey }: Signer): TrustedKey => ({ keyId, publicKey });
