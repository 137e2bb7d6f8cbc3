/** A device's keys from a seed's own chance: the nkey that rosters know, and the pair for sealing. */
import { Prefix } from '@nats-io/nkeys';
// The library's own entry makes keys by the system's chance alone; how one is spelled is in here.
import { Codec } from '@nats-io/nkeys/lib/codec.js';
import { createSealingPair, type Signer } from '@signalbeam/sync/wire/keys';

export type SiteIdentity = {
  nkey: string;
  signer: Signer;
  sealing: { publicKey: string; privateKey: string };
};

const nkeyOf = (publicKey: string): string =>
  Buffer.from(Codec.encode(Prefix.User, Buffer.from(publicKey, 'base64'))).toString('ascii');

export const identityOf = (signer: Signer): SiteIdentity => ({
  nkey: nkeyOf(signer.publicKey),
  signer,
  // Not from the seed: what is sealed with it has one length and is never compared.
  sealing: createSealingPair(),
});
