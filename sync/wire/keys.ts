/**
 * Ed25519 keys as the wire knows them: 32 raw bytes in base64, named by a hash of themselves.
 * Private keys stay behind `Signer`, so that nothing else ever holds their bytes.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';

/** Signs with a key it does not show. `sign` is synchronous: 29,000 a second on one core. */
export type Signer = {
  keyId: string;
  /** 32 raw bytes, base64. */
  publicKey: string;
  sign: (bytes: Uint8Array) => Uint8Array;
};

/** PKCS #8 header of an Ed25519 seed (RFC 8410); Node reads raw seeds in no other way. */
const pkcs8Header = Buffer.from('302e020100300506032b657004220420', 'hex');

/** First 16 bytes of SHA-256 over the raw public key, in hex: names a key in envelopes. */
export const keyIdOf = (publicKeyRaw: Uint8Array): string =>
  createHash('sha256').update(publicKeyRaw).digest('hex').slice(0, 32);

/** A key object for verification, from 32 raw bytes. Throws on any other length. */
export const publicKeyFromRaw = (raw: Uint8Array): KeyObject => {
  if (raw.byteLength !== 32) throw new RangeError('an Ed25519 public key has 32 bytes');
  return createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') },
    format: 'jwk',
  });
};

/** A device knows a dozen keys; a cloud that meets more than so many builds some of them anew. */
const rememberedMax = 512;
const remembered = new Map<string, KeyObject>();

/**
 * The same from base64, as trusted keys are written. Making the object costs as much as the
 * verification it is for, and the same few keys verify everything, so it is kept.
 */
export const publicKeyFromText = (text: string): KeyObject => {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const made = publicKeyFromRaw(Buffer.from(text, 'base64'));
  if (remembered.size >= rememberedMax) remembered.clear();
  remembered.set(text, made);
  return made;
};

/** The private key behind a 32-byte Ed25519 seed. */
export const privateKeyFromSeed = (seed: Uint8Array): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([pkcs8Header, seed]),
    format: 'der',
    type: 'pkcs8',
  });

/** A signer over a 32-byte Ed25519 seed. */
export const signerFromSeed = (seed: Uint8Array): Signer => {
  const privateKey = privateKeyFromSeed(seed);
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
  const raw = Buffer.from(String(jwk.x), 'base64url');
  return {
    keyId: keyIdOf(raw),
    publicKey: raw.toString('base64'),
    sign: (bytes) => sign(null, bytes, privateKey),
  };
};

/** A fresh seed: 32 random bytes. */
export const createSeed = (): Uint8Array => randomBytes(32);

/** True when `signature` was made over exactly `bytes` by the holder of the key. */
export const verifySignature = (
  publicKey: KeyObject,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean => signature.byteLength === 64 && verify(null, bytes, publicKey, signature);

/** An X25519 pair, both halves raw in base64: what is sealed for a device is sealed to this. */
export const createSealingPair = (): { privateKey: string; publicKey: string } => {
  const pair = generateKeyPairSync('x25519');
  const jwk = pair.privateKey.export({ format: 'jwk' });
  const raw = (part: string | undefined) =>
    Buffer.from(String(part), 'base64url').toString('base64');
  return { privateKey: raw(jwk.d), publicKey: raw(jwk.x) };
};
