/**
 * A tenant made by a person: asked for with an address, confirmed by a link in a mail. Asking costs
 * the same and is answered the same for every address, known or not; the mail tells its owner. The
 * secret of a link is made of the row's id under the key-encryption key, so it is nowhere at rest.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { refusal } from '@signalbeam/platform/http/problem';
import { hashPassword } from '@signalbeam/platform/identity/passwords';
import type { Kek } from '@signalbeam/platform/keys/kek';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { Parts } from './api/parts.ts';
import { countedMs, judgeSignUp, linkMs, signUpLimits } from './core/sign-up.ts';
import { makeTenant } from './create-tenant.ts';
import { beginSignIn, type From, type Signed } from './sign-in.ts';
import { countAsked, countTaken, insertSignUp, takeSignUp } from './store/sign-ups.ts';

const hourMs = 3_600_000;

export const secretPattern = /^sbs_[A-Za-z0-9_-]{43}$/;

export const signUpSecret = (kek: Kek, id: string): string => {
  const mac = createHmac('sha256', kek.derive('links of sign-ups')).update(id).digest('base64url');
  return `sbs_${mac}`;
};
const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

const requireOpen = ({ config }: Parts): void => {
  if (config.signUp !== null) return;
  throw refusal('sign-up-closed', 'Nobody can sign up here by themselves.', {
    next: 'Ask whoever runs this service for a tenant, or an admin of yours for an invitation.',
  });
};

const tooMany = (what: string) =>
  Object.assign(refusal('too-many-requests', what, { next: 'Try again tomorrow.' }), {
    retryAfterSeconds: hourMs / 1_000,
  });

/** Nothing in what it answers, nor in how long it takes, depends on who has an account. */
export const askToSignUp = async (
  parts: Parts,
  email: string,
  ip: string | null,
): Promise<void> => {
  requireOpen(parts);
  const nowMs = parts.now();
  const since = { hour: new Date(nowMs - hourMs), day: new Date(nowMs - countedMs) };
  await transaction(parts.pools.system, async (sql) => {
    const judged = judgeSignUp(await countAsked(sql, { email, ip }, since));
    if (judged === 'refuse') throw tooMany('Too many sign-ups were asked for today.');
    const id = randomUUID();
    const createdAt = new Date(nowMs);
    await insertSignUp(sql, {
      ...{ id, email, ip, createdAt, secretHash: hashOf(signUpSecret(parts.kek, id)) },
      expiresAt: new Date(nowMs + linkMs),
      mailDueAt: judged === 'mail' ? createdAt : null,
    });
  });
};

export type Confirmation = { secret: string; tenantName: string; name: string; password: string };

/** Makes the tenant, of the tier for everybody, with this person as its admin, and signs in. */
export const confirmSignUp = async (
  parts: Parts,
  given: Confirmation,
  from: From,
): Promise<Signed> => {
  requireOpen(parts);
  const now = new Date(parts.now());
  const { tenantId, signed } = await transaction(parts.pools.system, async (sql) => {
    const taken = await takeSignUp(sql, hashOf(given.secret), now);
    if (taken === null) {
      throw refusal('sign-up-unknown', 'This link was used, has expired, or never was.', {
        next: 'Sign up again, or sign in.',
      });
    }
    if ((await countTaken(sql, new Date(now.getTime() - countedMs))) > signUpLimits.tenants) {
      throw tooMany('Too many tenants were made today; your link stays good.');
    }
    // Not before: whoever has no link must not make us compute for them.
    const passwordHash = await hashPassword(given.password);
    const { email } = taken;
    const { tenantId, user } = await makeTenant(sql, parts.kek, {
      ...{ name: given.tenantName, tier: 'free', passwordHash },
      ...{ adminEmail: email, adminName: given.name },
      by: { actor: `user:${email}`, ip: from.ip, requestId: from.requestId },
    });
    const person = { ...user, tenantName: given.tenantName, linked: false };
    const signed = await beginSignIn(sql, parts, person, { ...from, method: 'sign-up' });
    return { tenantId, signed };
  });
  await parts.pushTenant(tenantId);
  return signed;
};
