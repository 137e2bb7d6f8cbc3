/**
 * Refresh tokens: `sbf_<session>_<generation>_<proof>`. The proof is a MAC under a key that is not in
 * the database, so nothing that could be stolen there renews a sign-in, and who presents an older
 * generation did hold it once. What each generation is worth, the session's row says.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Kek } from '../keys/kek.ts';

export type RefreshClaim = { sessionId: string; generation: number };

const pattern = /^sbf_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_([1-9][0-9]{0,8})_([\w-]{43})$/;

export const refreshKey = (kek: Kek): Buffer => kek.derive('signalbeam refresh tokens 1');

const proofOf = (key: Buffer, { sessionId, generation }: RefreshClaim): Buffer =>
  createHmac('sha256', key).update(`${sessionId} ${generation}`).digest();

export const issueRefreshToken = (key: Buffer, claim: RefreshClaim): string =>
  `sbf_${claim.sessionId}_${claim.generation}_${proofOf(key, claim).toString('base64url')}`;

/** Null when it is none that was issued here. */
export const readRefreshToken = (key: Buffer, token: string): RefreshClaim | null => {
  const [, sessionId, generation, proof] = pattern.exec(token) ?? [];
  if (sessionId === undefined || proof === undefined) return null;
  const claim = { sessionId, generation: Number(generation) };
  const given = Buffer.from(proof, 'base64url');
  const right = proofOf(key, claim);
  return given.byteLength === right.byteLength && timingSafeEqual(given, right) ? claim : null;
};
