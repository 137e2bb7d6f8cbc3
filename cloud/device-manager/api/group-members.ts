/** Who is in a group and since when; and the groups that one device is in. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { requireUser } from '@signalbeam/platform/http/caller';
import { pageOf } from '@signalbeam/platform/http/cursor';
import { json, notFound } from '@signalbeam/platform/http/describe';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { filterOf } from '../choose-devices.ts';
import { groupsOfDevice } from '../groups-of-device.ts';
import { noSuchDevice, noSuchGroup } from '../refusals.ts';
import { listDevices } from '../store/device-list.ts';
import { membershipsOf } from '../store/group-members.ts';
import { findGroup } from '../store/groups.ts';
import { readPosition, shownDevice } from './devices.ts';
import type { Parts } from './parts.ts';
import { deviceSchema, idParams } from './schemas.ts';

const origin = {
  /** Why it is in: it answers the query, a person put it there, or its registration token did. */
  origin: z.enum(['query', 'person', 'registration-token']),
  addedAt: z.iso.datetime().nullable(),
  addedBy: z.string().nullable(),
};
const originOf = (member: { addedAt: Date; addedBy: string } | null) => {
  if (member === null) return { origin: 'query' as const, addedAt: null, addedBy: null };
  const { addedAt, addedBy } = member;
  const byToken = addedBy.startsWith('registration-token:');
  return {
    origin: byToken ? ('registration-token' as const) : ('person' as const),
    addedAt: addedAt.toISOString(),
    addedBy,
  };
};

const membersRoute = createRoute({
  method: 'get',
  path: '/api/groups/{id}/members',
  tags: ['Groups'],
  summary: 'Lists the devices of a group by name, with how each came to be in it',
  middleware: [requireUser('viewer')] as const,
  request: {
    params: idParams,
    query: z.strictObject({
      cursor: z.string().max(2_000).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
  },
  responses: {
    200: json(
      z.strictObject({
        members: z.array(z.strictObject({ device: deviceSchema, ...origin })),
        nextCursor: z.string().nullable(),
      }),
      'A page',
    ),
    ...notFound,
  },
});

const ofDeviceRoute = createRoute({
  method: 'get',
  path: '/api/devices/{id}/groups',
  tags: ['Groups'],
  summary: 'Lists the groups that a device is in now',
  middleware: [requireUser('viewer')] as const,
  request: { params: idParams },
  responses: {
    200: json(
      z.strictObject({
        groups: z.array(z.strictObject({ id: z.uuid(), name: z.string(), ...origin })),
      }),
      'All of them',
    ),
    ...notFound,
  },
});

export const addGroupMemberRoutes = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  api.openapi(membersRoute, async (c) => {
    const { id } = c.req.valid('param');
    const { cursor, limit } = c.req.valid('query');
    const page = { after: readPosition(cursor), limit: limit + 1 };
    const readMembers = async (sql: Sql) => {
      const group = await findGroup(sql, id);
      if (group === null) return null;
      const choice = group.query === null ? { group: id } : { query: group.query };
      const filter = await filterOf(sql, choice, 'page');
      const found = await listDevices(sql, filter, page, parts.now());
      const { rows, nextCursor } = pageOf(found, limit, ({ position: at }) => [at.listedAs, at.id]);
      const deviceIds = rows.map(({ view }) => view.id);
      const added =
        group.query === null ? await membershipsOf(sql, { groupId: id, deviceIds }) : new Map();
      const members = rows.map(({ view }) => ({
        device: shownDevice(view),
        ...originOf(added.get(view.id) ?? null),
      }));
      return { members, nextCursor };
    };
    const answer = await withTenant(pools.api, c.var.caller, readMembers, {
      isolation: 'repeatable read',
    });
    if (answer === null) throw noSuchGroup();
    return c.json(answer, 200);
  });
  api.openapi(ofDeviceRoute, async (c) => {
    const { id } = c.req.valid('param');
    const groups = await withTenant(pools.api, c.var.caller, (sql) =>
      groupsOfDevice(sql, id, parts.now()),
    );
    if (groups === null) throw noSuchDevice();
    const shown = groups.map(({ id: groupId, name, member }) => ({
      id: groupId,
      name,
      ...originOf(member),
    }));
    return c.json({ groups: shown }, 200);
  });
};
