/** One device key under two spellings, and what is no key. */
import { fromSeed } from '@nats-io/nkeys';
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from './fingerprint.ts';
import { publicKeyFromRaw, verifySignature } from './keys.ts';
import { createDeviceKey, rawPublicKey, signerFromNkeySeed } from './nkey.ts';

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

  it('has a fingerprint that people can read out', () => {
    expect(fingerprintOf(nkey)).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
    expect(fingerprintOf(createDeviceKey().nkey)).not.toBe(fingerprintOf(nkey));
  });
});
