/** Rollouts: start, watch, cancel, try again. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, type Caller, requireUser } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { shownStatus } from '../core/rollout.ts';
import type { RolloutWish } from '../rollouts/plan.ts';
import { previewRollout } from '../rollouts/preview.ts';
import { startRollout } from '../rollouts/start.ts';
import {
  advanceWave,
  approveRollout,
  cancelRollout,
  pauseRollout,
  resumeRollout,
  retryRollout,
  rollBackRollout,
} from '../rollouts/steer.ts';
import { viewRollout, viewRollouts } from '../rollouts/view.ts';
import { createKeptUnreached } from '../store/kept-unreached.ts';
import { failuresOf } from '../store/rollout-failures.ts';
import {
  findRollout,
  listRolloutDevices,
  listRollouts,
  type RolloutDevice,
} from '../store/rollout-views.ts';
import type { CountUnreached } from '../store/rollout-waves.ts';
import type { Parts } from './parts.ts';
import { addOverrideRoutes } from './rollout-override.ts';
import {
  exampleRollout,
  newRolloutSchema,
  rolloutDeviceSchema,
  rolloutDevicesQuery,
  rolloutFailuresSchema,
  rolloutPreviewQuery,
  rolloutPreviewSchema,
  rolloutSchema,
  waveMeantQuery,
} from './rollout-schemas.ts';
import { idParams, pageQuery } from './schemas.ts';

const tags = ['Rollouts'];
const noSuchRollout = () => refusal('not-found', 'There is no such rollout.');

const wishOf = (asked: z.infer<typeof newRolloutSchema>): RolloutWish => ({
  bundleId: asked.bundleId,
  version: asked.version,
  target: asked.target ?? {
    kind: 'devices',
    deviceIds: [...new Set(asked.deviceIds ?? [])].sort(),
  },
  waves: asked.waves,
  onFailure: asked.onFailure,
  startAt: asked.startAt ?? null,
  pace: asked.pace,
  ignoreSiteWindows: asked.ignoreSiteWindows ?? null,
  allowDeprecated: asked.allowDeprecated,
  lateJoiners: asked.lateJoiners ?? null,
});

const addPreview = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/rollouts/preview',
      tags,
      summary: 'Says who would get what and when, and how many bytes that is; starts nothing',
      middleware: [requireUser('viewer')] as const,
      request: { query: rolloutPreviewQuery, body: body(newRolloutSchema, exampleRollout) },
      responses: {
        200: json(rolloutPreviewSchema, 'The rollout as it would be'),
        ...notFound,
        ...conflict,
      },
    }),
    async (c) => {
      const wish = wishOf(c.req.valid('json'));
      const { names } = c.req.valid('query');
      const { tenantId } = c.var.caller;
      const preview = await withTenant(parts.pool, c.var.caller, (sql) =>
        previewRollout(sql, tenantId, wish, { nowMs: parts.now(), names }),
      );
      return c.json(preview, 200);
    },
  );
};

const addStarting = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/rollouts',
      tags,
      summary: 'Rolls a version out to devices, in waves or all at once',
      middleware: [requireUser('operator')] as const,
      request: { body: body(newRolloutSchema, exampleRollout) },
      responses: { 201: json(rolloutSchema, 'The rollout'), ...notFound, ...conflict },
    }),
    async (c) => {
      const wish = wishOf(c.req.valid('json'));
      return c.json(await startRollout(parts, authorOf(c.var), wish), 201);
    },
  );
  for (const [verb, summary, steer] of [
    ['cancel', 'Stops it: unfinished devices get back what they had', cancelRollout],
    ['retry', 'Lets its failed devices try again', retryRollout],
    [
      'pause',
      'Holds it: nobody more is told, who has not begun gets back what it had',
      pauseRollout,
    ],
    ['resume', 'Lets it go on, without holding its failures so far against it', resumeRollout],
    ['rollback', 'Takes it back: every device it reached gets what it had before', rollBackRollout],
  ] as const) {
    api.openapi(
      createRoute({
        method: 'post',
        path: `/api/rollouts/{id}/${verb}`,
        tags,
        summary,
        middleware: [requireUser('operator')] as const,
        request: { params: idParams },
        responses: {
          200: json(rolloutSchema, 'The rollout'),
          ...notFound,
          ...conflict,
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const view = await steer(parts, authorOf(c.var), id);
        // Whoever steered it reads what became of it at once; others hear of it by its event.
        await parts.aside.forget('rollout', id);
        return c.json(view, 200);
      },
    );
  }
};

/** A word about one wave: it says which, so that it is never taken for the next. */
const addWaveVerbs = (api: Api, parts: Parts): void => {
  for (const [verb, summary, steer] of [
    ['approve', 'Approves the wave that waits for it', approveRollout],
    ['advance', 'Lets the wave at work pass, whatever its gate says', advanceWave],
  ] as const) {
    api.openapi(
      createRoute({
        method: 'post',
        path: `/api/rollouts/{id}/${verb}`,
        tags,
        summary,
        middleware: [requireUser('operator')] as const,
        request: { params: idParams, query: waveMeantQuery },
        responses: { 200: json(rolloutSchema, 'The rollout'), ...notFound, ...conflict },
      }),
      async (c) => {
        const { id } = c.req.valid('param');
        const { wave } = c.req.valid('query');
        const view = await steer(parts, authorOf(c.var), id, wave ?? null);
        await parts.aside.forget('rollout', id);
        return c.json(view, 200);
      },
    );
  }
};

const position = z.tuple([z.iso.datetime(), z.uuid()]);

/** Who is held to some sites hears of fewer devices than others: theirs is counted each time. */
type CountFor = (caller: Pick<Caller, 'sites'>) => CountUnreached | 'apart';

const addListing = (api: Api, parts: Parts, countFor: CountFor): void => {
  const listed = z.strictObject({
    rollouts: z.array(rolloutSchema),
    nextCursor: z.string().nullable(),
  });
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/rollouts',
      tags,
      summary: 'Lists rollouts, the newest first',
      middleware: [requireUser('viewer')] as const,
      request: { query: pageQuery(50) },
      responses: { 200: json(listed, 'A page of them') },
    }),
    async (c) => {
      const { tenantId } = c.var.caller;
      const { limit, cursor } = c.req.valid('query');
      const from = readCursor(cursor, position);
      const before = from === null ? null : { at: from[0], id: from[1] };
      const answer = await withTenant(parts.pool, c.var.caller, async (sql) => {
        const rows = await listRollouts(sql, tenantId, { limit: limit + 1, before });
        const page = pageOf(rows, limit, ({ createdAt, id }) => [createdAt, id]);
        const unreached = countFor(c.var.caller);
        const rollouts = await viewRollouts(sql, tenantId, page.rows, parts.now(), unreached);
        return { rollouts, nextCursor: page.nextCursor };
      });
      return c.json(answer, 200);
    },
  );
};

const shownDevice = (device: RolloutDevice): z.infer<typeof rolloutDeviceSchema> => ({
  deviceId: device.deviceId,
  name: device.name,
  wave: device.wave,
  late: device.late,
  status: shownStatus(device),
  lastSeenAt: device.lastSeenAtMs === null ? null : new Date(device.lastSeenAtMs).toISOString(),
  reason: device.reason,
  logTail: device.logTail,
  startedAt: device.startedAt,
  completedAt: device.completedAt,
  retryCount: device.retryCount,
});

const addReading = (api: Api, parts: Parts, countFor: CountFor): void => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/rollouts/{id}',
      tags,
      summary: 'One rollout, with what it waits for',
      middleware: [requireUser('viewer')] as const,
      request: { params: idParams },
      responses: { 200: json(rolloutSchema, 'The rollout'), ...notFound },
    }),
    async (c) => {
      const { tenantId } = c.var.caller;
      const { id } = c.req.valid('param');
      const { caller } = c.var;
      const load = () =>
        withTenant(parts.pool, caller, (sql) =>
          viewRollout(sql, tenantId, id, parts.now(), countFor(caller)),
        );
      // Who is held to some sites sees another rollout than the tenant: theirs is not kept.
      const kept = { kind: 'rollout', id, tenantId, schema: rolloutSchema } as const;
      const view = await (caller.sites === null ? parts.aside.read(kept, load) : load());
      if (view === null) throw noSuchRollout();
      return c.json(view, 200);
    },
  );
};

const namePosition = z.tuple([z.string().max(200), z.uuid()]);

const addDevices = (api: Api, parts: Parts): void => {
  const listed = z.strictObject({
    devices: z.array(rolloutDeviceSchema),
    nextCursor: z.string().nullable(),
  });
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/rollouts/{id}/devices',
      tags,
      summary: 'How each of its devices stands',
      middleware: [requireUser('viewer')] as const,
      request: { params: idParams, query: rolloutDevicesQuery },
      responses: {
        200: json(listed, 'A page of them, by name'),
        ...notFound,
      },
    }),
    async (c) => {
      const { tenantId } = c.var.caller;
      const { id } = c.req.valid('param');
      const { limit, cursor, status, cause } = c.req.valid('query');
      const from = readCursor(cursor, namePosition);
      const after = from === null ? null : { name: from[0], deviceId: from[1] };
      const wanted = { limit: limit + 1, after, status: status ?? null, cause: cause ?? null };
      const devices = await withTenant(parts.pool, c.var.caller, async (sql) => {
        if ((await findRollout(sql, tenantId, id)) === null) throw noSuchRollout();
        return listRolloutDevices(sql, tenantId, id, wanted);
      });
      const page = pageOf(devices, limit, ({ placedAs, deviceId }) => [placedAs, deviceId]);
      return c.json({ devices: page.rows.map(shownDevice), nextCursor: page.nextCursor }, 200);
    },
  );
};

const addFailures = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/rollouts/{id}/failures',
      tags,
      summary: 'Its failed devices by cause, the most frequent first',
      middleware: [requireUser('viewer')] as const,
      request: { params: idParams },
      responses: { 200: json(rolloutFailuresSchema, 'The causes'), ...notFound },
    }),
    async (c) => {
      const { tenantId } = c.var.caller;
      const { id } = c.req.valid('param');
      const failures = await withTenant(parts.pool, c.var.caller, async (sql) => {
        if ((await findRollout(sql, tenantId, id)) === null) throw noSuchRollout();
        return failuresOf(sql, tenantId, id);
      });
      return c.json({ failures }, 200);
    },
  );
};

export const addRolloutRoutes = (api: Api, parts: Parts): void => {
  addPreview(api, parts);
  addStarting(api, parts);
  addWaveVerbs(api, parts);
  addOverrideRoutes(api, parts);
  const unreached = createKeptUnreached({ now: parts.now });
  const countFor: CountFor = ({ sites }) => (sites === null ? unreached : 'apart');
  addListing(api, parts, countFor);
  addReading(api, parts, countFor);
  addDevices(api, parts);
  addFailures(api, parts);
};
