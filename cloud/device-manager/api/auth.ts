/**
 * Sign-in of people. Wrong address and wrong password are one answer and cost the same time;
 * repeated failures wait longer and longer. The token goes to programs in the body and to the
 * console in a cookie that no script can read.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { sessionCookie } from '@signalbeam/platform/http/authenticate';
import { type ApiEnv, requireUser } from '@signalbeam/platform/http/caller';
import { body, json, problem, tooMany } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { absentUserHash, checkPassword } from '@signalbeam/platform/identity/passwords';
import {
  issueUserToken,
  userTokenSeconds,
  verifyUserToken,
} from '@signalbeam/platform/identity/tokens';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { plainText } from '@signalbeam/sync/wire/shape';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { createMiddleware } from 'hono/factory';
import { admitLogin, forgetLogin, type LoginKey } from '../store/login-failures.ts';
import { endSession, openSession } from '../store/sessions.ts';
import { readTenant } from '../store/tenants.ts';
import { findForSignIn, findUser } from '../store/users.ts';
import type { Parts } from './parts.ts';
import { meSchema } from './schemas.ts';

const loginSchema = z.strictObject({
  email: plainText(254).min(1),
  password: z.string().min(1).max(256),
});

const isSecure = (parts: Parts): boolean => parts.config.publicUrl?.startsWith('https:') ?? false;

const cookieOptions = (parts: Parts) =>
  ({ httpOnly: true, sameSite: 'Strict', path: '/', secure: isSecure(parts) }) as const;

const admit = async (parts: Parts, login: LoginKey): Promise<void> => {
  const throttle = await admitLogin(parts.pools.system, login, parts.now());
  if (throttle.kind === 'open') return;
  const seconds = Math.ceil(throttle.waitMs / 1_000);
  throw Object.assign(
    refusal('too-many-requests', 'Too many failed sign-ins; this one was not looked at.', {
      next: `Try again in ${seconds} seconds.`,
    }),
    { retryAfterSeconds: seconds },
  );
};

/** Puts the wait of a throttled sign-in where programs look for it. */
const retryAfter = createMiddleware<ApiEnv>(async (c, next) => {
  await next();
  const { error } = c;
  if (error !== undefined && 'retryAfterSeconds' in error) {
    c.res.headers.set('retry-after', String(error.retryAfterSeconds));
  }
});

const signIn = async (
  parts: Parts,
  given: z.infer<typeof loginSchema>,
  from: { ip: string | null; requestId: string },
) => {
  const { ip } = from;
  const { system } = parts.pools;
  const login = { ip, email: given.email };
  await admit(parts, login);
  const user = await findForSignIn(system, given.email);
  const hash = user?.passwordHash ?? (await absentUserHash());
  const matches = await checkPassword(hash, given.password);
  if (user === null || !matches || user.disabledAt !== null) {
    throw refusal('invalid-credentials', 'The e-mail address or the password is wrong.', {
      next: 'Try again; after several failures you have to wait.',
    });
  }
  const nowMs = parts.now();
  const { id: userId, tenantId, email, name, role, tenantName } = user;
  const session = await transaction(system, async (sql) => {
    const expiresAt = new Date(nowMs + userTokenSeconds * 1_000);
    const sessionId = await openSession(sql, { tenantId, userId, expiresAt });
    await forgetLogin(sql, login);
    const entry = { actor: `user:${email}`, action: 'user.sign-in', target: `user:${userId}` };
    await writeAudit(sql, { tenantId, ...entry, ...from });
    return { sessionId, userId, tenantId, email, role };
  });
  const { token, expiresAt } = issueUserToken(parts.keyring.users, session, nowMs);
  return { token, expiresAt, user: { id: userId, email, name, role, tenantId, tenantName } };
};

/** Ends the session whose token a request carries, if it carries one. */
const signOut = async (parts: Parts, c: Context<ApiEnv>): Promise<void> => {
  const { authentication } = c.var;
  if (authentication.kind !== 'known' || authentication.caller.kind !== 'user') return;
  const { tenantId, email, userId } = authentication.caller;
  const bearer = c.req.header('authorization')?.slice('Bearer '.length);
  const token = bearer ?? getCookie(c, sessionCookie) ?? '';
  const verified = await verifyUserToken(token, [parts.keyring.users], parts.now());
  if (verified.kind !== 'verified') return;
  await transaction(parts.pools.system, async (sql) => {
    await endSession(sql, verified.value.sessionId);
    const entry = { actor: `user:${email}`, action: 'user.sign-out', target: `user:${userId}` };
    const { clientAddress: ip, requestId } = c.var;
    await writeAudit(sql, { tenantId, ...entry, ip, requestId });
  });
};

const loginRoute = createRoute({
  method: 'post',
  path: '/api/auth/login',
  tags: ['Sign-in'],
  summary: 'Signs a person in',
  middleware: [retryAfter] as const,
  request: {
    body: body(loginSchema, { email: 'admin@demo.local', password: 'correct horse battery' }),
  },
  responses: {
    200: json(
      z.strictObject({ token: z.string(), expiresAt: z.iso.datetime(), user: meSchema }),
      'Signed in; the cookie sb_session is set too',
    ),
    401: problem('The e-mail address or the password is wrong'),
    ...tooMany,
  },
});

const logoutRoute = createRoute({
  method: 'post',
  path: '/api/auth/logout',
  tags: ['Sign-in'],
  summary: 'Ends the sign-in that this request carries',
  responses: {
    204: { description: 'Signed out, or nobody was signed in' },
    403: problem('It came from another site'),
  },
});

const meRoute = createRoute({
  method: 'get',
  path: '/api/auth/me',
  tags: ['Sign-in'],
  summary: 'Who is signed in',
  middleware: [requireUser('viewer')] as const,
  responses: { 200: json(meSchema, 'The person') },
});

export const addAuthRoutes = (api: Api, parts: Parts): void => {
  api.openapi(loginRoute, async (c) => {
    const signed = await signIn(parts, c.req.valid('json'), {
      ip: c.var.clientAddress,
      requestId: c.var.requestId,
    });
    setCookie(c, sessionCookie, signed.token, {
      ...cookieOptions(parts),
      maxAge: userTokenSeconds,
    });
    c.header('cache-control', 'no-store');
    return c.json({ ...signed, expiresAt: signed.expiresAt.toISOString() }, 200);
  });
  api.openapi(logoutRoute, async (c) => {
    const { authentication } = c.var;
    // Another site must not be able to sign people out either.
    if (authentication.kind === 'refused' && authentication.code === 'foreign-origin') {
      throw refusal(authentication.code, authentication.detail);
    }
    await signOut(parts, c);
    deleteCookie(c, sessionCookie, cookieOptions(parts));
    return c.body(null, 204);
  });
  api.openapi(meRoute, async (c) => {
    const { tenantId, userId } = c.var.caller;
    const me = await withTenant(parts.pools.api, c.var.caller, async (sql) => {
      const user = await findUser(sql, userId);
      const tenant = await readTenant(sql, tenantId);
      return user === null || tenant === null ? null : { user, tenantName: tenant.name };
    });
    if (me === null) throw refusal('expired-token', 'This user no longer exists.');
    const { id, email, name, role } = me.user;
    return c.json({ id, email, name, role, tenantId, tenantName: me.tenantName }, 200);
  });
};
