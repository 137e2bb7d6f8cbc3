/**
 * The notary of a site with a mesh: records are real envelopes under Ed25519, because the code that
 * judges them opens them itself; frames, greetings and acknowledgements are sealed as the seed has it.
 */
import type { Random } from '../kernel/random.ts';
import { createCheapNotary } from './cheap-notary.ts';
import type { Notary } from './notary.ts';
import { Parcel } from './parcel.ts';
import { createRealNotary } from './real-notary.ts';

export const createSiteNotary = (random: Random): Notary => {
  const real = createRealNotary(random);
  const cheap = createCheapNotary(random, real.signer);
  return {
    ...cheap,
    records: real.records,
    sealDesired: real.sealDesired,
    sealRelease: real.sealRelease,
    tamper: (bytes) => (bytes instanceof Parcel ? cheap : real).tamper(bytes),
  };
};
