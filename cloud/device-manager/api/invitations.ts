/**
 * Invitations: a link with a secret that counts once and for some days. Who has it chooses a name
 * and a password and is signed in. The secret is behind the `#` of the link, which browsers keep
 * to themselves, and here only its hash rests.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { body, conflict, json, notFound, problem } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { hashPassword } from '@signalbeam/platform/identity/passwords';
import { holdQuotaOf } from '@signalbeam/platform/identity/quota';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { plainText } from '@signalbeam/sync/wire/shape';
import { beginSignIn } from '../sign-in.ts';
import {
  deleteInvitation,
  type Invitation,
  insertInvitation,
  listInvitations,
  takeInvitation,
} from '../store/invitations.ts';
import { findByEmail, insertUser } from '../store/users.ts';
import { answerSigned, fromOf } from './auth.ts';
import type { Parts } from './parts.ts';
import {
  emailAddress,
  idParams,
  invitationSchema,
  newPassword,
  role,
  signedSchema,
  siteScope,
} from './schemas.ts';

const dayMs = 86_400_000;
const secretPattern = /^sbi_[A-Za-z0-9_-]{43}$/;
const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

const admins = requireUser('admin', { everySite: true });

const listRoute = createRoute({
  method: 'get',
  path: '/api/users/invitations',
  tags: ['Users'],
  summary: 'Lists invitations that nobody took yet',
  middleware: [admins] as const,
  responses: { 200: json(z.strictObject({ invitations: z.array(invitationSchema) }), 'All') },
});

const inviteRoute = createRoute({
  method: 'post',
  path: '/api/users/invitations',
  tags: ['Users'],
  summary: 'Invites a person; a new invitation ends an earlier one for the same address',
  middleware: [admins] as const,
  request: {
    body: body(
      z.strictObject({
        email: emailAddress,
        role,
        sites: siteScope.optional(),
        validityDays: z.int().min(1).max(30).default(7),
      }),
      { email: 'grace@demo.local', role: 'operator' },
    ),
  },
  responses: {
    201: json(
      z.strictObject({
        ...invitationSchema.shape,
        secret: z.string(),
        /** Where to take it; with the address that people use, if this service was told it. */
        link: z.string(),
      }),
      'The invitation; `secret` and `link` are shown this once',
    ),
    ...conflict,
  },
});

const withdrawRoute = createRoute({
  method: 'delete',
  path: '/api/users/invitations/{id}',
  tags: ['Users'],
  summary: 'Withdraws an invitation',
  middleware: [admins] as const,
  request: { params: idParams },
  responses: { 204: { description: 'Withdrawn' }, ...notFound },
});

const acceptRoute = createRoute({
  method: 'post',
  path: '/api/auth/invitation',
  tags: ['Sign-in'],
  summary: 'Takes an invitation: makes the account and signs in',
  request: {
    body: body(
      z.strictObject({
        secret: z.string().regex(secretPattern, 'is not the secret of an invitation'),
        name: plainText(200).min(1),
        password: newPassword,
      }),
      { secret: `sbi_${'A'.repeat(43)}`, name: 'Grace', password: 'correct horse battery' },
    ),
  },
  responses: {
    200: json(signedSchema, 'Signed in; the cookies are set too'),
    403: problem('There is no such invitation, or not any more'),
    ...conflict,
  },
});

const shown = (invitation: Invitation): z.infer<typeof invitationSchema> => ({
  id: invitation.id,
  email: invitation.email,
  role: invitation.role,
  sites: invitation.sites,
  createdBy: invitation.createdBy,
  createdAt: invitation.createdAt.toISOString(),
  expiresAt: invitation.expiresAt.toISOString(),
});
const factsOf = ({ email, role: given, sites }: Invitation) => ({ email, role: given, sites });

export const addInvitationRoutes = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  api.openapi(listRoute, async (c) => {
    const now = new Date(parts.now());
    const found = await withTenant(pools.api, c.var.caller, (sql) => listInvitations(sql, now));
    return c.json({ invitations: found.map(shown) }, 200);
  });
  api.openapi(inviteRoute, async (c) => {
    const author = authorOf(c.var);
    const { email, role: given, sites = null, validityDays } = c.req.valid('json');
    const secret = `sbi_${randomBytes(32).toString('base64url')}`;
    const createdAt = new Date(parts.now());
    const expiresAt = new Date(createdAt.getTime() + validityDays * dayMs);
    const made = await changeTenant(pools.api, author, async (sql) => {
      // Of another tenant's people nothing is said here: taking the invitation finds out.
      if ((await findByEmail(sql, email)) !== null) {
        throw refusal('already-exists', 'This person has an account already.');
      }
      const invitation = await insertInvitation(sql, {
        ...{ tenantId: author.tenantId, email, role: given, sites, secretHash: hashOf(secret) },
        ...{ createdBy: c.var.caller.email, createdAt, expiresAt },
      });
      await writeAudit(sql, {
        ...author,
        action: 'invitation.create',
        target: `invitation:${invitation.id}`,
        after: { ...factsOf(invitation), expiresAt: expiresAt.toISOString() },
      });
      return invitation;
    });
    c.header('cache-control', 'no-store');
    const link = `${parts.config.publicUrl?.replace(/\/$/, '') ?? ''}/invitation#${secret}`;
    return c.json({ ...shown(made), secret, link }, 201);
  });
  api.openapi(withdrawRoute, async (c) => {
    const author = authorOf(c.var);
    await changeTenant(pools.api, author, async (sql) => {
      const gone = await deleteInvitation(sql, c.req.valid('param').id);
      if (gone === null) throw refusal('not-found', 'There is no such invitation.');
      const target = `invitation:${gone.id}`;
      await writeAudit(sql, {
        ...author,
        action: 'invitation.withdraw',
        target,
        before: factsOf(gone),
      });
    });
    return c.body(null, 204);
  });
  api.openapi(acceptRoute, async (c) => {
    const { secret, name, password } = c.req.valid('json');
    const from = fromOf(c);
    const signed = await transaction(pools.system, async (sql) => {
      const taken = await takeInvitation(sql, hashOf(secret), new Date(parts.now()));
      if (taken === null) {
        throw refusal('invitation-unknown', 'There is no such invitation, or not any more.', {
          next: 'Ask for a new one.',
        });
      }
      const { tenantId, tenantName, email, role: given, sites } = taken;
      // Not before: whoever has no invitation must not make us compute for them.
      const passwordHash = await hashPassword(password);
      const user = await insertUser(sql, {
        tenantId,
        email,
        name,
        role: given,
        sites,
        passwordHash,
      });
      if (user === null) throw refusal('already-exists', 'This e-mail address is in use.');
      // Undone whole: the invitation is still there when somebody has made room.
      await holdQuotaOf(sql, tenantId, 'users');
      await writeAudit(sql, {
        ...{ tenantId, ip: from.ip, requestId: from.requestId, actor: `user:${email}` },
        action: 'invitation.accept',
        target: `user:${user.id}`,
        before: { invitationId: taken.id, createdBy: taken.createdBy },
        after: { email, name, role: given, sites },
      });
      const person = { ...user, tenantName, linked: false };
      return beginSignIn(sql, parts, person, { ...from, method: 'invitation' });
    });
    return c.json(answerSigned(c, parts, signed), 200);
  });
};
