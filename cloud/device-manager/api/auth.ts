/**
 * Sign-in of people. Wrong address and wrong password are one answer and cost the same time;
 * repeated failures wait longer and longer. The token goes to programs in the body and to the
 * console in a cookie that no script can read.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { refreshCookie, sessionCookie } from '@signalbeam/platform/http/authenticate';
import { type ApiEnv, requireUser } from '@signalbeam/platform/http/caller';
import { body, json, problem, tooMany } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { absentUserHash, checkPassword } from '@signalbeam/platform/identity/passwords';
import { readRefreshToken, refreshKey } from '@signalbeam/platform/identity/refresh-tokens';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { plainText } from '@signalbeam/sync/wire/shape';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { createMiddleware } from 'hono/factory';
import { sessionMsMax } from '../core/session.ts';
import { spendSecondFactor } from '../second-factor.ts';
import { beginSignIn, type From, renewSignIn, type Signed } from '../sign-in.ts';
import { admitLogin, forgetLogin, type LoginKey } from '../store/login-failures.ts';
import { endSession, lockSession } from '../store/sessions.ts';
import { readTenant } from '../store/tenants.ts';
import { findForRenewal, findForSignIn, findUser, type Person } from '../store/users.ts';
import type { Parts } from './parts.ts';
import { meSchema, signedSchema } from './schemas.ts';

const loginSchema = z.strictObject({
  email: plainText(254).min(1),
  password: z.string().min(1).max(256),
  /** Of the authenticator app, or a recovery code, where the account has a second factor. */
  code: z.string().min(1).max(40).optional(),
});

const isSecure = (parts: Parts): boolean => parts.config.publicUrl?.startsWith('https:') ?? false;

const cookieOptions = (parts: Parts, path = '/') =>
  ({ httpOnly: true, sameSite: 'Strict', path, secure: isSecure(parts) }) as const;
/** The refresh token goes where it is used, and nowhere else. */
const refreshPath = '/api/auth';

export const fromOf = (c: Context<ApiEnv>): From => ({
  ip: c.var.clientAddress,
  requestId: c.var.requestId,
  userAgent: c.req.header('user-agent') ?? null,
});

/** Takes one attempt off the allowance, or refuses it unseen. */
export const admit = async (parts: Parts, login: LoginKey): Promise<void> => {
  const throttle = await admitLogin(parts.pools.system, login, parts.now());
  if (throttle.kind === 'open') return;
  const seconds = Math.ceil(throttle.waitMs / 1_000);
  throw Object.assign(
    refusal('too-many-requests', 'Too many failed attempts; this one was not looked at.', {
      next: `Try again in ${seconds} seconds.`,
    }),
    { retryAfterSeconds: seconds },
  );
};

/** Puts the wait of a throttled attempt where programs look for it. */
export const retryAfter = createMiddleware<ApiEnv>(async (c, next) => {
  await next();
  const { error } = c;
  if (error !== undefined && 'retryAfterSeconds' in error) {
    c.res.headers.set('retry-after', String(error.retryAfterSeconds));
  }
});

const shownPerson = (person: Person): z.infer<typeof meSchema> => {
  const { id, email, name, role, sites, tenantId, tenantName, totp } = person;
  return { id, email, name, role, sites, tenantId, tenantName, totp };
};

/** Sets the cookies of a sign-in; they live as long as it can be renewed. */
export const rememberSigned = (c: Context, parts: Parts, signed: Signed): void => {
  const { token, refresh } = signed;
  const maxAge = Math.floor(sessionMsMax / 1_000);
  setCookie(c, sessionCookie, token, { ...cookieOptions(parts), maxAge });
  if (refresh !== null) {
    setCookie(c, refreshCookie, refresh.token, { ...cookieOptions(parts, refreshPath), maxAge });
  }
  c.header('cache-control', 'no-store');
};

/** What programs are told; browsers keep the refresh token in a cookie that no script reads. */
export const answerSigned = (
  c: Context,
  parts: Parts,
  signed: Signed,
): z.infer<typeof signedSchema> => {
  rememberSigned(c, parts, signed);
  const { token, expiresAt, refresh, person } = signed;
  return {
    token,
    expiresAt: expiresAt.toISOString(),
    refreshToken: refresh?.token ?? null,
    refreshExpiresAt: refresh?.expiresAt.toISOString() ?? null,
    user: shownPerson(person),
  };
};

/** Its own allowance: whoever knows a password must not guess codes from a thousand addresses. */
const checkSecondFactor = async (
  parts: Parts,
  user: Person,
  code: string | undefined,
): Promise<void> => {
  if (!user.totp) return;
  if (code === undefined) {
    throw refusal('second-factor-needed', 'This account has a second factor.', {
      next: 'Sign in with the code of the authenticator app, or a recovery code.',
    });
  }
  const { system } = parts.pools;
  const attempt = { ip: 'second factor', email: user.id };
  await admit(parts, attempt);
  const given = { userId: user.id, code, nowMs: parts.now() };
  const right = await transaction(system, (sql) => spendSecondFactor(sql, parts.kek, given));
  if (!right) throw wrong();
  await forgetLogin(system, attempt);
};

const wrong = () =>
  refusal('invalid-credentials', 'The e-mail address, the password or the code is wrong.', {
    next: 'Try again; after several failures you have to wait.',
  });

const signIn = async (
  parts: Parts,
  given: z.infer<typeof loginSchema>,
  from: From,
): Promise<Signed> => {
  const { system } = parts.pools;
  const login = { ip: from.ip, email: given.email };
  await admit(parts, login);
  const user = await findForSignIn(system, given.email);
  const hash = user?.passwordHash ?? (await absentUserHash());
  const matches = await checkPassword(hash, given.password);
  if (user === null || !matches || user.disabledAt !== null) throw wrong();
  await checkSecondFactor(parts, user, given.code);
  return transaction(system, async (sql) => {
    await forgetLogin(sql, login);
    return beginSignIn(sql, parts, user, {
      ...from,
      method: user.totp ? 'password+totp' : 'password',
    });
  });
};

/**
 * Ends the session whose token a request carries, if it carries one. Somebody whose access token has
 * just expired wants to be out, too: the refresh token says which session it is.
 */
const signOut = async (parts: Parts, c: Context<ApiEnv>): Promise<void> => {
  const { authentication, requestId, clientAddress: ip } = c.var;
  const known = authentication.kind === 'known' ? authentication.caller : null;
  const claim = readRefreshToken(refreshKey(parts.kek), getCookie(c, refreshCookie) ?? '');
  const sessionId = known?.kind === 'user' ? known.sessionId : (claim?.sessionId ?? null);
  if (sessionId === null) return;
  await transaction(parts.pools.system, async (sql) => {
    const session = await lockSession(sql, sessionId, new Date(parts.now()));
    const person = session === null ? null : await findForRenewal(sql, session.userId);
    await endSession(sql, sessionId);
    if (person === null) return;
    const { tenantId, email, id } = person;
    const entry = { actor: `user:${email}`, action: 'user.sign-out', target: `user:${id}` };
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
    200: json(signedSchema, 'Signed in; the cookies are set too'),
    401: problem('The e-mail address, the password or the code is wrong, or a code is needed'),
    403: problem('The tenant is suspended'),
    ...tooMany,
  },
});

const refreshRoute = createRoute({
  method: 'post',
  path: '/api/auth/refresh',
  tags: ['Sign-in'],
  summary: 'Renews a sign-in by its refresh token, which counts once',
  description:
    'Takes the token from the body or the cookie. One that was used before ends the sign-in, because two have it; the last one used is still taken for ten seconds, for an access token only.',
  request: {
    body: body(z.strictObject({ refreshToken: z.string().max(4_096).optional() }), {}),
  },
  responses: {
    200: json(signedSchema, 'Renewed'),
    401: problem('The sign-in has ended, or this token is none'),
    403: problem('It came from another site, or the tenant is suspended'),
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
    const signed = await signIn(parts, c.req.valid('json'), fromOf(c));
    return c.json(answerSigned(c, parts, signed), 200);
  });
  api.openapi(refreshRoute, async (c) => {
    const { authentication } = c.var;
    if (authentication.kind === 'refused' && authentication.code === 'foreign-origin') {
      throw refusal(authentication.code, authentication.detail);
    }
    const given = c.req.valid('json').refreshToken;
    // The authenticator judged the origin by the session's cookie, so that must be there, too.
    const kept =
      getCookie(c, sessionCookie) === undefined ? undefined : getCookie(c, refreshCookie);
    const token = given ?? kept;
    if (token === undefined) {
      throw refusal('unauthenticated', 'The request carries no refresh token.', {
        next: 'Sign in.',
      });
    }
    const signed = await renewSignIn(parts, token, fromOf(c));
    if (given === undefined) rememberSigned(c, parts, signed);
    else c.header('cache-control', 'no-store');
    const { refresh, person, expiresAt } = signed;
    const told = given === undefined ? null : refresh;
    return c.json(
      {
        token: signed.token,
        expiresAt: expiresAt.toISOString(),
        refreshToken: told?.token ?? null,
        refreshExpiresAt: told?.expiresAt.toISOString() ?? null,
        user: shownPerson(person),
      },
      200,
    );
  });
  api.openapi(logoutRoute, async (c) => {
    const { authentication } = c.var;
    // Another site must not be able to sign people out either.
    if (authentication.kind === 'refused' && authentication.code === 'foreign-origin') {
      throw refusal(authentication.code, authentication.detail);
    }
    await signOut(parts, c);
    deleteCookie(c, sessionCookie, cookieOptions(parts));
    deleteCookie(c, refreshCookie, cookieOptions(parts, refreshPath));
    return c.body(null, 204);
  });
  api.openapi(meRoute, async (c) => {
    const { caller } = c.var;
    const { tenantId, userId, email, role, sites } = caller;
    const me = await withTenant(parts.pools.api, caller, async (sql) => {
      const tenant = await readTenant(sql, tenantId);
      if (tenant === null) return null;
      const user = caller.account === 'person' ? await findUser(sql, userId) : null;
      const own = sites === null ? null : [...sites];
      const program = { id: userId, email, name: email, role, sites: own, totp: false };
      const who = caller.account === 'service' ? program : user;
      return who === null ? null : { ...who, tenantName: tenant.name };
    });
    if (me === null) throw refusal('expired-token', 'This user no longer exists.');
    const { id, name, totp, tenantName } = me;
    const now = { role: me.role, sites: me.sites };
    return c.json({ id, email, name, ...now, tenantId, tenantName, totp }, 200);
  });
};
