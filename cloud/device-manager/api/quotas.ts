/** What the tenant's tier allows, and how much of it is used. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { requireUser } from '@signalbeam/platform/http/caller';
import { json } from '@signalbeam/platform/http/describe';
import { readQuotas } from '@signalbeam/platform/identity/quota';
import { quotaNames, tiers } from '@signalbeam/platform/identity/tiers';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import type { Parts } from './parts.ts';

const quotaSchema = z.strictObject({
  what: z.enum(quotaNames),
  used: z.int(),
  /** Null: no limit. */
  limit: z.int().nullable(),
});

const route = createRoute({
  method: 'get',
  path: '/api/quotas',
  tags: ['Tenants'],
  summary: 'What the tier of the tenant allows, and how much of it is used',
  middleware: [requireUser('viewer')] as const,
  responses: {
    200: json(
      z.strictObject({ tier: z.enum(tiers), quotas: z.array(quotaSchema) }).openapi('Quotas'),
      'Tier, limits and use',
    ),
  },
});

export const addQuotaRoutes = (api: Api, parts: Parts): void => {
  api.openapi(route, async (c) =>
    c.json(await withTenant(parts.pools.api, c.var.caller, readQuotas), 200),
  );
};
