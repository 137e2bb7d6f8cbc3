/**
 * Technicians' grants of a site: issued to a person by name, shown this once, listed, taken back. The
 * director signs one, so devices can check it without any link.
 */
import { randomUUID } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { actorOf, authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { holdKeys } from '@signalbeam/platform/keys/hold-keys';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { revokedGrantsMax } from '@signalbeam/sync/core/limits';
import { encodeGrantToken } from '@signalbeam/sync/wire/grant-token';
import { createSeed, signerFromSeed } from '@signalbeam/sync/wire/keys';
import { sealRecord } from '@signalbeam/sync/wire/record-envelope';
import type { Grant } from '@signalbeam/sync/wire/record-schemas';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import { plainText, siteName } from '@signalbeam/sync/wire/shape';
import {
  countUnexpiredGrants,
  insertGrant,
  listGrants,
  revokeGrant,
  type SiteGrant,
} from '../store/site-grants.ts';
import { findSite, lockSite } from '../store/sites.ts';
import type { Parts } from './parts.ts';
import { issuedGrantSchema, siteGrantSchema } from './schemas.ts';

const hourMs = 3_600_000;
const siteParams = z.strictObject({ name: siteName });
const grantParams = z.strictObject({ name: siteName, id: z.uuid() });
const noSuchSite = () => refusal('not-found', 'There is no such site.');

const listRoute = createRoute({
  method: 'get',
  path: '/api/sites/{name}/grants',
  tags: ['Sites'],
  summary: 'Lists the technicians’ grants of a site, the newest first',
  middleware: [requireUser('viewer')] as const,
  request: {
    params: siteParams,
    query: z.strictObject({
      cursor: z.string().max(200).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(100),
    }),
  },
  responses: {
    200: json(
      z.strictObject({ grants: z.array(siteGrantSchema), nextCursor: z.string().nullable() }),
      'A page',
    ),
    ...notFound,
  },
});

const issueRoute = createRoute({
  method: 'post',
  path: '/api/sites/{name}/grants',
  tags: ['Sites'],
  summary: 'Lets a technician sign in at the devices of a site; the grant is shown this once',
  middleware: [requireUser('operator')] as const,
  request: {
    params: siteParams,
    body: body(
      z.strictObject({
        holder: plainText(200).min(1),
        validityHours: z
          .int()
          .min(1)
          .max(24 * 90)
          .default(24),
      }),
      { holder: 'Ada Lovelace', validityHours: 24 },
    ),
  },
  responses: { 201: json(issuedGrantSchema, 'The grant and its text'), ...notFound, ...conflict },
});

const revokeRoute = createRoute({
  method: 'delete',
  path: '/api/sites/{name}/grants/{id}',
  tags: ['Sites'],
  summary:
    'Takes a technician’s grant back: online devices know within a minute, others when they link',
  middleware: [requireUser('operator')] as const,
  request: { params: grantParams },
  responses: { 204: { description: 'Taken back' }, ...notFound },
});

const shown = (grant: SiteGrant, nowMs: number): z.infer<typeof siteGrantSchema> => ({
  id: grant.id,
  site: grant.site,
  holder: grant.holder,
  createdBy: grant.createdBy,
  createdAt: grant.createdAt.toISOString(),
  expiresAt: grant.expiresAt.toISOString(),
  revokedAt: grant.revokedAt?.toISOString() ?? null,
  state:
    grant.revokedAt !== null ? 'revoked' : grant.expiresAt.getTime() <= nowMs ? 'expired' : 'live',
});

export const addSiteGrantRoutes = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  const place = z.tuple([z.iso.datetime(), z.uuid()]);
  api.openapi(listRoute, async (c) => {
    const { name: site } = c.req.valid('param');
    const { cursor, limit } = c.req.valid('query');
    const at = readCursor(cursor, place);
    const after = at === null ? null : { createdAt: at[0], id: at[1] };
    const found = await withTenant(pools.api, c.var.caller, async (sql) => {
      if ((await findSite(sql, site)) === null) throw noSuchSite();
      return listGrants(sql, { site, after, limit: limit + 1 });
    });
    const page = pageOf(found, limit, ({ createdAt, id }) => [createdAt.toISOString(), id]);
    const grants = page.rows.map((grant) => shown(grant, parts.now()));
    return c.json({ grants, nextCursor: page.nextCursor }, 200);
  });
  api.openapi(issueRoute, async (c) => {
    const { caller } = c.var;
    const { name: site } = c.req.valid('param');
    const { holder, validityHours } = c.req.valid('json');
    const author = authorOf(c.var);
    const [id, seed, createdAt] = [randomUUID(), createSeed(), new Date(parts.now())];
    const expiresAt = new Date(createdAt.getTime() + validityHours * hourMs);
    const { keyId, publicKey } = signerFromSeed(seed);
    const issued = await changeTenant(pools.api, author, async (sql) => {
      const { director } = await holdKeys(sql, parts.keyring, caller.tenantId);
      if ((await lockSite(sql, site)) === null) throw noSuchSite();
      // Each may be taken back, and the revocation that tells of it has room for so many.
      if ((await countUnexpiredGrants(sql, createdAt)) >= revokedGrantsMax) {
        const reason = `${revokedGrantsMax} grants of this tenant have not ended yet; none was issued.`;
        throw refusal('conflict', reason, {
          next: 'Wait until some have ended, and give them for a shorter time.',
        });
      }
      const { tenantId } = caller;
      const createdBy = actorOf(caller);
      const row = { id, tenantId, site, holder, createdBy, createdAt, expiresAt };
      const grant = await insertGrant(sql, row);
      const record: Grant = {
        tenantId,
        site,
        grantId: id,
        version: 1,
        issuedAt: createdAt.toISOString(),
        expiresAt: expiresAt.toISOString(),
        holder: { name: holder, key: { keyId, publicKey } },
        may: ['console'],
        revoked: false,
      };
      await writeAudit(sql, {
        ...author,
        action: 'site.grant',
        target: `site:${site}`,
        after: { grantId: id, holder, expiresAt: record.expiresAt },
      });
      return { grant, envelope: sealRecord(payloadTypes.grant, record, [director]) };
    });
    const token = encodeGrantToken(seed, issued.envelope);
    return c.json({ ...shown(issued.grant, parts.now()), token }, 201);
  });
  api.openapi(revokeRoute, async (c) => {
    const { name: site, id } = c.req.valid('param');
    const author = authorOf(c.var);
    await changeTenant(pools.api, author, async (sql) => {
      const revoked = await revokeGrant(sql, { site, id, at: new Date(parts.now()) });
      if (revoked === null) throw refusal('not-found', 'There is no such grant.');
      if (!revoked.wasLive) return;
      await writeAudit(sql, {
        ...author,
        action: 'site.revoke-grant',
        target: `site:${site}`,
        before: { grantId: id, holder: revoked.grant.holder },
      });
    });
    return c.body(null, 204);
  });
};
