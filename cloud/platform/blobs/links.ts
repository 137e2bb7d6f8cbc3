/**
 * Links that open one thing until a moment, for whoever holds them: a subject and an end under an
 * HMAC. Nothing is stored of one; whoever opens it asks besides whether its maker may still make it. Pure:
 * the key and the time are given.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a link carries besides its path. Whoever has both has the thing: a credential, not an id. */
export type LinkProof = { expires: string; signature: string };

export type LinkSigner = {
  /** The subject is what the link is for, word by word: `['blob', 'sha256:…']`. */
  sign: (subject: readonly string[], expiresAtMs: number) => LinkProof;
  judge: (subject: readonly string[], proof: LinkProof, nowMs: number) => LinkJudgement;
};
export type LinkJudgement = 'good' | 'expired' | 'forged';

export const createLinkSigner = (key: Uint8Array): LinkSigner => {
  // As JSON, so that no two lists of words are one text.
  const mac = (subject: readonly string[], expires: string): Buffer =>
    createHmac('sha256', key)
      .update(JSON.stringify([...subject, expires]))
      .digest();
  return {
    sign: (subject, expiresAtMs) => {
      const expires = String(Math.floor(expiresAtMs / 1_000));
      return { expires, signature: mac(subject, expires).toString('base64url') };
    },
    judge: (subject, { expires, signature }, nowMs) => {
      const given = Buffer.from(signature, 'base64url');
      const wanted = mac(subject, expires);
      // Judged before the end is read: only what was signed here says when it ends.
      if (given.byteLength !== wanted.byteLength || !timingSafeEqual(given, wanted)) {
        return 'forged';
      }
      return nowMs < Number(expires) * 1_000 ? 'good' : 'expired';
    },
  };
};
