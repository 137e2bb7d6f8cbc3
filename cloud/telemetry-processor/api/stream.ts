/**
 * `/api/stream`: what changes in the tenant, as server-sent events, as it happens. Nothing is
 * replayed: a client that comes back with Last-Event-ID, or reads too slowly, is told `resync` and
 * asks the API anew. The stream ends when the sign-in that opened it does. Who is held to some sites hears
 * what they may see, and no more.
 */
import type { ServerResponse } from 'node:http';
import { createRoute, z } from '@hono/zod-openapi';
import type { Wanted } from '@signalbeam/platform/events/live';
import type { DomainMessage } from '@signalbeam/platform/events/message';
import { requireUser, type UserCaller } from '@signalbeam/platform/http/caller';
import { refusal } from '@signalbeam/platform/http/problem';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { createRolloutsSeen, heardOfRollout, rolloutOf } from '../stream/sites-hear.ts';
import { parseTopics, type Topics, wantedEvent } from '../stream/topics.ts';
import type { AddRoutes, Parts } from './parts.ts';

/** How long a stream may outlive the session that opened it. */
const sessionCheckMs = 15_000;
const sessionPath = '/api/telemetry/session';

/**
 * The devices that somebody who is held to some sites hears of, as they were at the last check of
 * the session; null: all.
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

const rolloutsVisibleTo =
  (parts: Parts, caller: UserCaller) =>
  (ids: readonly string[]): Promise<Set<string>> =>
    withTenant(parts.pools.api, caller, async (sql) => {
      const { rows } = await sql.query<{ id: string }>(
        `SELECT rollout_id AS id FROM bundle_orchestrator.public_rollouts
          WHERE tenant_id = $1 AND rollout_id = ANY ($2)`,
        [caller.tenantId, ids],
      );
      return new Set(rows.map(({ id }) => id));
    });

/** Of one device, or an alert of a site. */
const isVisible = (
  { type, data }: { type: string; data: unknown },
  seen: ReadonlySet<string>,
  sites: readonly string[],
): boolean => {
  if (typeof data !== 'object' || data === null) return false;
  if (type.startsWith('alert.')) return sites.includes(String(Reflect.get(data, 'site')));
  return seen.has(String(Reflect.get(data, 'deviceId') ?? Reflect.get(data, 'id')));
};

/** What this caller hears; as they could see it at the last look. */
const openEar = async (
  parts: Parts,
  caller: UserCaller,
  topics: Topics,
  failed: (error: unknown) => void,
) => {
  const { sites } = caller;
  let seen = await visibleTo(parts, caller);
  let tell = (_message: DomainMessage, _wanted: Wanted): void => undefined;
  const ofRollout = (message: DomainMessage): Wanted | null => {
    const event = wantedEvent(message, topics);
    const data = seen === null ? message.data : heardOfRollout(message, seen);
    return event === null || data === null ? null : { event, data };
  };
  const rollouts = createRolloutsSeen({
    look: rolloutsVisibleTo(parts, caller),
    decided: (message) => {
      const wanted = ofRollout(message);
      if (wanted !== null) tell(message, wanted);
    },
    failed,
  });
  const wants = (message: DomainMessage): Wanted | null => {
    const event = wantedEvent(message, topics);
    if (event === null) return null;
    if (seen === null || sites === null) return { event };
    const rolloutId = rolloutOf(message);
    if (rolloutId === null) return isVisible(message, seen, sites) ? { event } : null;
    const isSeen = rollouts.isSeen(rolloutId);
    if (isSeen === undefined) rollouts.wait(message);
    return isSeen === true ? ofRollout(message) : null;
  };
  return {
    ...{ sites, wants, stop: rollouts.stop },
    /** Where what could not be decided at once goes. */
    later: (to: typeof tell): void => {
      tell = to;
    },
    lookAgain: async (): Promise<void> => {
      seen = await visibleTo(parts, caller);
      rollouts.forget();
    },
  };
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
      const { tenantId } = c.var.caller;
      const ear = await openEar(parts, c.var.caller, topics, (error) =>
        c.var.log.warn({ error }, 'what somebody may see could not be read'),
      );
      const leave = parts.watching()?.add(tenantId, topics);
      const { headers } = c.req.raw;
      const bindings = c.env as { outgoing?: ServerResponse } | undefined;
      const client = parts.live.open({
        tenantId,
        // Who is held to some sites shares with nobody: what they hear is theirs alone.
        ...(ear.sites === null ? { sharing: c.req.valid('query').topics ?? '' } : {}),
        wants: ear.wants,
        missed: c.req.header('last-event-id') !== undefined,
        outgoing: bindings?.outgoing,
        ended: () => {
          clearInterval(timer);
          ear.stop();
          leave?.();
        },
      });
      ear.later((message, wanted) => client.tell(message, wanted));
      const timer = setInterval(() => {
        Promise.resolve(api.request(sessionPath, { headers }))
          .then(
            ({ status }) => {
              if (status === 401 || status === 403) return client.close();
              return ear.lookAgain();
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
