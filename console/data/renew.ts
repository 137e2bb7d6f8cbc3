/**
 * Renews the sign-in when its access token has run out: the cookie that does so is one no script can
 * read. However many requests find out at once, one renewal runs and all wait for it.
 */
export type Renew = () => Promise<boolean>;

export const createRenewal = (): Renew => {
  let running: Promise<boolean> | null = null;
  const renew = async (): Promise<boolean> => {
    try {
      const response = await fetch('/api/auth/refresh', {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'content-type': 'application/json' },
        body: '{}',
        signal: AbortSignal.timeout(20_000),
      });
      return response.ok;
    } catch {
      return false;
    }
  };
  return () => {
    running ??= renew().finally(() => {
      running = null;
    });
    return running;
  };
};
