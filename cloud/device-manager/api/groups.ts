/** Groups of devices: static ones with members, dynamic ones by a query. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { actorOf, authorOf, requireUser, type UserCaller } from '@signalbeam/platform/http/caller';
import { pageOf, readCursor } from '@signalbeam/platform/http/cursor';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { conditional, holdVersion, tellVersion } from '@signalbeam/platform/http/entity-tag';
import { refusal } from '@signalbeam/platform/http/problem';
import { holdQuota } from '@signalbeam/platform/identity/quota';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { plainText } from '@signalbeam/sync/wire/shape';
import { filterOf, queryOf } from '../choose-devices.ts';
import { noSuchGroup } from '../refusals.ts';
import { countDevices } from '../store/device-list.ts';
import { countMembers } from '../store/group-members.ts';
import {
  countGroups,
  deleteGroup,
  findGroup,
  type Group,
  insertGroup,
  listGroups,
  lockGroup,
  updateGroup,
} from '../store/groups.ts';
import type { Parts } from './parts.ts';
import { groupSchema, idParams, queryText } from './schemas.ts';

export const groupsMax = 500;
const nameTaken = () => refusal('already-exists', 'There is a group with this name already.');

const fields = {
  name: plainText(100).min(1),
  description: plainText(500),
  query: queryText.openapi({ description: 'Of a dynamic group; who answers it is in it' }),
};
const newGroupSchema = z.strictObject({
  name: fields.name,
  description: fields.description.default(''),
  query: fields.query.optional(),
});
const changeSchema = z.strictObject(fields).partial();

const listRoute = createRoute({
  method: 'get',
  path: '/api/groups',
  tags: ['Groups'],
  summary: 'Lists groups by name',
  middleware: [requireUser('viewer')] as const,
  request: {
    query: z.strictObject({
      cursor: z.string().max(1_000).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
  },
  responses: {
    200: json(
      z.strictObject({ groups: z.array(groupSchema), nextCursor: z.string().nullable() }),
      'A page; how many are in a dynamic group says the group itself',
    ),
  },
});

const createGroupRoute = createRoute({
  method: 'post',
  path: '/api/groups',
  tags: ['Groups'],
  summary: 'Makes a group: with a query a dynamic one, without one a static one',
  middleware: [requireUser('operator', { everySite: true })] as const,
  request: {
    body: body(newGroupSchema, { name: 'Canaries', query: 'ring=canary AND status=online' }),
  },
  responses: { 201: json(groupSchema, 'The group'), ...conflict },
});

const getRoute = createRoute({
  method: 'get',
  path: '/api/groups/{id}',
  tags: ['Groups'],
  summary: 'One group, with how many devices are in it now',
  middleware: [requireUser('viewer')] as const,
  request: { params: idParams },
  responses: { 200: json(groupSchema, 'The group'), ...notFound },
});

const changeRoute = createRoute({
  method: 'patch',
  path: '/api/groups/{id}',
  tags: ['Groups'],
  summary: 'Changes name, description or query; static stays static and dynamic dynamic',
  middleware: [requireUser('operator', { everySite: true }), conditional()] as const,
  request: { params: idParams, body: body(changeSchema, { name: 'Canaries' }) },
  responses: { 200: json(groupSchema, 'The group'), ...notFound, ...conflict },
});

const deleteRoute = createRoute({
  method: 'delete',
  path: '/api/groups/{id}',
  tags: ['Groups'],
  summary: 'Deletes a group; its devices stay as they are',
  middleware: [requireUser('operator', { everySite: true }), conditional()] as const,
  request: { params: idParams },
  responses: { 204: { description: 'Deleted' }, ...notFound },
});

const shown = (group: Group, members: number | null): z.infer<typeof groupSchema> => ({
  id: group.id,
  name: group.name,
  description: group.description,
  kind: group.query === null ? 'static' : 'dynamic',
  query: group.query,
  members,
  createdBy: group.createdBy,
  createdAt: group.createdAt.toISOString(),
});

const factsOf = ({ name, description, query }: Group) => ({ name, description, query });

type By = { caller: UserCaller; ip: string | null };
const tell = (sql: Sql, verb: string, id: string, facts: object, { caller, ip }: By) =>
  writeAudit(sql, {
    tenantId: caller.tenantId,
    actor: actorOf(caller),
    action: `group.${verb}`,
    target: `group:${id}`,
    ...facts,
    ip,
  });

const make = async (
  sql: Sql,
  given: z.infer<typeof newGroupSchema>,
  by: By & { now: Date },
): Promise<Group> => {
  const { tenantId, email } = by.caller;
  // Two requests at once must not both see room for one more.
  await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('groups:' || $1, 0))`, [tenantId]);
  if ((await countGroups(sql)) >= groupsMax) {
    throw refusal('conflict', `There are ${groupsMax} groups already, which is the limit.`, {
      next: 'Delete one that is not used any more.',
    });
  }
  const { name, description, query = null } = given;
  const wish = { tenantId, name, description, query, createdBy: email, createdAt: by.now };
  const made = await insertGroup(sql, wish);
  if (made === null) throw nameTaken();
  await holdQuota(sql, 'groups');
  await tell(sql, 'create', made.id, { after: factsOf(made) }, by);
  return made;
};

const change = async (
  sql: Sql,
  group: Group,
  wish: z.infer<typeof changeSchema>,
  by: By,
): Promise<Group> => {
  const { id } = group;
  const { name = group.name, description = group.description, query = group.query } = wish;
  if (group.query === null && query !== null) {
    throw refusal('wrong-state', 'This group is static: its members are chosen one by one.', {
      next: 'Make a new group with the query.',
    });
  }
  const next = { ...group, name, description, query };
  if (!(await updateGroup(sql, id, next))) throw nameTaken();
  await tell(sql, 'change', id, { before: factsOf(group), after: factsOf(next) }, by);
  return next;
};

const membersOf = async (sql: Sql, id: string, nowMs: number): Promise<number> =>
  countDevices(sql, await filterOf(sql, { group: id }), nowMs);

const position = z.tuple([z.string().max(100), z.uuid()]);

export const addGroupRoutes = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  api.openapi(listRoute, async (c) => {
    const { cursor, limit } = c.req.valid('query');
    const given = readCursor(cursor, position);
    const after = given === null ? null : { name: given[0], id: given[1] };
    const groups = await withTenant(pools.api, c.var.caller, async (sql) => {
      const listed = await listGroups(sql, { after, limit: limit + 1 });
      const page = pageOf(listed, limit, ({ name, id }) => [name, id]);
      const counts = await countMembers(
        sql,
        page.rows.map(({ id }) => id),
      );
      return {
        nextCursor: page.nextCursor,
        groups: page.rows.map((group) =>
          shown(group, group.query === null ? (counts.get(group.id) ?? 0) : null),
        ),
      };
    });
    return c.json(groups, 200);
  });
  api.openapi(createGroupRoute, async (c) => {
    const { caller, clientAddress: ip } = c.var;
    const given = c.req.valid('json');
    if (given.query !== undefined) queryOf(given.query);
    const now = new Date(parts.now());
    const answer = await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const group = await make(sql, given, { caller, ip, now });
      return shown(group, group.query === null ? 0 : await membersOf(sql, group.id, now.getTime()));
    });
    return c.json(answer, 201);
  });
  api.openapi(getRoute, async (c) => {
    const { id } = c.req.valid('param');
    const answer = await withTenant(pools.api, c.var.caller, async (sql) => {
      const group = await findGroup(sql, id);
      if (group !== null) tellVersion(c, factsOf(group));
      return group === null ? null : shown(group, await membersOf(sql, id, parts.now()));
    });
    if (answer === null) throw noSuchGroup();
    return c.json(answer, 200);
  });
  api.openapi(changeRoute, async (c) => {
    const { caller, clientAddress: ip } = c.var;
    const { id } = c.req.valid('param');
    const wish = c.req.valid('json');
    if (wish.query !== undefined) queryOf(wish.query);
    const answer = await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const known = await lockGroup(sql, id, 'UPDATE');
      if (known === null) throw noSuchGroup();
      holdVersion(c, factsOf(known));
      const group = await change(sql, known, wish, { caller, ip });
      tellVersion(c, factsOf(group));
      return shown(group, await membersOf(sql, id, parts.now()));
    });
    return c.json(answer, 200);
  });
  api.openapi(deleteRoute, async (c) => {
    const { caller, clientAddress: ip } = c.var;
    const { id } = c.req.valid('param');
    await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const group = await lockGroup(sql, id, 'UPDATE');
      if (group === null) throw noSuchGroup();
      holdVersion(c, factsOf(group));
      await deleteGroup(sql, id);
      await tell(sql, 'delete', id, { before: factsOf(group) }, { caller, ip });
    });
    return c.body(null, 204);
  });
};
