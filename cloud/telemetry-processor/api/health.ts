/** How well a device is, and the fleet. Reading only: `store/health` judges. */
import { createRoute, z } from '@hono/zod-openapi';
import { levelOf } from '@signalbeam/platform/core/health-level';
import { requireCaller, requireUser } from '@signalbeam/platform/http/caller';
import { json, notFound } from '@signalbeam/platform/http/describe';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { judgeHealth, type partNames } from '../core/health.ts';
import { readHealth, readHealthSummary } from '../store/health-reads.ts';
import { type AddRoutes, readingDevice } from './parts.ts';
import { idParams } from './schemas.ts';

const tags = ['Telemetry'];

const partSchema = z.strictObject({
  points: z.int(),
  most: z.int(),
  /** Why, in words. */
  says: z.string(),
  isKnown: z.boolean().openapi({
    description:
      'False: nothing has come that it could be judged by, and it has half of its points',
  }),
});
const healthSchema = z
  .strictObject({
    score: z.int().min(0).max(100).nullable().openapi({
      description: 'The sum of the parts; null for a device that was not heard of for an hour',
    }),
    level: z.enum(['healthy', 'degraded', 'critical', 'unknown']),
    notHeardSince: z.iso.datetime().nullable(),
    judgedAt: z.iso.datetime().nullable(),
    parts: z.strictObject({
      freshness: partSchema,
      reconciliation: partSchema,
      resources: partSchema,
      stability: partSchema,
    } satisfies Record<(typeof partNames)[number], typeof partSchema>),
  })
  .openapi('DeviceHealth');

const summarySchema = z
  .strictObject({
    healthy: z.int(),
    degraded: z.int(),
    critical: z.int(),
    /** Not heard of for an hour or more: no score. */
    silent: z.int(),
    neverHeard: z.int(),
    averageScore: z.number().nullable(),
  })
  .openapi('FleetHealth');

const nothing = { presence: null, reported: null, sample: null, troubles: [] };

const addDeviceHealth: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/devices/{id}/health',
      tags,
      summary: 'How well the device is: 0–100 in four parts, with the reasons in words',
      middleware: [requireCaller('viewer')] as const,
      request: { params: idParams },
      responses: { 200: json(healthSchema, 'Its health'), ...notFound },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const row = await readingDevice(parts, c.var.caller, id, (sql) => readHealth(sql, id));
      const score = row?.score ?? null;
      const health = {
        ...{ score, level: levelOf(score) },
        notHeardSince: row?.not_heard_since?.toISOString() ?? null,
        judgedAt: row?.judged_at.toISOString() ?? null,
        parts: row?.parts ?? judgeHealth(nothing, parts.now()).parts,
      };
      return c.json(health, 200);
    },
  );
};

const addFleetHealth: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/telemetry/health',
      tags,
      summary: 'How well the fleet is: how many devices are healthy, degraded, critical, silent',
      middleware: [requireUser('viewer')] as const,
      responses: { 200: json(summarySchema, 'Counts of the devices that you see') },
    }),
    async (c) => c.json(await withTenant(parts.pools.api, c.var.caller, readHealthSummary), 200),
  );
};

export const addHealthRoutes: AddRoutes = (api, parts) => {
  addDeviceHealth(api, parts);
  addFleetHealth(api, parts);
};
