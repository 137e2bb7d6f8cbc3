/** What ends a device's life, or hands it to another: replacing hardware, and decommissioning. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { actorOf, authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { changeTenant } from '@signalbeam/platform/postgres/tenant';
import { wipes } from '@signalbeam/sync/core/removal';
import { decommissionDevice, replaceDevice } from '../end-device.ts';
import { noSuchDevice } from '../refusals.ts';
import { viewDevice } from '../store/device-list.ts';
import { shownDevice } from './devices.ts';
import type { Parts } from './parts.ts';
import { deviceSchema, idParams } from './schemas.ts';

const replaceRoute = createRoute({
  method: 'post',
  path: '/api/devices/{id}/replace',
  tags: ['Devices'],
  summary:
    'Puts a device that waits for approval in the place of this one: it takes over name, site, tags, groups and desired state; this one is revoked for good',
  middleware: [requireUser('operator')] as const,
  request: {
    params: idParams,
    body: body(z.strictObject({ by: z.uuid() }), {
      by: '1c3b0a52-33a7-4d1e-8f0e-6f9f2f6a9f10',
    }),
  },
  responses: { 200: json(deviceSchema, 'The device in its new place'), ...notFound, ...conflict },
});

const decommissionRoute = createRoute({
  method: 'post',
  path: '/api/devices/{id}/decommission',
  tags: ['Devices'],
  summary:
    'Takes a device out for good: its credentials end at once, and once it hears so it wipes its keys and data, and what it runs if so wished. Afterwards it can be registered afresh, with any tenant',
  middleware: [requireUser('operator')] as const,
  request: {
    params: idParams,
    body: body(z.strictObject({ wipe: z.enum(wipes) }), { wipe: 'data' }),
  },
  responses: { 204: { description: 'Decommissioned' }, ...notFound, ...conflict },
});

export const addDeviceLifeRoutes = (api: Api, parts: Parts): void => {
  const at = () => new Date(parts.now());
  api.openapi(replaceRoute, async (c) => {
    const { caller, clientAddress: ip } = c.var;
    const { id } = c.req.valid('param');
    const { by: heirId } = c.req.valid('json');
    const by = { actor: actorOf(caller), ip };
    const view = await changeTenant(parts.pools.api, authorOf(c.var), async (sql) => {
      await replaceDevice(sql, { id, heirId, at: at() }, by);
      return viewDevice(sql, heirId);
    });
    if (view === null) throw noSuchDevice();
    return c.json(shownDevice(view), 200);
  });
  api.openapi(decommissionRoute, async (c) => {
    const { caller, clientAddress: ip } = c.var;
    const { id } = c.req.valid('param');
    const { wipe } = c.req.valid('json');
    const by = { actor: actorOf(caller), ip };
    await changeTenant(parts.pools.api, authorOf(c.var), (sql) =>
      decommissionDevice(sql, { id, wipe, at: at() }, by),
    );
    return c.body(null, 204);
  });
};
