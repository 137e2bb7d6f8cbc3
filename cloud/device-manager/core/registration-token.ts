/**
 * Whether a registration token may still admit a device. Times are milliseconds since 1970.
 * The statement that counts a use repeats these conditions; this says in words why it found none.
 */
export type TokenFacts = {
  revokedAtMs: number | null;
  expiresAtMs: number;
  currentUses: number;
  maxUses: number;
};

export type Admission =
  | { kind: 'open' }
  | { kind: 'revoked' }
  | { kind: 'expired' }
  | { kind: 'used-up' };

/** Revoked comes first: what a person did explains more than what time did. */
export const admissionOf = (token: TokenFacts, nowMs: number): Admission => {
  if (token.revokedAtMs !== null) return { kind: 'revoked' };
  if (token.expiresAtMs <= nowMs) return { kind: 'expired' };
  if (token.currentUses >= token.maxUses) return { kind: 'used-up' };
  return { kind: 'open' };
};
