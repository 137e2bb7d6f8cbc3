/**
 * What a refresh token is worth, by its generation. Pure. Only the newest renews. The one before it
 * is taken for a moment more, because two tabs renew at the same time and an answer may get lost;
 * it gives an access token and nothing that renews again. Anything older was used by two: a thief
 * and its owner, and nobody can say which is which, so the sign-in ends.
 */

/** A sign-in ends when nothing was renewed for this long … */
export const idleMsMax = 12 * 3_600_000;
/** … and at the latest after this. */
export const sessionMsMax = 7 * 24 * 3_600_000;
export const graceMs = 10_000;

export type SessionState = { generation: number; renewedAtMs: number; createdAtMs: number };

export type Renewal =
  | { kind: 'renewed'; generation: number; expiresAtMs: number }
  | { kind: 'again' }
  | { kind: 'reused' };

export const sessionEndsAtMs = (createdAtMs: number, nowMs: number): number =>
  Math.min(nowMs + idleMsMax, createdAtMs + sessionMsMax);

export const renewalOf = (known: SessionState, generation: number, nowMs: number): Renewal => {
  if (generation === known.generation) {
    const expiresAtMs = sessionEndsAtMs(known.createdAtMs, nowMs);
    return { kind: 'renewed', generation: generation + 1, expiresAtMs };
  }
  const isLast = generation === known.generation - 1;
  return isLast && nowMs - known.renewedAtMs <= graceMs ? { kind: 'again' } : { kind: 'reused' };
};
