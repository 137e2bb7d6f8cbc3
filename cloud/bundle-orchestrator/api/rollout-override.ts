/** An emergency found half-way: a rollout at work waits for no window of a site, and for them again. */
import { createRoute } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { setSiteWindowsIgnored } from '../rollouts/override.ts';
import type { Parts } from './parts.ts';
import { ignoreSiteWindowsSchema, rolloutSchema } from './rollout-schemas.ts';
import { idParams } from './schemas.ts';

export const addOverrideRoutes = (api: Api, parts: Parts): void => {
  const answers = { 200: json(rolloutSchema, 'The rollout'), ...notFound, ...conflict };
  api.openapi(
    createRoute({
      method: 'post',
      tags: ['Rollouts'],
      middleware: [requireUser('operator')] as const,
      path: '/api/rollouts/{id}/ignore-site-windows',
      summary: 'Has it wait for no maintenance window of a site any more, for a reason',
      request: {
        params: idParams,
        body: body(ignoreSiteWindowsSchema, { reason: 'The hole is being used.' }),
      },
      responses: answers,
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const { reason } = c.req.valid('json');
      const view = await setSiteWindowsIgnored(parts, authorOf(c.var), id, reason);
      await parts.aside.forget('rollout', id);
      return c.json(view, 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'post',
      tags: ['Rollouts'],
      middleware: [requireUser('operator')] as const,
      path: '/api/rollouts/{id}/heed-site-windows',
      summary: 'Has it wait for the maintenance windows of sites again',
      request: { params: idParams },
      responses: answers,
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const view = await setSiteWindowsIgnored(parts, authorOf(c.var), id, null);
      await parts.aside.forget('rollout', id);
      return c.json(view, 200);
    },
  );
};
