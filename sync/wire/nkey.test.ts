/** One device key under two spellings, and what is no key. */
import { createAccount, createUser, fromPublic, fromSeed } from '@nats-io/nkeys';
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from './fingerprint.ts';
import { publicKeyFromRaw, verifySignature } from './keys.ts';
import {
  createDeviceKey,
  nkeyOfSeed,
  pairOfSeed,
  rawPublicKey,
  signerFromNkeySeed,
} from './nkey.ts';

describe('a device key', () => {
  const { nkey, seed } = createDeviceKey();

  it('is one key for NATS and for signatures', () => {
    const signer = signerFromNkeySeed(seed);
    const raw = rawPublicKey(nkey);
    expect(raw && Buffer.from(raw).toString('base64')).toBe(signer.publicKey);
    const bytes = Buffer.from('said');
    const byNats = fromSeed(Buffer.from(seed)).sign(bytes);
    expect(Buffer.from(byNats)).toEqual(Buffer.from(signer.sign(bytes)));
    expect(verifySignature(publicKeyFromRaw(raw ?? new Uint8Array()), bytes, byNats)).toBe(true);
  });

  it('is refused when it is damaged, of another kind, or not one at all', () => {
    const damaged = `${nkey.slice(0, -1)}${nkey.endsWith('A') ? 'B' : 'A'}`;
    for (const wrong of [damaged, nkey.replace(/^U/, 'A'), nkey.toLowerCase(), '', `${nkey}A`]) {
      expect(rawPublicKey(wrong)).toBeNull();
    }
    expect(() => signerFromNkeySeed(`${seed.slice(0, -2)}AA`)).toThrow();
  });

  it('is spelled as the library of NATS spells it', () => {
    for (let count = 0; count < 50; count += 1) {
      const pair = createUser();
      expect(nkeyOfSeed(Buffer.from(pair.getSeed()).toString())).toBe(pair.getPublicKey());
    }
  });

  it('signs for the encoders of the library as its own pair does', () => {
    const own = createAccount();
    const pair = pairOfSeed(Uint8Array.from(own.getSeed()));
    const bytes = Buffer.from('claims');
    expect(pair.getPublicKey()).toBe(own.getPublicKey());
    expect(Buffer.from(pair.sign(bytes))).toEqual(Buffer.from(own.sign(bytes)));
    expect(fromPublic(pair.getPublicKey()).verify(bytes, pair.sign(bytes))).toBe(true);
    expect(pair.getSeed()).toEqual(own.getSeed());
  });

  it('has a fingerprint that people can read out', () => {
    expect(fingerprintOf(nkey)).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
    expect(fingerprintOf(createDeviceKey().nkey)).not.toBe(fingerprintOf(nkey));
  });
});
