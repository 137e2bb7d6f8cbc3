/**
 * Sealing to one holder of an X25519 key: a key pair made for the occasion, HKDF, AES-256-GCM. What a
 * box is for is bound into it, and must name the ephemeral key and the holder: then each box has a key
 * of its own, used once, and opens nowhere else.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';

export const tagBytes = 16;
/** Each box has a key of its own, used once, so its nonce may be constant. */
const nonce = Buffer.alloc(12);

/** Both halves raw, in base64. */
export type SealingPair = { publicKey: string; privateKey: string };

const toUrl = (raw: string): string => Buffer.from(raw, 'base64').toString('base64url');
const publicFrom = (raw: string): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: toUrl(raw) }, format: 'jwk' });
/** Making the object costs more than agreeing on a secret, and a device has one pair for its life. */
const remembered = new WeakMap<SealingPair, KeyObject>();
const privateFrom = (pair: SealingPair): KeyObject => {
  const known = remembered.get(pair);
  if (known !== undefined) return known;
  const { publicKey, privateKey } = pair;
  const made = createPrivateKey({
    key: { kty: 'OKP', crv: 'X25519', x: toUrl(publicKey), d: toUrl(privateKey) },
    format: 'jwk',
  });
  remembered.set(pair, made);
  return made;
};

const boxKey = (shared: Buffer, purpose: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', shared, Buffer.alloc(0), purpose, 32));

export const ephemeralPair = (): { privateKey: KeyObject; ephemeralKey: string } => {
  const pair = generateKeyPairSync('x25519');
  const x = String(pair.publicKey.export({ format: 'jwk' }).x);
  return {
    privateKey: pair.privateKey,
    ephemeralKey: Buffer.from(x, 'base64url').toString('base64'),
  };
};

/** Null for a sealing key that is no point to agree on: its owner gets no box, the others do. */
const sharedWith = (privateKey: KeyObject, sealingKey: string): Buffer | null => {
  try {
    return diffieHellman({ privateKey, publicKey: publicFrom(sealingKey) });
  } catch {
    return null;
  }
};

/** The ciphertext and its tag; null when `sealingKey` is no key. */
export const sealBox = (
  plain: Uint8Array,
  purpose: Buffer,
  privateKey: KeyObject,
  sealingKey: string,
): Buffer | null => {
  const shared = sharedWith(privateKey, sealingKey);
  if (shared === null) return null;
  const cipher = createCipheriv('aes-256-gcm', boxKey(shared, purpose), nonce);
  cipher.setAAD(purpose);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
};

/** Null when it was sealed to somebody else, for something else, or was changed. */
export const openBox = (
  sealed: Uint8Array,
  purpose: Buffer,
  sealing: SealingPair,
  ephemeralKey: string,
): Buffer | null => {
  const bodyBytes = sealed.byteLength - tagBytes;
  if (bodyBytes < 0) return null;
  try {
    const shared = diffieHellman({
      privateKey: privateFrom(sealing),
      publicKey: publicFrom(ephemeralKey),
    });
    const decipher = createDecipheriv('aes-256-gcm', boxKey(shared, purpose), nonce, {
      authTagLength: tagBytes,
    });
    decipher.setAAD(purpose);
    decipher.setAuthTag(sealed.subarray(bodyBytes));
    return Buffer.concat([decipher.update(sealed.subarray(0, bodyBytes)), decipher.final()]);
  } catch {
    return null;
  }
};
