/**
 * Begins and renews sign-ins. An access token lives for minutes and names its session; a refresh
 * token renews it once. Whoever ends the session ends both, at once and in every replica, because
 * each request asks for it.
 */
import { refusal } from '@signalbeam/platform/http/problem';
import {
  issueRefreshToken,
  readRefreshToken,
  refreshKey,
} from '@signalbeam/platform/identity/refresh-tokens';
import { issueUserToken } from '@signalbeam/platform/identity/tokens';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { Parts } from './api/parts.ts';
import { renewalOf, sessionEndsAtMs } from './core/session.ts';
import { refuseSuspended } from './refusals.ts';
import { endSession, lockSession, openSession, renewSession } from './store/sessions.ts';
import { findForRenewal, noteSignIn, type Person } from './store/users.ts';

export type From = { ip: string | null; requestId: string; userAgent: string | null };

export type Signed = {
  token: string;
  expiresAt: Date;
  /** Null where the token given before it still stands. */
  refresh: { token: string; expiresAt: Date } | null;
  person: Person;
};

const sign = (
  parts: Parts,
  person: Person,
  sessionId: string,
  renewal: { generation: number; expiresAtMs: number } | null,
): Signed => {
  const { id: userId, tenantId, email, role } = person;
  const claims = { sessionId, userId, tenantId, email, role };
  const refresh =
    renewal === null
      ? null
      : {
          token: issueRefreshToken(refreshKey(parts.kek), {
            sessionId,
            generation: renewal.generation,
          }),
          expiresAt: new Date(renewal.expiresAtMs),
        };
  return { ...issueUserToken(parts.keyring.users, claims, parts.now()), refresh, person };
};

/** In the transaction that made sure who it is. `method` is how: `password`, `invitation`, `oidc`. */
export const beginSignIn = async (
  sql: Sql,
  parts: Parts,
  person: Person,
  how: From & { method: string },
): Promise<Signed> => {
  const nowMs = parts.now();
  const createdAt = new Date(nowMs);
  const expiresAtMs = sessionEndsAtMs(nowMs, nowMs);
  const { id: userId, tenantId, email } = person;
  await refuseSuspended(sql, tenantId);
  const { ip, requestId, userAgent, method } = how;
  const expiresAt = new Date(expiresAtMs);
  const session = { tenantId, userId, createdAt, expiresAt, ip, userAgent };
  const sessionId = await openSession(sql, session);
  await noteSignIn(sql, userId, createdAt);
  await writeAudit(sql, {
    tenantId,
    actor: `user:${email}`,
    action: 'user.sign-in',
    target: `user:${userId}`,
    after: { method },
    ip,
    requestId,
  });
  return sign(parts, person, sessionId, { generation: 1, expiresAtMs });
};

const ended = () => refusal('expired-token', 'This sign-in was ended.', { next: 'Sign in again.' });

/** Null: its token was used twice, so that the session had to end. */
const renewLocked = async (
  sql: Sql,
  parts: Parts,
  claim: { sessionId: string; generation: number },
  from: From,
): Promise<Signed | null> => {
  const nowMs = parts.now();
  const { sessionId } = claim;
  const session = await lockSession(sql, sessionId, new Date(nowMs));
  const person = session === null ? null : await findForRenewal(sql, session.userId);
  if (session === null || person === null) throw ended();
  // The session stays: it goes on when the tenant is suspended no more.
  await refuseSuspended(sql, session.tenantId);
  const renewal = renewalOf(session, claim.generation, nowMs);
  if (renewal.kind === 'again') return sign(parts, person, sessionId, null);
  if (renewal.kind === 'renewed') {
    const { generation, expiresAtMs } = renewal;
    const [at, expiresAt] = [new Date(nowMs), new Date(expiresAtMs)];
    await renewSession(sql, sessionId, { generation, at, expiresAt, ip: from.ip });
    return sign(parts, person, sessionId, renewal);
  }
  await endSession(sql, sessionId);
  await writeAudit(sql, {
    tenantId: session.tenantId,
    actor: 'system',
    action: 'user.end-stolen-session',
    target: `user:${session.userId}`,
    after: { reason: 'a refresh token was used twice' },
    ip: from.ip,
    requestId: from.requestId,
  });
  return null;
};

export const renewSignIn = async (parts: Parts, token: string, from: From): Promise<Signed> => {
  const claim = readRefreshToken(refreshKey(parts.kek), token);
  if (claim === null) {
    throw refusal('invalid-token', 'The refresh token is not valid.', { next: 'Sign in again.' });
  }
  const signed = await transaction(parts.pools.system, (sql) =>
    renewLocked(sql, parts, claim, from),
  );
  if (signed === null) throw ended();
  return signed;
};
