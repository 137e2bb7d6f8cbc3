/**
 * Who is signed in at this device's console: random tokens in memory, so a restart signs everybody
 * out. Whoever came by a grant is out when that ends or is taken back. Guessing is slowed per address
 * and for all addresses together.
 */
import { createHash, randomBytes } from 'node:crypto';

const sessionMs = 8 * 3_600_000;
const sessionsMax = 32;
const windowMs = 60_000;
const triesPerAddress = 5;
const triesInAll = 20;

export type Sessions = ReturnType<typeof createSessions>;

/** By whose grant; null by a code from the device. */
export type SignedIn = { grantId: string; name: string; expiresAtMs: number } | null;

export const createSessions = (
  now: () => number,
  isRevoked: (grantId: string) => boolean = () => false,
) => {
  const sessions = new Map<string, { expiresAt: number; by: SignedIn }>();
  let tries: { address: string; at: number }[] = [];

  const nameOf = (token: string): string => createHash('sha256').update(token).digest('hex');
  const forgetOld = (): void => {
    for (const [name, { expiresAt }] of sessions) if (expiresAt <= now()) sessions.delete(name);
    tries = tries.filter(({ at }) => at > now() - windowMs);
  };
  return {
    open: (by: SignedIn = null): { token: string; expiresAt: number } => {
      forgetOld();
      const oldest = sessions.keys().next().value;
      if (sessions.size >= sessionsMax && oldest !== undefined) sessions.delete(oldest);
      const token = randomBytes(32).toString('base64url');
      const expiresAt = Math.min(now() + sessionMs, by?.expiresAtMs ?? Number.POSITIVE_INFINITY);
      sessions.set(nameOf(token), { expiresAt, by });
      return { token, expiresAt };
    },
    /** When it ends, or null for no session. */
    expiry: (token: string | undefined): number | null => {
      forgetOld();
      const session = token === undefined ? undefined : sessions.get(nameOf(token));
      if (token === undefined || session === undefined) return null;
      if (session.by === null || !isRevoked(session.by.grantId)) return session.expiresAt;
      sessions.delete(nameOf(token));
      return null;
    },
    /** Whose it is; null too when it came by a code from the device. */
    holder: (token: string | undefined): string | null =>
      token === undefined ? null : (sessions.get(nameOf(token))?.by?.name ?? null),
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
