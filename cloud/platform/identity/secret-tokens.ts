/**
 * Opaque tokens of the form `<kind>_<prefix>_<secret>`: found by the prefix, held against a salted
 * hash. The secret has 256 random bits, so one round of SHA-256 is enough: there is nothing to guess.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export type SecretHash = { salt: Buffer; hash: Buffer };

const hashOf = (secret: string, salt: Uint8Array): Buffer =>
  createHash('sha256').update(salt).update(secret).digest();

export const secretTokens = (kind: string) => {
  const pattern = new RegExp(`^${kind}_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$`);
  return {
    /** A new one: `text` is shown once, the rest is stored. */
    create: (): { text: string; prefix: string } & SecretHash => {
      const prefix = randomBytes(6).toString('hex');
      const secret = randomBytes(32).toString('base64url');
      const salt = randomBytes(16);
      return { text: `${kind}_${prefix}_${secret}`, prefix, salt, hash: hashOf(secret, salt) };
    },
    /** The part by which it is found, or null when the text is none of this kind. */
    prefixOf: (text: string): string | null => pattern.exec(text)?.[1] ?? null,
    matches: (text: string, stored: SecretHash): boolean => {
      const secret = pattern.exec(text)?.[2];
      if (secret === undefined) return false;
      const given = hashOf(secret, stored.salt);
      return given.byteLength === stored.hash.byteLength && timingSafeEqual(given, stored.hash);
    },
  };
};

/** Of programs: service accounts. */
export const serviceTokens = secretTokens('sbs');
