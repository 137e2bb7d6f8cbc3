/** What people compare when they approve a device: short, unambiguous, of its public key. */
import { createHash } from 'node:crypto';

/** Crockford's alphabet: no I, L, O, U. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** `7K3M-Q2ZD-91HA-XW5T`: 80 bits of SHA-256 over the public nkey. */
export const fingerprintOf = (nkey: string): string => {
  const hash = createHash('sha256').update(nkey).digest();
  const letters = Array.from({ length: 16 }, (_, index) => {
    const bit = index * 5;
    const pair = ((hash[bit >> 3] ?? 0) << 8) | (hash[(bit >> 3) + 1] ?? 0);
    return alphabet[(pair >> (11 - (bit & 7))) & 31];
  });
  return [0, 4, 8, 12].map((start) => letters.slice(start, start + 4).join('')).join('-');
};
