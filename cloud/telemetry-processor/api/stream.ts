/**
 * `/api/stream`: what changes in the tenant, as server-sent events, as it happens. Nothing is
 * replayed: a client that comes back with Last-Event-ID, or reads too slowly, is told `resync` and
 * asks the API anew. The stream ends when the sign-in that opened it does.
 */
import type { ServerResponse } from 'node:http';
import { createRoute, z } from '@hono/zod-openapi';
import { requireUser, type UserCaller } from '@signalbeam/platform/http/caller';
import { refusal } from '@signalbeam/platform/http/problem';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { parseTopics, wantedEvent } from '../stream/topics.ts';
import type { AddRoutes, Parts } from './parts.ts';

/** How long a stream may outlive the session that opened it. */
const sessionCheckMs = 15_000;
const sessionPath = '/api/telemetry/session';

/**
 * The devices that somebody who is held to some sites hears of, as they were at the last check of
 * the session; null: all. What is not of one device (a rollout) they ask the API for.
 */
const visibleTo = async (parts: Parts, caller: UserCaller): Promise<Set<string> | null> => {
  if (caller.sites === null) return null;
  return withTenant(parts.pools.api, caller, async (sql) => {
    const { rows } = await sql.query<{ id: string }>(
      'SELECT device_id AS id FROM device_manager.public_devices',
    );
    return new Set(rows.map(({ id }) => id));
  });
};

const isVisible = (
  { type, data }: { type: string; data: unknown },
  seen: ReadonlySet<string> | null,
  sites: readonly string[] | null,
): boolean => {
  if (seen === null || sites === null) return true;
  if (typeof data !== 'object' || data === null) return false;
  if (type.startsWith('alert.')) return sites.includes(String(Reflect.get(data, 'site')));
  return seen.has(String(Reflect.get(data, 'deviceId') ?? Reflect.get(data, 'id')));
};

const addSession: AddRoutes = (api) => {
  api.openapi(
    createRoute({
      method: 'get',
      path: sessionPath,
      tags: ['Live'],
      summary: 'Whether the sign-in still holds',
      middleware: [requireUser('viewer')] as const,
      responses: { 204: { description: 'It does' } },
    }),
    (c) => c.body(null, 204),
  );
};

export const addStreamRoutes: AddRoutes = (api, parts) => {
  addSession(api, parts);
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/stream',
      tags: ['Live'],
      summary: 'What changes, as server-sent events',
      description:
        'Events `device`, `rollout`, `alert`, `metrics`, `reported`, `event` with data `{type, at, data}`; `resync` when something was missed.',
      middleware: [requireUser('viewer')] as const,
      request: {
        query: z.strictObject({
          topics: z.string().max(5_000).optional().openapi({
            example: 'devices,device:6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11,rollouts',
          }),
        }),
      },
      responses: {
        200: {
          description: 'The stream',
          content: { 'text/event-stream': { schema: z.string() } },
        },
      },
    }),
    async (c) => {
      const topics = parseTopics(c.req.valid('query').topics);
      if (topics === null) {
        throw refusal('invalid-request', 'A topic is not understood.', {
          errors: [
            { path: 'topics', message: 'devices, rollouts, alerts, device:<id>, rollout:<id>' },
          ],
        });
      }
      const { tenantId, sites } = c.var.caller;
      let seen = await visibleTo(parts, c.var.caller);
      const leave = parts.watching()?.add(tenantId, topics);
      const { headers } = c.req.raw;
      const bindings = c.env as { outgoing?: ServerResponse } | undefined;
      const client = parts.live.open({
        tenantId,
        // Who is held to some sites shares with nobody: what they hear is theirs alone.
        ...(seen === null ? { sharing: c.req.valid('query').topics ?? '' } : {}),
        wants: (message) => {
          const event = wantedEvent(message, topics);
          return event === null || !isVisible(message, seen, sites) ? null : { event };
        },
        missed: c.req.header('last-event-id') !== undefined,
        outgoing: bindings?.outgoing,
        ended: () => {
          clearInterval(timer);
          leave?.();
        },
      });
      const timer = setInterval(() => {
        Promise.resolve(api.request(sessionPath, { headers }))
          .then(
            ({ status }) => {
              if (status === 401 || status === 403) return client.close();
              return visibleTo(parts, c.var.caller).then((devices) => {
                seen = devices;
              });
            },
            (error: unknown) => c.var.log.warn({ error }, 'a session could not be checked'),
          )
          .catch((error: unknown) => c.var.log.warn({ error }, 'sites could not be read'));
      }, sessionCheckMs);
      return c.body(client.stream, 200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
    },
  );
};
