/**
 * The audit log, for those who answer for the tenant: who did what to what, from where, and what it
 * was before and after; and whether somebody tampered with it.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { requireUser } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { json } from '@signalbeam/platform/http/describe';
import { chainKey, checkChain, holdsHead } from '@signalbeam/platform/postgres/audit-chain';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { plainText } from '@signalbeam/sync/wire/shape';
import { type AuditPosition, listAudit } from '../store/audit.ts';
import { readTargetNames } from '../store/target-names.ts';
import type { Parts } from './parts.ts';
import { auditLineSchema } from './schemas.ts';

const position = z
  .tuple([z.iso.datetime({ precision: 6 }), z.int().min(0)])
  .transform(([at, id]): AuditPosition => ({ at, id }));

export const readAuditCursor = (cursor: string | undefined): AuditPosition | null =>
  readCursor(cursor, position);
export const auditCursorOf = (line: { position: AuditPosition }): unknown => [
  line.position.at,
  line.position.id,
];

const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const listRoute = createRoute({
  method: 'get',
  path: '/api/audit',
  tags: ['Audit'],
  summary: 'Lists what was done, newest first',
  middleware: [requireUser('operator', { everySite: true })] as const,
  request: {
    query: z.strictObject({
      actor: plainText(320).optional().openapi({ example: 'user:ada@demo.local' }),
      action: plainText(100).optional().openapi({ example: 'device.approve' }),
      target: plainText(500).optional().openapi({ example: 'group:6f1c2a0e…' }),
      from: time.optional().openapi({ type: 'string', format: 'date-time' }),
      until: time.optional().openapi({ type: 'string', format: 'date-time' }),
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

const verifyRoute = createRoute({
  method: 'get',
  path: '/api/audit/verification',
  tags: ['Audit'],
  summary: 'Checks a stretch of the log against its chain of hashes',
  description:
    'Asked again with `from` = `next` until that is null, it checks all of it. The head, noted elsewhere and given as `knownPosition` and `knownHash` another time, shows a chain that was cut or made anew as well.',
  middleware: [requireUser('admin', { everySite: true })] as const,
  request: {
    query: z.strictObject({
      from: z.coerce.number().int().min(1).default(1),
      limit: z.coerce.number().int().min(1).max(10_000).default(5_000),
      knownPosition: z.coerce.number().int().min(1).optional(),
      knownHash: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .optional(),
    }),
  },
  responses: {
    200: json(
      z.strictObject({
        checked: z.int(),
        faults: z.array(
          z.strictObject({
            kind: z.enum(['changed', 'removed', 'unlinked', 'inserted']),
            position: z.int().nullable(),
            entryId: z.int().nullable(),
          }),
        ),
        next: z.int().nullable(),
        head: z.strictObject({ position: z.int(), hash: z.string() }).nullable(),
        /** Null: no head was given. */
        holdsKnownHead: z.boolean().nullable(),
      }),
      'What was found',
    ),
  },
});

export const addAuditRoutes = (api: Api, parts: Parts): void => {
  api.openapi(listRoute, async (c) => {
    const { cursor, limit, ...filter } = c.req.valid('query');
    const wish = { after: readAuditCursor(cursor), limit: limit + 1 };
    const { page, names } = await withTenant(parts.pools.api, c.var.caller, async (sql) => {
      const found = pageOf(await listAudit(sql, filter, wish), limit, auditCursorOf);
      const targets = found.rows.map((line) => line.target);
      return { page: found, names: await readTargetNames(sql, targets) };
    });
    const entries = page.rows.map(({ position: _, ...line }) => ({
      ...line,
      targetName: names.get(line.target) ?? null,
      at: line.at.toISOString(),
      before: line.before ?? null,
      after: line.after ?? null,
    }));
    return c.json({ entries, nextCursor: page.nextCursor }, 200);
  });
  api.openapi(verifyRoute, async (c) => {
    const { from, limit, knownPosition, knownHash } = c.req.valid('query');
    const { tenantId } = c.var.caller;
    const known =
      knownPosition === undefined || knownHash === undefined
        ? null
        : { position: knownPosition, hash: knownHash };
    const found = await withTenant(parts.pools.api, c.var.caller, async (sql) => ({
      ...(await checkChain(sql, chainKey(parts.kek), { tenantId, from, limit })),
      holdsKnownHead: known === null ? null : await holdsHead(sql, tenantId, known),
    }));
    return c.json(found, 200);
  });
};
