/**
 * The people of a tenant, kept by its admins. Disabling somebody or changing a role takes effect
 * at their next request. A tenant always keeps one admin who can sign in.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { actorOf, authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import {
  conditional,
  holdVersion,
  tellVersion,
  versionOf,
} from '@signalbeam/platform/http/entity-tag';
import { refusal } from '@signalbeam/platform/http/problem';
import { hashPassword } from '@signalbeam/platform/identity/passwords';
import { holdQuota } from '@signalbeam/platform/identity/quota';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { plainText } from '@signalbeam/sync/wire/shape';
import { removeTotp } from '../store/second-factors.ts';
import { endSessionsOf } from '../store/sessions.ts';
import {
  deleteUser,
  insertUser,
  isKeeper,
  listUsers,
  lockForChange,
  type User,
  updateUser,
} from '../store/users.ts';
import type { Parts } from './parts.ts';
import { emailAddress, idParams, newPassword, role, siteScope, userSchema } from './schemas.ts';

const factsOf = ({
  name,
  role,
  sites,
  disabledAt,
}: Pick<User, 'name' | 'role' | 'sites' | 'disabledAt'>) => ({
  name,
  role,
  sites,
  disabled: disabledAt !== null,
});

const shown = (user: User): z.infer<typeof userSchema> => ({
  id: user.id,
  email: user.email,
  name: user.name,
  role: user.role,
  sites: user.sites,
  createdAt: user.createdAt.toISOString(),
  disabledAt: user.disabledAt?.toISOString() ?? null,
  lastSignInAt: user.lastSignInAt?.toISOString() ?? null,
  totp: user.totp,
  version: versionOf(factsOf(user)),
});

const newUserSchema = z.strictObject({
  email: emailAddress,
  name: plainText(200).min(1),
  role,
  sites: siteScope.default(null),
  password: newPassword,
});
const exampleUser = {
  email: 'ada@demo.local',
  name: 'Ada',
  role: 'operator' as const,
  password: 'correct horse battery',
};
const changeSchema = z
  .strictObject({ name: plainText(200).min(1), role, sites: siteScope, disabled: z.boolean() })
  .partial();

const listRoute = createRoute({
  method: 'get',
  path: '/api/users',
  tags: ['Users'],
  summary: 'Lists the people of the tenant',
  middleware: [requireUser('admin', { everySite: true })] as const,
  responses: { 200: json(z.strictObject({ users: z.array(userSchema) }), 'All') },
});

const createUserRoute = createRoute({
  method: 'post',
  path: '/api/users',
  tags: ['Users'],
  summary: 'Lets a person sign in',
  middleware: [requireUser('admin', { everySite: true })] as const,
  request: { body: body(newUserSchema, exampleUser) },
  responses: { 201: json(userSchema, 'The person'), ...conflict },
});

const changeRoute = createRoute({
  method: 'patch',
  path: '/api/users/{id}',
  tags: ['Users'],
  summary: 'Changes a person’s name or role, or disables them',
  middleware: [requireUser('admin', { everySite: true }), conditional()] as const,
  request: { params: idParams, body: body(changeSchema, { role: 'viewer' }) },
  responses: { 200: json(userSchema, 'The person'), ...notFound, ...conflict },
});

const deleteRoute = createRoute({
  method: 'delete',
  path: '/api/users/{id}',
  tags: ['Users'],
  summary: 'Deletes a person and ends their sign-ins; what they did stays in the audit log',
  middleware: [requireUser('admin', { everySite: true })] as const,
  request: { params: idParams },
  responses: { 204: { description: 'Deleted' }, ...notFound, ...conflict },
});

const resetRoute = createRoute({
  method: 'delete',
  path: '/api/users/{id}/totp',
  tags: ['Users'],
  summary: 'Takes a person’s second factor away, when they lost it, and ends their sign-ins',
  middleware: [requireUser('admin', { everySite: true })] as const,
  request: { params: idParams },
  responses: { 204: { description: 'Gone' }, ...notFound, ...conflict },
});

/** The user after the change. */
const changed = (user: User, change: z.infer<typeof changeSchema>, now: Date) => {
  const disabledAt = change.disabled === true ? (user.disabledAt ?? now) : null;
  return {
    name: change.name ?? user.name,
    role: change.role ?? user.role,
    sites: change.sites === undefined ? user.sites : change.sites,
    disabledAt: change.disabled === undefined ? user.disabledAt : disabledAt,
  };
};

/** A tenant always keeps somebody who may keep its people. */
const keepOne = ({ user, otherAdmins }: { user: User; otherAdmins: number }): void => {
  if (!isKeeper(user) || otherAdmins > 0) return;
  throw refusal('last-admin', 'This is the last admin of the tenant; nothing was changed.', {
    next: 'Make somebody else an admin first.',
  });
};

const addListing = (api: Api, { pools }: Parts): void => {
  api.openapi(listRoute, async (c) => {
    const users = await withTenant(pools.api, c.var.caller, listUsers);
    return c.json({ users: users.map(shown) }, 200);
  });
};

const addChanging = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  api.openapi(createUserRoute, async (c) => {
    const { caller } = c.var;
    const { tenantId } = caller;
    const { password, ...given } = c.req.valid('json');
    const passwordHash = await hashPassword(password);
    const user = await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const made = await insertUser(sql, { ...given, tenantId, passwordHash });
      // The address may be another tenant's: the answer does not say.
      if (made === null) throw refusal('already-exists', 'This e-mail address is in use.');
      await holdQuota(sql, 'users');
      await writeAudit(sql, {
        tenantId,
        actor: actorOf(caller),
        action: 'user.create',
        target: `user:${made.id}`,
        after: given,
        ip: c.var.clientAddress,
      });
      return made;
    });
    return c.json(shown(user), 201);
  });
  api.openapi(changeRoute, async (c) => {
    const { caller } = c.var;
    const { tenantId } = caller;
    const { id } = c.req.valid('param');
    const change = c.req.valid('json');
    const user = await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const locked = await lockForChange(sql, id);
      if (locked === null) throw refusal('not-found', 'There is no such user.');
      holdVersion(c, factsOf(locked.user));
      const next = changed(locked.user, change, new Date(parts.now()));
      if (!isKeeper(next)) keepOne(locked);
      const updated = await updateUser(sql, id, next);
      if (updated.disabledAt !== null) await endSessionsOf(sql, id);
      else if (locked.user.disabledAt !== null) await holdQuota(sql, 'users');
      await writeAudit(sql, {
        tenantId,
        actor: actorOf(caller),
        action: 'user.change',
        target: `user:${id}`,
        before: factsOf(locked.user),
        after: factsOf(updated),
        ip: c.var.clientAddress,
      });
      tellVersion(c, factsOf(updated));
      return updated;
    });
    return c.json(shown(user), 200);
  });
};

const addRemoving = (api: Api, { pools }: Parts): void => {
  api.openapi(deleteRoute, async (c) => {
    const { id } = c.req.valid('param');
    await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const locked = await lockForChange(sql, id);
      if (locked === null) throw refusal('not-found', 'There is no such user.');
      keepOne(locked);
      await deleteUser(sql, id);
      const { email } = locked.user;
      await writeAudit(sql, {
        ...authorOf(c.var),
        action: 'user.delete',
        target: `user:${id}`,
        before: { email, ...factsOf(locked.user) },
      });
    });
    return c.body(null, 204);
  });
  api.openapi(resetRoute, async (c) => {
    const { id } = c.req.valid('param');
    await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      if ((await lockForChange(sql, id)) === null) {
        throw refusal('not-found', 'There is no such user.');
      }
      if (!(await removeTotp(sql, id))) {
        throw refusal('wrong-state', 'There is no second factor.');
      }
      await endSessionsOf(sql, id);
      await writeAudit(sql, {
        ...authorOf(c.var),
        action: 'user.reset-totp',
        target: `user:${id}`,
      });
    });
    return c.body(null, 204);
  });
};

export const addUserRoutes = (api: Api, parts: Parts): void => {
  addListing(api, parts);
  addChanging(api, parts);
  addRemoving(api, parts);
};
