/**
 * API keys of simple clients: `sbk_<prefix>_<secret>`. Only a salted hash is kept. The secret has
 * 256 random bits, so one round of SHA-256 is enough: there is nothing to guess.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export type ApiKeyHash = { salt: Buffer; hash: Buffer };

const pattern = /^sbk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

const hashOf = (secret: string, salt: Uint8Array): Buffer =>
  createHash('sha256').update(salt).update(secret).digest();

/** A new key: `apiKey` is shown once, the rest is stored. */
export const createApiKey = (): { apiKey: string; prefix: string } & ApiKeyHash => {
  const prefix = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  const salt = randomBytes(16);
  return { apiKey: `sbk_${prefix}_${secret}`, prefix, salt, hash: hashOf(secret, salt) };
};

/** The part by which a key is found, or null when the text is no API key. */
export const apiKeyPrefix = (apiKey: string): string | null => pattern.exec(apiKey)?.[1] ?? null;

export const matchesApiKey = (apiKey: string, stored: ApiKeyHash): boolean => {
  const secret = pattern.exec(apiKey)?.[2];
  if (secret === undefined) return false;
  const given = hashOf(secret, stored.salt);
  return given.byteLength === stored.hash.byteLength && timingSafeEqual(given, stored.hash);
};
