/**
 * Sends the mails of sign-ups: rows in Postgres until the server took them, one after another, by
 * whichever replica claims them. What could not be sent is tried again later and later.
 */

import { mailMsMax, sendMail } from '@signalbeam/platform/outside/mail';
import { createReach, type Reach } from '@signalbeam/platform/outside/reach';
import { every } from '@signalbeam/platform/schedule/every';
import type { Platform } from '@signalbeam/platform/service';
import { nextTryMs, signUpMail } from './core/sign-up.ts';
import { signUpSecret } from './sign-up.ts';
import { claimMail, setMailDue } from './store/sign-ups.ts';

/** A mail waits this long at most; the table's index makes a look at nothing cheap. */
const lookMs = 2_000;

type Parts = Pick<Platform, 'config' | 'kek' | 'log' | 'now' | 'pools'>;

/** Sends what is due; answers whether there was something. */
export const mailNextSignUp = async (parts: Parts, through?: Reach): Promise<boolean> => {
  const { config, kek, log } = parts;
  const sql = parts.pools.system;
  if (config.signUp === null) return false;
  const { mail: server, publicUrl } = config.signUp;
  const nowMs = parts.now();
  const due = await claimMail(sql, new Date(nowMs), new Date(nowMs + 2 * mailMsMax));
  if (due === null) return false;
  const link = `${publicUrl}/sign-up#${signUpSecret(kek, due.id)}`;
  const words = signUpMail(due.isKnown ? { known: true } : { link }, publicUrl);
  const { password, ...settings } = server;
  const outcome = await sendMail(
    { id: due.id, ...words, html: null, thread: null },
    {
      ...{ settings: { ...settings, to: [due.email] }, password },
      reach: through ?? createReach(publicUrl, config.notifyNetworks),
    },
  );
  const next = outcome.kind === 'failed' ? nextTryMs(due.tries, parts.now()) : null;
  await setMailDue(sql, due.id, next === null ? null : new Date(next));
  if (outcome.kind !== 'delivered') {
    // Not to whom: logs are no list of addresses.
    log.warn({ reason: outcome.reason, again: next !== null }, 'a mail of a sign-up was not sent');
  }
  return true;
};

export const startMailingSignUps = (parts: Parts): { stop: () => Promise<void> } => {
  if (parts.config.signUp === null) return { stop: async () => {} };
  let stopped = false;
  const looking = every(
    lookMs,
    async () => {
      while (!stopped && (await mailNextSignUp(parts)));
    },
    (error) => parts.log.warn({ error }, 'mails of sign-ups wait'),
  );
  return {
    stop: async () => {
      stopped = true;
      await looking.stop();
    },
  };
};
