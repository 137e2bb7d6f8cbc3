/** What is known of a device: presence, metrics, events, reported state. Reading only. */
import { createRoute } from '@hono/zod-openapi';
import { requireCaller } from '@signalbeam/platform/http/caller';
import { json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { type MetricsBody, metricNames } from '@signalbeam/sync/wire/rows';
import { resolutionOf } from '../core/resolution.ts';
import { missedBeatsMax } from '../presence/flush.ts';
import type { Beat } from '../presence/heard.ts';
import { type PresenceRow, readEvents, readPresence, readReported } from '../store/reads.ts';
import { readSeries, type Series } from '../store/series.ts';
import { type AddRoutes, keptBy, readingDevice } from './parts.ts';
import {
  eventsQuery,
  eventsSchema,
  idParams,
  metricsQuery,
  metricsSchema,
  presenceSchema,
  reportedSchema,
} from './schemas.ts';

const hourMs = 3_600_000;
const rangeMsMax = 400 * 24 * hourMs;
const tags = ['Telemetry'];
const iso = (ms: number): string => new Date(ms).toISOString();

/** What was written down, or a newer heartbeat that this replica heard since. */
export const presenceOf = (row: PresenceRow | null, beat: Beat | undefined, nowMs: number) => {
  if (beat !== undefined && beat.lastSeenAt > (row?.lastSeenAt ?? 0)) {
    const { lastSeenAt, nextBeatMs } = beat;
    const isOnline = lastSeenAt + nextBeatMs * missedBeatsMax > nowMs;
    const presence = isOnline ? ('online' as const) : ('offline' as const);
    return { presence, lastSeenAt: iso(lastSeenAt), nextBeatMs };
  }
  if (row === null) return { presence: 'never' as const, lastSeenAt: null, nextBeatMs: null };
  return { presence: row.presence, lastSeenAt: iso(row.lastSeenAt), nextBeatMs: row.nextBeatMs };
};

const addPresence: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/devices/{id}/presence',
      tags,
      summary: 'Whether the device is heard of',
      middleware: [requireCaller('viewer')] as const,
      request: { params: idParams },
      responses: { 200: json(presenceSchema, 'Presence'), ...notFound },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const row = await readingDevice(parts, c.var.caller, id, (sql) => readPresence(sql, id));
      return c.json(presenceOf(row, parts.latestBeat(id), parts.now()), 200);
    },
  );
};

const pointsOf = ({ atMs, values }: Series) =>
  atMs.map((ms, step) => ({
    at: new Date(ms).toISOString(),
    ...(Object.fromEntries(
      metricNames.map((name, metric) => [name, values[metric]?.[step] ?? null]),
    ) as MetricsBody),
  }));

const addMetrics: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/devices/{id}/metrics',
      tags,
      summary: `Samples over time (${metricNames.length} metrics), thinned to at most maxPoints`,
      middleware: [requireCaller('viewer')] as const,
      request: { params: idParams, query: metricsQuery },
      responses: { 200: json(metricsSchema, 'The series'), ...notFound },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const query = c.req.valid('query');
      const toMs = query.to ?? parts.now();
      const fromMs = query.from ?? toMs - hourMs;
      if (fromMs >= toMs || toMs - fromMs > rangeMsMax) {
        throw refusal('invalid-request', 'The range must end after it starts, within 400 days.', {
          errors: [
            { path: 'from', message: 'is not before `to`, or more than 400 days before it' },
          ],
        });
      }
      const { caller } = c.var;
      const { points, source, stepMs } = await readingDevice(parts, caller, id, async (sql) => {
        const kept = await keptBy(sql, caller);
        const { maxPoints } = query;
        const asked = { fromMs, toMs, stepMs: null, maxPoints, now: parts.now(), kept };
        const wish = { deviceIds: [id], names: metricNames, aggregate: 'usual' as const };
        const resolution = resolutionOf(asked);
        const [read] = await readSeries(sql, { ...wish, fromMs, toMs, ...resolution });
        return { points: read === undefined ? [] : pointsOf(read), ...resolution };
      });
      const answer = { from: iso(fromMs), to: iso(toMs), bucketMs: stepMs, source, series: points };
      return c.json(answer, 200);
    },
  );
};

const readCursor = (cursor: string | undefined): number | null => {
  if (cursor === undefined) return null;
  const id = Number(Buffer.from(cursor, 'base64url').toString());
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw refusal('invalid-request', 'The cursor is not one that this list gave out.', {
    errors: [{ path: 'cursor', message: 'use nextCursor of the page before, or leave it out' }],
  });
};

const addEvents: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/devices/{id}/events',
      tags,
      summary: 'What happened on the device, newest first',
      middleware: [requireCaller('viewer')] as const,
      request: { params: idParams, query: eventsQuery },
      responses: { 200: json(eventsSchema, 'A page of events'), ...notFound },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const { cursor, limit } = c.req.valid('query');
      const wanted = { deviceId: id, beforeId: readCursor(cursor), limit: limit + 1 };
      const rows = await readingDevice(parts, c.var.caller, id, (sql) => readEvents(sql, wanted));
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      const events = shown.map(({ id: _, received_at, at, ...event }) => ({
        ...event,
        at: at.toISOString(),
        receivedAt: received_at.toISOString(),
      }));
      const nextCursor =
        rows.length > limit && last !== undefined
          ? Buffer.from(String(last.id)).toString('base64url')
          : null;
      return c.json({ events, nextCursor }, 200);
    },
  );
};

const addReported: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/devices/{id}/reported',
      tags,
      summary: "The device's newest account of itself",
      middleware: [requireCaller('viewer')] as const,
      request: { params: idParams },
      responses: { 200: json(reportedSchema, 'The reported state'), ...notFound },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const row = await readingDevice(parts, c.var.caller, id, (sql) => readReported(sql, id));
      if (row === null) throw refusal('not-found', 'This device has not reported its state yet.');
      const { at, received_at, body } = row;
      return c.json({ at: at.toISOString(), receivedAt: received_at.toISOString(), ...body }, 200);
    },
  );
};

export const addTelemetryRoutes: AddRoutes = (api, parts) => {
  for (const add of [addPresence, addMetrics, addEvents, addReported]) add(api, parts);
};
