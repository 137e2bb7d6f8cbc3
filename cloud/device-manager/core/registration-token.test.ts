/** A token's life, at its edges. */
import { expect, test } from 'vitest';
import { admissionOf } from './registration-token.ts';

const token = { revokedAtMs: null, expiresAtMs: 1_000, currentUses: 0, maxUses: 1 };

test('it is open until the millisecond of its expiry', () => {
  expect(admissionOf(token, 999)).toEqual({ kind: 'open' });
  expect(admissionOf(token, 1_000)).toEqual({ kind: 'expired' });
});

test('its last use closes it', () => {
  expect(admissionOf({ ...token, currentUses: 1 }, 0)).toEqual({ kind: 'used-up' });
  expect(admissionOf({ ...token, currentUses: 1, maxUses: 2 }, 0)).toEqual({ kind: 'open' });
});

test('what a person did is said before what time did', () => {
  const revoked = { ...token, revokedAtMs: 5, currentUses: 1 };
  expect(admissionOf(revoked, 5_000)).toEqual({ kind: 'revoked' });
});
