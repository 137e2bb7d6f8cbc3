/**
 * Clears away what only mattered for a while: expired sessions and invitations, old failed sign-ins. Every
 * replica may do it; nothing depends on when.
 */
import type { Platform } from '@signalbeam/platform/service';
import { sweepAttempts } from './store/identity-providers.ts';
import { sweepInvitations } from './store/invitations.ts';
import { sweepLogins } from './store/login-failures.ts';
import { sweepSessions } from './store/sessions.ts';

const intervalMs = 10 * 60_000;

type Parts = Pick<Platform, 'pools' | 'log' | 'now'>;

export const sweep = async ({
  pools,
  now,
}: Parts): Promise<{ sessions: number; logins: number; invitations: number; oidc: number }> => ({
  sessions: await sweepSessions(pools.system, new Date(now())),
  logins: await sweepLogins(pools.system, now()),
  invitations: await sweepInvitations(pools.system, new Date(now())),
  oidc: await sweepAttempts(pools.system, new Date(now())),
});

export const startSweeping = (parts: Parts): { stop: () => Promise<void> } => {
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = sweep(parts).catch((error) => parts.log.warn({ error }, 'sweeping failed'));
  }, intervalMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
};
