/**
 * Who is signed in at this device's console: random tokens in memory, so a restart signs everybody
 * out. Guessing is slowed per address and for all addresses together.
 */
import { createHash, randomBytes } from 'node:crypto';

const sessionMs = 8 * 3_600_000;
const sessionsMax = 32;
const windowMs = 60_000;
const triesPerAddress = 5;
const triesInAll = 20;

export type Sessions = ReturnType<typeof createSessions>;

export const createSessions = (now: () => number) => {
  const sessions = new Map<string, number>();
  let tries: { address: string; at: number }[] = [];

  const nameOf = (token: string): string => createHash('sha256').update(token).digest('hex');
  const forgetOld = (): void => {
    for (const [name, expiresAt] of sessions) if (expiresAt <= now()) sessions.delete(name);
    tries = tries.filter(({ at }) => at > now() - windowMs);
  };
  return {
    open: (): { token: string; expiresAt: number } => {
      forgetOld();
      const oldest = sessions.keys().next().value;
      if (sessions.size >= sessionsMax && oldest !== undefined) sessions.delete(oldest);
      const token = randomBytes(32).toString('base64url');
      const expiresAt = now() + sessionMs;
      sessions.set(nameOf(token), expiresAt);
      return { token, expiresAt };
    },
    /** When it ends, or null for no session. */
    expiry: (token: string | undefined): number | null => {
      forgetOld();
      return token === undefined ? null : (sessions.get(nameOf(token)) ?? null);
    },
    close: (token: string): void => void sessions.delete(nameOf(token)),
    /** False when this address, or all together, tried too often; true counts as a try. */
    mayTry: (address: string): boolean => {
      forgetOld();
      const own = tries.filter((each) => each.address === address).length;
      if (own >= triesPerAddress || tries.length >= triesInAll) return false;
      tries.push({ address, at: now() });
      return true;
    },
  };
};
