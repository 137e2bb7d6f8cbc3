/**
 * Clears away what only mattered for a while: expired sessions, invitations and sign-ups, old failed sign-ins,
 * changes of counts that can be folded, marks of who was never heard of; and tells of credentials that expire soon. Every replica may
 * do it; nothing depends on when.
 */
import { every } from '@signalbeam/platform/schedule/every';
import type { Platform } from '@signalbeam/platform/service';
import { countedMs } from './core/sign-up.ts';
import { sweepAuthentications } from './store/authentications.ts';
import { sweepWithdrawn } from './store/certificates.ts';
import { foldCounts } from './store/fleet-counts.ts';
import { sweepAttempts } from './store/identity-providers.ts';
import { sweepInvitations } from './store/invitations.ts';
import { sweepLogins } from './store/login-failures.ts';
import { sweepSessions } from './store/sessions.ts';
import { sweepSignUps } from './store/sign-ups.ts';
import { sweepGrants } from './store/site-grants.ts';
import { type MarkPlace, noteHeard } from './store/unheard.ts';
import { warnOfExpiry } from './warn-of-expiry.ts';

const intervalMs = 10 * 60_000;
/** Who had one, after its end; the audit log knows longer. */
const grantsKeptMs = 90 * 86_400_000;
const authenticationsKeptMs = 30 * 86_400_000;
/** A reader adds up what was not folded yet: at some thousand rows it would feel it. */
const foldIntervalMs = 10_000;

type Parts = Pick<Platform, 'pools' | 'log' | 'now'>;

export const sweep = async ({
  pools,
  now,
}: Parts): Promise<
  Record<
    | 'sessions'
    | 'logins'
    | 'invitations'
    | 'signUps'
    | 'oidc'
    | 'grants'
    | 'authentications'
    | 'certificates',
    number
  >
> => ({
  sessions: await sweepSessions(pools.system, new Date(now())),
  logins: await sweepLogins(pools.system, now()),
  invitations: await sweepInvitations(pools.system, new Date(now())),
  signUps: await sweepSignUps(pools.system, new Date(now() - countedMs)),
  oidc: await sweepAttempts(pools.system, new Date(now())),
  grants: await sweepGrants(pools.system, new Date(now() - grantsKeptMs)),
  authentications: await sweepAuthentications(
    pools.system,
    new Date(now() - authenticationsKeptMs),
  ),
  certificates: await sweepWithdrawn(pools.system, new Date(now())),
});

export const startSweeping = (parts: Parts): { stop: () => Promise<void> } => {
  const { log, pools } = parts;
  const again = (ms: number, work: () => Promise<unknown>, failure: string) =>
    every(ms, work, (error) => log.warn({ error }, failure));
  let after: MarkPlace | null = null;
  const noteSome = async (): Promise<void> => {
    after = (await noteHeard(pools.system, after)).next;
  };
  const loops = [
    again(intervalMs, () => sweep(parts), 'sweeping failed'),
    again(intervalMs, () => warnOfExpiry(parts), 'warning of expiry failed'),
    again(foldIntervalMs, () => foldCounts(pools.system), 'counts could not be folded'),
    again(foldIntervalMs, noteSome, 'who was heard of could not be noted'),
  ];
  return { stop: async () => void (await Promise.all(loops.map(({ stop }) => stop()))) };
};
