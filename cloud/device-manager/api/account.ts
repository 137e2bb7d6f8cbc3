/** What people do about their own account: password, second factor, where they are signed in. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser, type UserCaller } from '@signalbeam/platform/http/caller';
import {
  body,
  conflict,
  json,
  notFound,
  problem,
  tooMany,
} from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import {
  absentUserHash,
  checkPassword,
  hashPassword,
} from '@signalbeam/platform/identity/passwords';
import { base32, totpUri } from '@signalbeam/platform/identity/totp';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { confirmSecret, proposeSecret } from '../second-factor.ts';
import { forgetLogin } from '../store/login-failures.ts';
import { readTotp, removeTotp } from '../store/second-factors.ts';
import { endSessionOf, endSessionsOf, listSessions } from '../store/sessions.ts';
import { passwordHashOf, writePassword } from '../store/users.ts';
import { admit, retryAfter } from './auth.ts';
import type { Parts } from './parts.ts';
import { idParams, newPassword, sessionSchema } from './schemas.ts';

const oneself = requireUser('viewer', { person: true });
const password = z.string().min(1).max(256);
const wrongPassword = { 403: problem('The password is wrong') };

const passwordRoute = createRoute({
  method: 'post',
  path: '/api/auth/password',
  tags: ['Own account'],
  summary: 'Changes the password and ends all other sign-ins',
  middleware: [retryAfter, oneself] as const,
  request: {
    body: body(z.strictObject({ password, newPassword }), {
      ...{ password: 'correct horse battery', newPassword: 'an even better battery' },
    }),
  },
  responses: { 204: { description: 'Changed' }, ...wrongPassword, ...conflict, ...tooMany },
});

const proposeRoute = createRoute({
  method: 'post',
  path: '/api/auth/totp',
  tags: ['Own account'],
  summary: 'Proposes a secret for an authenticator app; in force once a code of it was given',
  middleware: [retryAfter, oneself] as const,
  request: { body: body(z.strictObject({ password }), { password: 'correct horse battery' }) },
  responses: {
    200: json(
      z.strictObject({ secret: z.string(), uri: z.string() }),
      'To be shown as a QR code, and typed where none can be read',
    ),
    ...{ ...wrongPassword, ...conflict, ...tooMany },
  },
});

const confirmRoute = createRoute({
  method: 'post',
  path: '/api/auth/totp/confirmation',
  tags: ['Own account'],
  summary: 'Puts the proposed secret in force; gives recovery codes, this once',
  middleware: [retryAfter, oneself] as const,
  request: { body: body(z.strictObject({ code: z.string().max(20) }), { code: '123456' }) },
  responses: {
    200: json(z.strictObject({ recoveryCodes: z.array(z.string()) }), 'Each counts once'),
    ...{ ...conflict, ...tooMany },
  },
});

const removeRoute = createRoute({
  method: 'post',
  path: '/api/auth/totp/removal',
  tags: ['Own account'],
  summary: 'Takes the second factor away',
  middleware: [retryAfter, oneself] as const,
  request: { body: body(z.strictObject({ password }), { password: 'correct horse battery' }) },
  responses: { 204: { description: 'Gone' }, ...wrongPassword, ...conflict, ...tooMany },
});

const sessionsRoute = createRoute({
  method: 'get',
  path: '/api/auth/sessions',
  tags: ['Own account'],
  summary: 'Lists where one is signed in',
  middleware: [oneself] as const,
  responses: { 200: json(z.strictObject({ sessions: z.array(sessionSchema) }), 'All') },
});

const endRoute = createRoute({
  method: 'delete',
  path: '/api/auth/sessions/{id}',
  tags: ['Own account'],
  summary: 'Ends one of the own sign-ins at once',
  middleware: [oneself] as const,
  request: { params: idParams },
  responses: { 204: { description: 'Ended' }, ...notFound },
});

const wrongState = () =>
  refusal('wrong-state', 'This account has no password: it signs in elsewhere.', {
    next: 'Change it there.',
  });

/** Asked again for what a borrowed console must not do; guessed at as slowly as a sign-in. */
const checkOwnPassword = async (parts: Parts, caller: UserCaller, given: string): Promise<void> => {
  const attempt = { ip: 'own account', email: caller.userId };
  await admit(parts, attempt);
  const hash = await withTenant(parts.pools.api, caller, (sql) =>
    passwordHashOf(sql, caller.userId),
  );
  if (!(await checkPassword(hash ?? (await absentUserHash()), given))) {
    if (hash === null) throw wrongState();
    throw refusal('wrong-password', 'The password is wrong; nothing was changed.');
  }
  await forgetLogin(parts.pools.system, attempt);
};

const target = ({ userId }: UserCaller): string => `user:${userId}`;

const addPassword = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  api.openapi(passwordRoute, async (c) => {
    const { caller } = c.var;
    const given = c.req.valid('json');
    await checkOwnPassword(parts, caller, given.password);
    const hash = await hashPassword(given.newPassword);
    await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      await writePassword(sql, caller.userId, hash);
      await endSessionsOf(sql, caller.userId, caller.sessionId);
      await writeAudit(sql, {
        ...authorOf(c.var),
        action: 'user.change-password',
        target: target(caller),
      });
    });
    return c.body(null, 204);
  });
};

const addSecondFactor = (api: Api, parts: Parts): void => {
  const { pools, kek } = parts;
  api.openapi(proposeRoute, async (c) => {
    const { caller } = c.var;
    await checkOwnPassword(parts, caller, c.req.valid('json').password);
    const secret = await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      if ((await readTotp(sql, caller.userId))?.confirmed === true) {
        throw refusal('wrong-state', 'There is a second factor already.', {
          next: 'Take it away first.',
        });
      }
      const proposed = await proposeSecret(sql, kek, caller.userId);
      await writeAudit(sql, {
        ...authorOf(c.var),
        action: 'user.propose-totp',
        target: target(caller),
      });
      return proposed;
    });
    c.header('cache-control', 'no-store');
    return c.json({ secret: base32(secret), uri: totpUri(secret, caller.email) }, 200);
  });
  api.openapi(confirmRoute, async (c) => {
    const { caller } = c.var;
    const { tenantId, userId } = caller;
    const { code } = c.req.valid('json');
    const attempt = { ip: 'second factor', email: userId };
    await admit(parts, attempt);
    const codes = await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const made = await confirmSecret(sql, kek, { tenantId, userId, code, nowMs: parts.now() });
      if (made === null) throw refusal('wrong-totp-code', 'This is not the present code.');
      await writeAudit(sql, {
        ...authorOf(c.var),
        action: 'user.confirm-totp',
        target: target(caller),
      });
      return made;
    });
    await forgetLogin(pools.system, attempt);
    c.header('cache-control', 'no-store');
    return c.json({ recoveryCodes: codes }, 200);
  });
  api.openapi(removeRoute, async (c) => {
    const { caller } = c.var;
    await checkOwnPassword(parts, caller, c.req.valid('json').password);
    await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      if (!(await removeTotp(sql, caller.userId))) {
        throw refusal('wrong-state', 'There is no second factor.');
      }
      await writeAudit(sql, {
        ...authorOf(c.var),
        action: 'user.remove-totp',
        target: target(caller),
      });
    });
    return c.body(null, 204);
  });
};

export const addAccountRoutes = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  addPassword(api, parts);
  addSecondFactor(api, parts);
  api.openapi(sessionsRoute, async (c) => {
    const { caller } = c.var;
    const now = new Date(parts.now());
    const found = await withTenant(pools.api, caller, (sql) =>
      listSessions(sql, caller.userId, now),
    );
    const sessions = found.map((session) => ({
      ...session,
      createdAt: session.createdAt.toISOString(),
      renewedAt: session.renewedAt.toISOString(),
      expiresAt: session.expiresAt.toISOString(),
      current: session.id === caller.sessionId,
    }));
    return c.json({ sessions }, 200);
  });
  api.openapi(endRoute, async (c) => {
    const { caller } = c.var;
    const { id } = c.req.valid('param');
    await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      if (!(await endSessionOf(sql, caller.userId, id))) {
        throw refusal('not-found', 'There is no such sign-in.');
      }
      await writeAudit(sql, {
        ...authorOf(c.var),
        action: 'user.end-session',
        target: target(caller),
      });
    });
    return c.body(null, 204);
  });
};
