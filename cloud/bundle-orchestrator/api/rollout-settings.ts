/** What a tenant asks of all its rollouts: read by everybody, changed by admins. */
import { createRoute, z } from '@hono/zod-openapi';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { body, json } from '@signalbeam/platform/http/describe';
import { conditional, holdVersion, tellVersion } from '@signalbeam/platform/http/entity-tag';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { findSettings, storeSettings } from '../store/rollout-settings.ts';
import type { Parts } from './parts.ts';

const settingsSchema = z
  .strictObject({
    /** An approval counts only from another person than whoever made the rollout, whatever its gate says. */
    approvalByAnother: z.boolean(),
  })
  .openapi('RolloutSettings');

const path = '/api/rollout-settings';
const tags = ['Rollouts'];

export const addRolloutSettingsRoutes = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'get',
      path,
      tags,
      summary: 'What this tenant asks of all its rollouts',
      middleware: [requireUser('viewer')] as const,
      responses: { 200: json(settingsSchema, 'The settings') },
    }),
    async (c) => {
      const { caller } = c.var;
      const settings = await withTenant(parts.pool, caller, (sql) =>
        findSettings(sql, caller.tenantId),
      );
      tellVersion(c, settings);
      return c.json(settings, 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'patch',
      path,
      tags,
      summary: 'Changes what this tenant asks of all its rollouts, also of those at work',
      middleware: [requireUser('admin', { everySite: true, person: true }), conditional()] as const,
      request: { body: body(settingsSchema, { approvalByAnother: true }) },
      responses: { 200: json(settingsSchema, 'The settings') },
    }),
    async (c) => {
      const author = authorOf(c.var);
      const { tenantId, actor, ip } = author;
      const after = c.req.valid('json');
      await changeTenant(parts.pool, author, async (sql) => {
        const before = await findSettings(sql, tenantId, true);
        holdVersion(c, before);
        await storeSettings(sql, tenantId, after, { atMs: parts.now(), by: actor });
        await writeAudit(sql, {
          ...{ tenantId, actor, ip, before, after },
          action: 'rollout-settings.change',
          target: `rollout-settings:${tenantId}`,
        });
        await recordEvent(sql, {
          tenantId,
          type: 'bundle.rollout-settings.changed',
          subject: 'signalbeam.bundles.rollout-settings.changed',
          data: { actor, ...after },
        });
      });
      tellVersion(c, after);
      return c.json(after, 200);
    },
  );
};
