/** The notary of one seed in a hundred: the envelopes, frames and Ed25519 keys of `sync/wire`. */
import { sealEnvelope, type TrustedKey } from '@signalbeam/sync/wire/dsse';
import { packFrame, unpackFrame } from '@signalbeam/sync/wire/frame';
import { openAcknowledgement, openHello, openWelcome } from '@signalbeam/sync/wire/hello';
import { publicKeyFromRaw, type Signer, signerFromSeed } from '@signalbeam/sync/wire/keys';
import {
  openDesired,
  openRelease,
  payloadTypes,
  releaseDigestOf,
} from '@signalbeam/sync/wire/records';
import type { Random } from '../kernel/random.ts';
import type { Notary } from './notary.ts';

export const createRealNotary = (random: Random): Notary => {
  const signers = new Map<string, Signer>();
  const publicKeys = new Map<string, ReturnType<typeof publicKeyFromRaw>>();
  const publicKeyOf = (key: TrustedKey) => {
    const known = publicKeys.get(key.keyId);
    if (known !== undefined) return known;
    const made = publicKeyFromRaw(Buffer.from(key.publicKey, 'base64'));
    publicKeys.set(key.keyId, made);
    return made;
  };
  return {
    kind: 'real',
    signer: (name) => {
      const known = signers.get(name);
      if (known !== undefined) return known;
      const made = signerFromSeed(Uint8Array.from({ length: 32 }, () => random.int(256)));
      signers.set(name, made);
      return made;
    },
    codec: (nonce) => ({
      nonce,
      sealHello: (hello, by) => sealEnvelope(payloadTypes.hello, hello, [by]),
      packFrame,
      openWelcome,
      openAcknowledgement,
    }),
    records: { openDesired, openRelease, releaseDigestOf },
    openHello,
    unpackFrame: (bytes, key) => unpackFrame(bytes, publicKeyOf(key)),
    sealWelcome: (value, by) => sealEnvelope(payloadTypes.welcome, value, [by]),
    sealAcknowledgement: (value, by) => sealEnvelope(payloadTypes.acknowledgement, value, [by]),
    sealDesired: (value, by) => sealEnvelope(payloadTypes.desired, value, [by]),
    sealRelease: (value, by) => sealEnvelope(payloadTypes.release, value, [by]),
    tamper: (bytes) => {
      const changed = Uint8Array.from(bytes);
      const at = random.int(changed.length);
      changed[at] = (changed[at] ?? 0) ^ (1 << random.int(8));
      return changed;
    },
  };
};
