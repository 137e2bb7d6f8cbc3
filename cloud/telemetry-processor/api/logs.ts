/**
 * `/api/devices/{id}/logs`: a container's last lines and each new one, as server-sent events, from the
 * device itself while somebody looks. For operators: a log may hold secrets of the program. That it
 * was opened, and when it ended, is in the audit log.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { notFound, problem } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { logTailMax } from '@signalbeam/sync/core/log-session';
import { plainText } from '@signalbeam/sync/wire/shape';
import { mayStillLook } from '../logs/may-still.ts';
import { openLog, tellOffline } from '../logs/open.ts';
import { readLastFailure } from '../store/log-sessions.ts';
import { readPresence } from '../store/reads.ts';
import { type AddRoutes, noSuchDevice, type Parts, readingDevice } from './parts.ts';
import { idParams } from './schemas.ts';
import { presenceOf } from './telemetry.ts';

const unitSeconds = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const secondsOf = (since: string): number =>
  Number(since.slice(0, -1)) * unitSeconds[since.slice(-1) as keyof typeof unitSeconds];

const querySchema = z.strictObject({
  container: plainText(64).min(1).openapi({ example: 'web' }),
  bundle: plainText(200).optional().openapi({
    description: 'By name, where two bundles have a container of this name',
  }),
  tail: z.coerce.number().int().min(0).max(logTailMax).default(200),
  since: z
    .string()
    .regex(/^[1-9]\d{0,5}[smhd]$/, 'a number and s, m, h or d')
    .optional()
    .openapi({ example: '1h', description: 'No lines older than this, by the device’s clock' }),
  follow: z.enum(['true', 'false']).default('true'),
});

const addressed = async (parts: Parts, deviceId: string, tenantId: string) => {
  const directory = parts.directory();
  if (directory === undefined) {
    throw refusal('service-unavailable', 'This service is just starting.', {
      next: 'Try again in a few seconds.',
    });
  }
  const device = (await directory.find([deviceId])).get(deviceId) ?? null;
  if (device?.tenantId !== tenantId) throw noSuchDevice();
  if (!device.approved) {
    throw refusal('wrong-state', 'This device is not approved, so nothing runs on it.', {
      next: 'Approve it first.',
    });
  }
  return device;
};

const route = createRoute({
  method: 'get',
  path: '/api/devices/{id}/logs',
  tags: ['Live'],
  summary: 'A container’s last lines, then each new one, as server-sent events',
  description:
    'Events: `opened`; `lines` with `entries`: `{at, output, text}`, `{leftOut}` where lines came faster than they are shown, `{at, note}` when the container stopped, started or was replaced; `ended` with `reason`, `says` and, of a device that does not answer, `lastSeenAt` and the `lastFailure`. Ends after half an hour at the latest.',
  middleware: [requireUser('operator')] as const,
  request: { params: idParams, query: querySchema },
  responses: {
    200: { description: 'The log', content: { 'text/event-stream': { schema: z.string() } } },
    ...notFound,
    409: problem('The device is not approved'),
  },
});

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

export const addLogRoutes: AddRoutes = (api, parts) => {
  api.openapi(route, async (c) => {
    const { id } = c.req.valid('param');
    const { container, bundle = null, tail, since, follow } = c.req.valid('query');
    const { caller } = c.var;
    const row = await readingDevice(parts, caller, id, (sql) => readPresence(sql, id));
    const { presence } = presenceOf(row, parts.latestBeat(id), parts.now());
    const device = await addressed(parts, id, caller.tenantId);
    // Whoever asks for the head alone looks at nothing.
    if (c.req.method === 'HEAD') return c.body(null, 200, streamHeaders);
    const authorization = c.req.header('authorization');
    const asked = {
      ...{ author: authorOf(c.var), device, log: c.var.log },
      request: {
        ...{ container, bundle, lines: tail, follow: follow === 'true' },
        sinceSeconds: since === undefined ? null : secondsOf(since),
      },
      known: () =>
        withTenant(parts.pools.api, caller, async (sql) => {
          const { lastSeenAt } = presenceOf(
            await readPresence(sql, id),
            parts.latestBeat(id),
            parts.now(),
          );
          return { lastSeenAt, lastFailure: await readLastFailure(sql, id) };
        }),
      mayStill: () => mayStillLook(parts, caller, authorization, id),
    };
    const body = presence === 'online' ? await openLog(parts, asked) : tellOffline(asked);
    return c.body(body, 200, streamHeaders);
  });
};
