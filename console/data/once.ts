/**
 * What was to be made and not answered may be there all the same. Asked again in the same words within a few
 * minutes it has the same key, so the cloud answers what it made instead of making another. Verbs have none:
 * they do no more when asked twice, and an answer of before must not stand for what is meant now.
 */
const makesSomething =
  /^\/api\/(?:registration-tokens|groups|users\/invitations|service-accounts|bundles|rollouts|secrets|alert-rules|alert-silences|notification-channels|artifacts\/links)$|\/(?:api-keys|tokens|grants|versions)$/;
/** Later it is another wish. */
const sameWishMs = 120_000;

/** Other answers say that it was not done, or what was. */
const isOpen = (status: number, code: string): boolean =>
  status >= 500 || code === 'request-in-progress';

const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');

export const createOnce = () => {
  const unanswered = new Map<string, { key: string; at: number }>();
  return {
    /** Null where a repeat does no harm. */
    keyFor: (method: string, path: string, body: string, at: number): string | null => {
      if (method !== 'POST' || !makesSomething.test(path)) return null;
      const asked = `${path} ${body}`;
      const before = unanswered.get(asked);
      const key = before !== undefined && at - before.at < sameWishMs ? before.key : newKey();
      unanswered.set(asked, { key, at });
      return key;
    },
    answered: (path: string, body: string, status: number, code: string): void => {
      if (!isOpen(status, code)) unanswered.delete(`${path} ${body}`);
    },
  };
};
