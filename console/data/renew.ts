/**
 * Renews the sign-in when its access token has run out: the cookie that does so is one no script can
 * read. However many requests find out at once, one renewal runs and all wait for it. A server that
 * does not answer, or is busy, has not said that the sign-in is over.
 */
export type Renewed = 'renewed' | 'ended' | 'unanswered';
export type Renew = () => Promise<Renewed>;

const saysEnded = [401, 403];

export const createRenewal = (): Renew => {
  let running: Promise<Renewed> | null = null;
  const renew = async (): Promise<Renewed> => {
    try {
      const response = await fetch('/api/auth/refresh', {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'content-type': 'application/json' },
        body: '{}',
        signal: AbortSignal.timeout(20_000),
      });
      if (response.ok) return 'renewed';
      return saysEnded.includes(response.status) ? 'ended' : 'unanswered';
    } catch {
      return 'unanswered';
    }
  };
  return () => {
    running ??= renew().finally(() => {
      running = null;
    });
    return running;
  };
};
