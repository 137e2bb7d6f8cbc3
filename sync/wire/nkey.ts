/**
 * A device's one Ed25519 key in NATS's spelling (`U…` public, `SU…` seed) and as raw bytes. The nkeys
 * library judges a spelling; what is computed with a key is Node's, since in the library's JavaScript a
 * public key or a signature takes a hundred times as long.
 */
import type { KeyObject } from 'node:crypto';
import { createUser, fromPublic, fromSeed, type KeyPair, Prefix } from '@nats-io/nkeys';
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

const base32Encode = (bytes: Uint8Array): string => {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31];
};

/** CRC-16 as XMODEM has it: what ends each nkey, the low byte first. */
const checksum = (bytes: Uint8Array): number => {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ ((crc & 0x8000) === 0 ? 0 : 0x1021);
    crc &= 0xffff;
  }
  return crc;
};

const spell = (prefix: number, raw: Uint8Array): string => {
  const said = Buffer.from([prefix, ...raw]);
  const crc = checksum(said);
  return base32Encode(Buffer.concat([said, Buffer.from([crc & 0xff, crc >> 8])]));
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
  const seed = Buffer.from(createUser().getSeed()).toString('ascii');
  return { nkey: nkeyOfSeed(seed), seed };
};

/** The public nkey of a user's seed. Throws when the seed is damaged. */
export const nkeyOfSeed = (seed: string): string =>
  spell(Prefix.User, Buffer.from(signerFromNkeySeed(seed).publicKey, 'base64'));

/** The library's pair of a seed, for its encoders of JWTs: it knows its name, and Node signs. */
export const pairOfSeed = (seed: Uint8Array): KeyPair => {
  const pair = fromSeed(seed);
  const publicKey = pair.getPublicKey();
  const { sign } = signerFromNkeySeed(Buffer.from(seed).toString('ascii'));
  // Asked for before each signature, to see whether there is one.
  const privateKey = pair.getPrivateKey();
  return {
    getPublicKey: () => publicKey,
    getPrivateKey: () => privateKey,
    getSeed: () => pair.getSeed(),
    sign,
    verify: (input, signature) => pair.verify(input, signature),
    clear: () => pair.clear(),
    seal: (input, recipient, nonce) => pair.seal(input, recipient, nonce),
    open: (input, sender) => pair.open(input, sender),
  };
};

/** The signer behind a seed in NATS's spelling. Throws when the seed is damaged. */
export const signerFromNkeySeed = (seed: string): Signer => signerFromSeed(rawSeed(seed));

/** The private key itself, for TLS, which signs by itself. Throws when the seed is damaged. */
export const privateKeyFromNkeySeed = (seed: string): KeyObject =>
  privateKeyFromSeed(rawSeed(seed));

const rawSeed = (seed: string): Uint8Array => {
  fromSeed(Buffer.from(seed, 'ascii'));
  return base32Decode(seed).subarray(2, 34);
};
