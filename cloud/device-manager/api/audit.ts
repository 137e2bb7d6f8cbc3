/** The audit log, for those who answer for the tenant: who did what to what, and from where. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { requireUser } from '@signalbeam/platform/http/caller';
import { json } from '@signalbeam/platform/http/describe';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { listAudit } from '../store/audit.ts';
import { pageOf, readCursor } from './cursor.ts';
import type { Parts } from './parts.ts';
import { auditLineSchema } from './schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/api/audit',
  tags: ['Audit'],
  summary: 'Lists what was done, newest first',
  middleware: [requireUser('operator')] as const,
  request: {
    query: z.strictObject({
      cursor: z.string().max(200).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
  },
  responses: {
    200: json(
      z.strictObject({ entries: z.array(auditLineSchema), nextCursor: z.string().nullable() }),
      'A page',
    ),
  },
});

export const addAuditRoutes = (api: Api, parts: Parts): void => {
  api.openapi(route, async (c) => {
    const { cursor, limit } = c.req.valid('query');
    const before = cursor === undefined ? null : readCursor(cursor, z.int().min(0));
    const lines = await withTenant(parts.pools.api, c.var.caller.tenantId, (sql) =>
      listAudit(sql, { before, limit: limit + 1 }),
    );
    const page = pageOf(lines, limit, (line) => line.id);
    const entries = page.rows.map((line) => ({
      ...line,
      at: line.at.toISOString(),
      before: line.before ?? null,
      after: line.after ?? null,
    }));
    return c.json({ entries, nextCursor: page.nextCursor }, 200);
  });
};
