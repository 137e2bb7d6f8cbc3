/**
 * Metrics of several devices over time: range, step and aggregate are asked for, and the answer
 * says from what it was made. Reading only.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '@signalbeam/platform/http/caller';
import { json } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { metricNames } from '@signalbeam/sync/wire/rows';
import type { TypedResponse } from 'hono';
import { type Resolution, resolutionOf } from '../core/resolution.ts';
import { seenDevices } from '../store/reads.ts';
import { readMisdated, readWritten, type WrittenSeries } from '../store/series.ts';
import { aggregates } from '../store/series-steps.ts';
import { type AddRoutes, keptBy } from './parts.ts';
import { instant, sourceSchema } from './schemas.ts';

export const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
export const queryLimits = {
  devices: 20,
  rangeDays: 1_100,
  /** Of all devices together. */
  points: 20_000,
} as const;

/** Words with commas in between, each once. */
const words = z
  .string()
  .max(1_000)
  .transform((text) => [...new Set(text.split(','))])
  .openapi({ type: 'string' });

const stepUnits = { s: 1_000, m: 60_000, h: hourMs, d: dayMs } as const;
export const step = z
  .string()
  .regex(/^[1-9]\d{0,4}[smhd]$/, 'a number and a unit: 30s, 5m, 1h, 1d')
  .transform((text) => {
    const unit = stepUnits[text.slice(-1) as keyof typeof stepUnits];
    return Number(text.slice(0, -1)) * unit;
  })
  .openapi({ type: 'string', description: '30s, 5m, 1h, 1d; what suits maxPoints if left out' });

const querySchema = z.strictObject({
  devices: words.pipe(z.array(z.uuid()).min(1).max(queryLimits.devices)).openapi({
    type: 'string',
    description: `Ids with commas in between, at most ${queryLimits.devices}`,
  }),
  metrics: words
    .pipe(z.array(z.enum(metricNames)).min(1))
    .optional()
    .openapi({ type: 'string', description: `Of ${metricNames.join(', ')}; all if left out` }),
  from: instant.optional(),
  to: instant.optional(),
  step: step.optional(),
  aggregate: z.enum(aggregates).default('avg'),
  maxPoints: z.coerce.number().int().min(2).max(2_000).default(300),
});

const at = z.iso.datetime();
const answerSchema = z
  .strictObject({
    from: at,
    to: at,
    /** As asked for, or wider: in whole hours or days where samples are gone or too many. */
    stepMs: z.int(),
    source: sourceSchema,
    aggregate: z.enum(aggregates),
    metrics: z.array(z.enum(metricNames)),
    series: z.array(
      z.strictObject({
        deviceId: z.uuid(),
        /** Samples that count in the hour in which they arrived: their clock cannot be right. */
        misdated: z.int(),
        /** Steps with a sample in them; values in the order of `metrics`. */
        points: z.array(z.strictObject({ at, values: z.array(z.number().nullable()) })),
      }),
    ),
  })
  .openapi('MetricsAnswer');

export const refuseRange = (path: string, message: string) =>
  refusal('invalid-request', 'This range and step are not answered.', {
    errors: [{ path, message }],
  });

type Range = { fromMs: number; toMs: number };

export const checkRange = ({ fromMs, toMs }: Range): void => {
  if (toMs <= fromMs) throw refuseRange('from', 'is not before `to`');
  if (toMs - fromMs > queryLimits.rangeDays * dayMs) {
    throw refuseRange('from', `is more than ${queryLimits.rangeDays} days before \`to\``);
  }
};

const checkSize = (range: Range, resolution: Resolution, devices: number): void => {
  checkRange(range);
  if (((range.toMs - range.fromMs) / resolution.stepMs) * devices > queryLimits.points) {
    throw refuseRange('step', `gives more than ${queryLimits.points} points: make it wider`);
  }
};

const iso = (ms: number): string => new Date(ms).toISOString();

/** Steps of several devices are the same: each is written out once. */
const createTimes = (): ((ms: number) => string) => {
  const times = new Map<number, string>();
  return (ms) => {
    const known = times.get(ms);
    if (known !== undefined) return known;
    const time = iso(ms);
    times.set(ms, time);
    return time;
  };
};

/** Thousands of points: put together as text, for reading and writing their numbers took most of an answer. */
const pointsText = ({ atMs, written }: WrittenSeries, timeOf: (ms: number) => string): string =>
  atMs.map((ms, step) => `{"at":"${timeOf(ms)}","values":${written[step]}}`).join(',');

/** Its type says what the text is; the tests of the API hold it to its schema. */
const writtenAnswer = (text: string) =>
  new Response(text, { headers: { 'content-type': 'application/json' } }) as Response &
    TypedResponse<z.infer<typeof answerSchema>, 200, 'json'>;

export const addQueryRoutes: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/telemetry/metrics',
      tags: ['Telemetry'],
      summary: 'Metrics of several devices over time, from samples, minutes, hours or days',
      description: 'Devices that the caller does not see are left out.',
      middleware: [requireCaller('viewer')] as const,
      request: { query: querySchema },
      responses: { 200: json(answerSchema, 'A series for each device that the caller sees') },
    }),
    async (c) => {
      const { devices, metrics, aggregate, maxPoints, ...query } = c.req.valid('query');
      const { caller } = c.var;
      const now = parts.now();
      const toMs = query.to ?? now;
      const range = { fromMs: query.from ?? toMs - hourMs, toMs };
      const names = metrics ?? metricNames;
      const answered = await withTenant(parts.pools.api, caller, async (sql) => {
        const kept = await keptBy(sql, caller);
        const asked = { ...range, now, stepMs: query.step ?? null, maxPoints, kept };
        const resolution = resolutionOf(asked);
        checkSize(range, resolution, devices.length);
        // Of what somebody else has, and of what nobody has, the answer says the same: nothing.
        const own = caller.kind === 'device' ? [caller.deviceId] : devices;
        const deviceIds = await seenDevices(
          sql,
          devices.filter((id) => own.includes(id)),
        );
        const wish = { deviceIds, names, aggregate, ...range, ...resolution };
        const read = await readWritten(sql, wish);
        const misdated =
          resolution.source === 'samples'
            ? await readMisdated(sql, wish)
            : new Map<string, number>();
        const timeOf = createTimes();
        const series = deviceIds.map((deviceId) => {
          const found = read.get(deviceId);
          const points = found === undefined ? '' : pointsText(found, timeOf);
          const count = misdated.get(deviceId) ?? found?.misdated ?? 0;
          return `{"deviceId":"${deviceId}","misdated":${count},"points":[${points}]}`;
        });
        return { series: `[${series.join(',')}]`, resolution };
      });
      const head = { from: iso(range.fromMs), to: iso(toMs), aggregate, metrics: names };
      const facts = JSON.stringify({ ...head, ...answered.resolution });
      const text = `${facts.slice(0, -1)},"series":${answered.series}}`;
      return writtenAnswer(text);
    },
  );
};
