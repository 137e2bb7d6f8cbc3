/**
 * One metric over the devices of a site or a group: how it is spread among them, step by step. Each device
 * counts once in a step, by its mean there or its extreme, so what it was summed up from changes nothing.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { requireUser } from '@signalbeam/platform/http/caller';
import { json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { metricNames } from '@signalbeam/sync/wire/rows';
import { plainText } from '@signalbeam/sync/wire/shape';
import { percentileResolutionOf } from '../core/percentile-resolution.ts';
import { createKeptSpread } from '../store/kept-spread.ts';
import { isCounter, type MetricName } from '../store/metric-columns.ts';
import { type DeviceScope, devicesWithin } from '../store/percentiles.ts';
import { type AddRoutes, keptBy } from './parts.ts';
import { checkRange, hourMs, refuseRange, step } from './query.ts';
import { instant } from './schemas.ts';

/** Each is an index scan. */
export const percentileDevicesMax = 2_000;

/** What a counter is at, among devices that were started at different times, says nothing. */
const gauges = metricNames.filter((name) => !isCounter(name)) as [MetricName, ...MetricName[]];
const eachBy = ['avg', 'min', 'max'] as const;

const querySchema = z
  .strictObject({
    site: plainText(63).optional(),
    groupId: z.uuid().optional(),
    metric: z.enum(gauges),
    /** What a device counts with in a step: its mean, or its least or largest sample. */
    each: z.enum(eachBy).default('avg'),
    from: instant.optional(),
    to: instant.optional(),
    step: step.optional(),
    maxPoints: z.coerce.number().int().min(2).max(1_000).default(300),
  })
  .refine(({ site, groupId }) => (site === undefined) !== (groupId === undefined), {
    path: ['site'],
    message: 'name a site or a group, and not both',
  });

const at = z.iso.datetime();
const answerSchema = z
  .strictObject({
    from: at,
    to: at,
    /** As asked for, or wider: in five minutes, hours or days that are kept and not too many. */
    stepMs: z.int(),
    source: z.enum(['minutes', 'hours', 'days']),
    metric: z.enum(gauges),
    each: z.enum(eachBy),
    /** Approved devices of the site or the group now that the caller sees. */
    devices: z.int(),
    /** Steps in which a device has a value. Between two devices the percentiles are interpolated. */
    points: z.array(
      z.strictObject({
        at,
        /** Those that have a value in it. */
        devices: z.int(),
        ...{ min: z.number(), p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() },
      }),
    ),
  })
  .openapi('MetricPercentiles');

const scopeOf = ({ site, groupId }: z.infer<typeof querySchema>): DeviceScope =>
  groupId === undefined ? { kind: 'site', site: site ?? '' } : { kind: 'group', groupId };

export const addPercentileRoutes: AddRoutes = (api, parts) => {
  const spread = createKeptSpread();
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/telemetry/percentiles',
      tags: ['Telemetry'],
      summary: 'How a metric is spread over the devices of a site or a group: p50, p95 and p99',
      description:
        'Of what each device was in a step (its mean there, unless `each` says otherwise), not of single samples.',
      middleware: [requireUser('viewer')] as const,
      request: { query: querySchema },
      responses: { 200: json(answerSchema, 'A point for each step'), ...notFound },
    }),
    async (c) => {
      const query = c.req.valid('query');
      const { metric, each, maxPoints } = query;
      const { caller } = c.var;
      const now = parts.now();
      const toMs = query.to ?? now;
      const range = { fromMs: query.from ?? toMs - hourMs, toMs };
      checkRange(range);
      const answered = await withTenant(parts.pools.api, caller, async (sql) => {
        const look = { nowMs: now, limit: percentileDevicesMax + 1 };
        const deviceIds = await devicesWithin(sql, caller.tenantId, scopeOf(query), look);
        if (deviceIds === null) throw refusal('not-found', 'There is no such group.');
        if (deviceIds.length > percentileDevicesMax) {
          throw refuseRange(
            query.site === undefined ? 'groupId' : 'site',
            `has more than ${percentileDevicesMax} devices: ask for a group of fewer`,
          );
        }
        const kept = await keptBy(sql, caller);
        const asked = { ...range, now, stepMs: query.step ?? null, maxPoints, kept };
        const resolution = percentileResolutionOf({ ...asked, devices: deviceIds.length });
        if (resolution === null) {
          throw refuseRange('from', `is too long ago for ${deviceIds.length} devices`);
        }
        const wish = { deviceIds, names: [metric], aggregate: each, ...range, ...resolution };
        const points = await spread.read(sql, caller.tenantId, wish);
        return { ...resolution, devices: deviceIds.length, points };
      });
      const iso = (ms: number): string => new Date(ms).toISOString();
      const points = answered.points.map((point) => ({ ...point, at: point.at.toISOString() }));
      const said = { from: iso(range.fromMs), to: iso(toMs), metric, each };
      return c.json({ ...said, ...answered, points }, 200);
    },
  );
};
