/**
 * Registration tokens as text: `sbr_<prefix>_<secret>`. The secret has 160 random bits, so a salted
 * SHA-256 is enough at rest (argon2 is for passwords, which people choose). The prefix only finds
 * candidates; several may share it, and each is compared in constant time.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Crockford's alphabet, lower case: no i, l, o, u, for tokens that are read out and typed. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const prefixLength = 8;
const secretLength = 32;
const pattern = /^sbr_([0-9a-hjkmnp-tv-z]{8})_([0-9a-hjkmnp-tv-z]{32})$/;

/** What is stored of a secret. */
export type SecretHash = { salt: Buffer; secretHash: Buffer };

export type MadeToken = SecretHash & {
  /** The whole token: shown once, stored nowhere. */
  token: string;
  prefix: string;
};

const randomText = (length: number): string =>
  Array.from(randomBytes(length), (byte) => alphabet[byte & 31]).join('');

const hashOf = (salt: Buffer, secret: string): Buffer =>
  createHash('sha256').update(salt).update(secret).digest();

export const makeToken = (): MadeToken => {
  const prefix = randomText(prefixLength);
  const secret = randomText(secretLength);
  const salt = randomBytes(16);
  return { token: `sbr_${prefix}_${secret}`, prefix, salt, secretHash: hashOf(salt, secret) };
};

/** The part by which a token is found, or null when the text is no registration token. */
export const prefixOf = (token: string): string | null => pattern.exec(token)?.[1] ?? null;

export const matchesToken = (token: string, stored: SecretHash): boolean => {
  const secret = pattern.exec(token)?.[2];
  if (secret === undefined) return false;
  const given = hashOf(stored.salt, secret);
  return (
    given.byteLength === stored.secretHash.byteLength && timingSafeEqual(given, stored.secretHash)
  );
};
