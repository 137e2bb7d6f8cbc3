/**
 * A device's one Ed25519 key in NATS's spelling (`U…` public, `SU…` seed) and as raw bytes.
 * The spelling and its checksum are nkeys' business; here only the raw bytes are taken out.
 */
import type { KeyObject } from 'node:crypto';
import { createUser, fromPublic, fromSeed } from '@nats-io/nkeys';
import { privateKeyFromSeed, type Signer, signerFromSeed } from './keys.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const base32Decode = (text: string): Buffer => {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of text) {
    held = (held << 5) | alphabet.indexOf(letter);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 0xff);
      held &= (1 << bits) - 1;
    }
  }
  return Buffer.from(bytes);
};

/** The 32 raw bytes behind a public nkey, or null when it is not a valid user key. */
export const rawPublicKey = (nkey: string): Uint8Array | null => {
  if (!/^U[A-Z2-7]{55}$/.test(nkey)) return null;
  try {
    fromPublic(nkey);
  } catch {
    return null;
  }
  return base32Decode(nkey).subarray(1, 33);
};

/** Makes a device key: its public nkey and the seed that must stay in a 0600 file. */
export const createDeviceKey = (): { nkey: string; seed: string } => {
  const pair = createUser();
  return { nkey: pair.getPublicKey(), seed: Buffer.from(pair.getSeed()).toString('ascii') };
};

/** The public nkey of a seed. Throws when the seed is damaged. */
export const nkeyOfSeed = (seed: string): string =>
  fromSeed(Buffer.from(seed, 'ascii')).getPublicKey();

/** The signer behind a seed in NATS's spelling. Throws when the seed is damaged. */
export const signerFromNkeySeed = (seed: string): Signer => signerFromSeed(rawSeed(seed));

/** The private key itself, for TLS, which signs by itself. Throws when the seed is damaged. */
export const privateKeyFromNkeySeed = (seed: string): KeyObject =>
  privateKeyFromSeed(rawSeed(seed));

const rawSeed = (seed: string): Uint8Array => {
  fromSeed(Buffer.from(seed, 'ascii'));
  return base32Decode(seed).subarray(2, 34);
};
