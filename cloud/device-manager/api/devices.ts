/** Devices as operators handle them: list, look, rename, delete. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { actorOf, authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { body, json, notFound, problem } from '@signalbeam/platform/http/describe';
import { conditional } from '@signalbeam/platform/http/entity-tag';
import { holdQuota } from '@signalbeam/platform/identity/quota';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { plainText, siteName } from '@signalbeam/sync/wire/shape';
import { filterOf } from '../choose-devices.ts';
import { type DecidedBy, deleteAndTell } from '../decide-devices.ts';
import { noSuchDevice } from '../refusals.ts';
import {
  countDevices,
  listDevices,
  listDevicesByHealth,
  viewDevice,
  viewRemovedDevice,
} from '../store/device-list.ts';
import type { DeviceView } from '../store/device-view.ts';
import {
  type DeviceRecord,
  lockDevice,
  moveDevice,
  renameDevice,
  writeMetadata,
} from '../store/devices.ts';
import { findSite } from '../store/sites.ts';
import { type By, tellOfDevices } from '../tell-of-devices.ts';
import { holdDeviceVersion, tellDeviceVersion } from './device-version.ts';
import type { Parts } from './parts.ts';
import { choiceFields, deviceSchema, idParams, metadataSchema } from './schemas.ts';

export const shownDevice = (device: DeviceView): z.infer<typeof deviceSchema> => ({
  ...device,
  lastSeenAt: device.lastSeenAt?.toISOString() ?? null,
  reportedAt: device.reportedAt?.toISOString() ?? null,
  createdAt: device.createdAt.toISOString(),
  approvedAt: device.approvedAt?.toISOString() ?? null,
  removal:
    device.removal === null
      ? null
      : {
          ...device.removal,
          at: device.removal.at.toISOString(),
          wipedAt: device.removal.wipedAt?.toISOString() ?? null,
        },
});

const listQuery = z.strictObject({
  ...choiceFields,
  sort: z.enum(['name', 'health']).default('name').openapi({
    description: 'By name, or the worst health first and those without a score at the end',
  }),
  cursor: z.string().max(2_000).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

const position = z
  .tuple([z.string().max(400), z.uuid()])
  .transform(([listedAs, id]) => ({ listedAs, id }));
export const readPosition = (cursor: string | undefined) =>
  readCursor(cursor, position) ?? undefined;

const healthPosition = z
  .tuple([z.int().min(0).max(100).nullable(), z.string().max(400), z.uuid()])
  .transform(([score, listedAs, id]) => ({ score, listedAs, id }));

const listRoute = createRoute({
  method: 'get',
  path: '/api/devices',
  tags: ['Devices'],
  summary:
    'Lists devices by name or health; a query such as `environment=production AND status=online` chooses',
  middleware: [requireUser('viewer')] as const,
  request: { query: listQuery },
  responses: {
    200: json(
      z.strictObject({ devices: z.array(deviceSchema), nextCursor: z.string().nullable() }),
      'A page',
    ),
    404: problem('There is no such group'),
  },
});

const countRoute = createRoute({
  method: 'get',
  path: '/api/devices/count',
  tags: ['Devices'],
  summary: 'Counts devices, chosen as in the list',
  middleware: [requireUser('viewer')] as const,
  request: { query: z.strictObject(choiceFields) },
  responses: {
    200: json(z.strictObject({ devices: z.int() }), 'How many'),
    404: problem('There is no such group'),
  },
});

const getRoute = createRoute({
  method: 'get',
  path: '/api/devices/{id}',
  tags: ['Devices'],
  summary: 'One device; also one that was replaced or decommissioned, for its history',
  middleware: [requireUser('viewer')] as const,
  request: { params: idParams },
  responses: { 200: json(deviceSchema, 'The device'), ...notFound },
});

const changeSchema = z
  .strictObject({ name: plainText(200).min(1), site: siteName, metadata: metadataSchema })
  .partial()
  .refine(
    ({ name, site, metadata }) => (name ?? site ?? metadata) !== undefined,
    'say what to change',
  );

const renameRoute = createRoute({
  method: 'patch',
  path: '/api/devices/{id}',
  tags: ['Devices'],
  summary: 'Renames a device, moves it to another site, or replaces its metadata',
  middleware: [requireUser('operator'), conditional()] as const,
  request: {
    params: idParams,
    body: body(changeSchema, { name: 'pump 3' }),
  },
  responses: { 200: json(deviceSchema, 'The device'), ...notFound },
});

const deleteRoute = createRoute({
  method: 'delete',
  path: '/api/devices/{id}',
  tags: ['Devices'],
  summary: 'Deletes a device: its credentials end at once; what runs on it is left running',
  middleware: [requireUser('operator'), conditional()] as const,
  request: { params: idParams },
  responses: { 204: { description: 'Deleted' }, ...notFound },
});

const annotate = async (
  sql: Sql,
  device: DeviceRecord,
  metadata: Record<string, string>,
  by: By,
): Promise<void> => {
  const entries = Object.entries(metadata);
  const known = device.metadata;
  const isSame =
    entries.length === Object.keys(known).length &&
    entries.every(([name, value]) => known[name] === value);
  if (isSame) return;
  await writeMetadata(sql, device.id, metadata);
  const change = { before: { metadata: known }, after: { metadata }, data: { metadata } };
  await tellOfDevices(sql, 'annotate', [{ device, ...change }], by);
};

/**
 * Membership of both sites follows by itself. The device's credentials end at the hub with the move;
 * those for the new site come with its enrolment, for which it asks.
 */
const changeDevice = async (
  sql: Sql,
  device: DeviceRecord,
  wish: z.infer<typeof changeSchema>,
  by: DecidedBy,
): Promise<void> => {
  const { name = device.name, site = device.site } = wish;
  if (name !== device.name) {
    await renameDevice(sql, device.id, name);
    const change = { before: { name: device.name }, after: { name }, data: { name } };
    await tellOfDevices(sql, 'rename', [{ device, ...change }], by);
  }
  if (wish.metadata !== undefined) await annotate(sql, device, wish.metadata, by);
  if (site === device.site) return;
  const isNewSite = (await findSite(sql, site)) === null;
  await moveDevice(sql, device.id, site, by.now);
  if (isNewSite) await holdQuota(sql, 'sites');
  const data = { name, site, from: device.site };
  const change = { before: { site: device.site }, after: { site }, data };
  await tellOfDevices(sql, 'move', [{ device, ...change }], by);
};

export const addDeviceRoutes = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  api.openapi(listRoute, async (c) => {
    const { sort, cursor, limit, ...choice } = c.req.valid('query');
    const { caller } = c.var;
    if (sort === 'health') {
      const after = readCursor(cursor, healthPosition) ?? undefined;
      const page = { after, limit: limit + 1 };
      const found = await withTenant(
        pools.api,
        caller,
        async (sql) =>
          listDevicesByHealth(sql, await filterOf(sql, choice, 'page'), page, parts.now()),
        { isolation: 'repeatable read' },
      );
      const { rows, nextCursor } = pageOf(found, limit, ({ position: at }) => [
        at.score,
        at.listedAs,
        at.id,
      ]);
      return c.json({ devices: rows.map(({ view }) => shownDevice(view)), nextCursor }, 200);
    }
    const page = { after: readPosition(cursor), limit: limit + 1 };
    const found = await withTenant(
      pools.api,
      caller,
      async (sql) => listDevices(sql, await filterOf(sql, choice, 'page'), page, parts.now()),
      { isolation: 'repeatable read' },
    );
    const { rows, nextCursor } = pageOf(found, limit, ({ position: at }) => [at.listedAs, at.id]);
    return c.json({ devices: rows.map(({ view }) => shownDevice(view)), nextCursor }, 200);
  });
  api.openapi(countRoute, async (c) => {
    const choice = c.req.valid('query');
    const devices = await withTenant(pools.api, c.var.caller, async (sql) =>
      countDevices(sql, await filterOf(sql, choice), parts.now()),
    );
    return c.json({ devices }, 200);
  });
  api.openapi(getRoute, async (c) => {
    const { id } = c.req.valid('param');
    const device = await withTenant(
      pools.api,
      c.var.caller,
      async (sql) => (await viewDevice(sql, id)) ?? viewRemovedDevice(sql, id),
    );
    if (device === null) throw noSuchDevice();
    tellDeviceVersion(c, device);
    return c.json(shownDevice(device), 200);
  });
  api.openapi(renameRoute, async (c) => {
    const { caller, clientAddress: ip } = c.var;
    const { id } = c.req.valid('param');
    const wish = c.req.valid('json');
    const view = await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const device = await lockDevice(sql, id);
      const by = { actor: actorOf(caller), ip, now: new Date(parts.now()) };
      if (device === null) return null;
      await holdDeviceVersion(c, sql, id);
      await changeDevice(sql, device, wish, by);
      return viewDevice(sql, id);
    });
    if (view === null) throw noSuchDevice();
    tellDeviceVersion(c, view);
    return c.json(shownDevice(view), 200);
  });
  api.openapi(deleteRoute, async (c) => {
    const { caller, clientAddress: ip } = c.var;
    const { id } = c.req.valid('param');
    await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const device = await lockDevice(sql, id);
      if (device === null) throw noSuchDevice();
      await holdDeviceVersion(c, sql, id);
      const by = { actor: actorOf(caller), ip, now: new Date(parts.now()) };
      await deleteAndTell(sql, [device], by);
    });
    return c.body(null, 204);
  });
};
