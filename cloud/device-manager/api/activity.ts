/**
 * What was done to a device, newest first: by whom, when, and what it was before and after. Read from
 * the audit log, which is written in the transaction of each change, so it can't be behind or empty.
 * What a device did itself is in its events (telemetry-processor).
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { requireUser } from '@signalbeam/platform/http/caller';
import { pageOf } from '@signalbeam/platform/http/cursor';
import { json, notFound } from '@signalbeam/platform/http/describe';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { noSuchDevice } from '../refusals.ts';
import { listAudit } from '../store/audit.ts';
import { findDevice } from '../store/devices.ts';
import { auditCursorOf, readAuditCursor } from './audit.ts';
import type { Parts } from './parts.ts';
import { activitySchema, idParams } from './schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/api/devices/{id}/activity',
  tags: ['Devices'],
  summary: 'Lists what was done to a device, newest first',
  middleware: [requireUser('viewer')] as const,
  request: {
    params: idParams,
    query: z.strictObject({
      cursor: z.string().max(200).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
  },
  responses: {
    200: json(
      z.strictObject({ activity: z.array(activitySchema), nextCursor: z.string().nullable() }),
      'A page',
    ),
    ...notFound,
  },
});

export const addActivityRoutes = (api: Api, parts: Parts): void => {
  api.openapi(route, async (c) => {
    const { id } = c.req.valid('param');
    const { cursor, limit } = c.req.valid('query');
    const after = readAuditCursor(cursor);
    const lines = await withTenant(parts.pools.api, c.var.caller, async (sql) =>
      (await findDevice(sql, id)) === null
        ? null
        : listAudit(sql, { target: `device:${id}` }, { after, limit: limit + 1 }),
    );
    if (lines === null) throw noSuchDevice();
    const page = pageOf(lines, limit, auditCursorOf);
    // Addresses are for those who read the audit log.
    const activity = page.rows.map((line) => ({
      id: line.id,
      at: line.at.toISOString(),
      actor: line.actor,
      action: line.action,
      before: line.before ?? null,
      after: line.after ?? null,
    }));
    return c.json({ activity, nextCursor: page.nextCursor }, 200);
  });
};
