/** Channels: kept by admins, seen by everybody of the tenant without their secrets. */
import { randomUUID } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import {
  conditional,
  holdVersion,
  tellVersion,
  versionOf,
} from '@signalbeam/platform/http/entity-tag';
import { refusal } from '@signalbeam/platform/http/problem';
import { createReach } from '@signalbeam/platform/outside/reach';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { openTarget, sealSecrets } from '../notify/channel.ts';
import { targetOf } from '../notify/settle-wish.ts';
import {
  type ChannelRow,
  countChannels,
  deleteChannel,
  findChannel,
  insertChannel,
  listChannels,
  lockChannel,
  updateChannel,
} from '../store/notification-channels.ts';
import { channelSchema, channelWish, madeChannelSchema } from './channel-schemas.ts';
import type { Parts } from './parts.ts';
import { idParams } from './schemas.ts';

const channelsMax = 100;
const admins = requireUser('admin', { everySite: true });
const viewers = requireUser('viewer', { everySite: true });
export const noSuchChannel = () => refusal('not-found', 'There is no such channel.');
const nameTaken = () => refusal('already-exists', 'There is a channel of this name.');

const listRoute = createRoute({
  method: 'get',
  path: '/api/notification-channels',
  tags: ['Notifications'],
  summary: 'Lists channels and how each does',
  middleware: [viewers] as const,
  responses: { 200: json(z.strictObject({ channels: z.array(channelSchema) }), 'All, by name') },
});

const createChannelRoute = createRoute({
  method: 'post',
  path: '/api/notification-channels',
  tags: ['Notifications'],
  summary: 'Makes a channel',
  middleware: [admins] as const,
  request: {
    body: body(channelWish, {
      kind: 'slack',
      name: 'ops',
      settings: { url: 'https://hooks.slack.com/services/T000/B000/XXXX' },
      hears: { alerts: { severities: ['critical'] }, events: ['rollout.completed'] },
    }),
  },
  responses: { 201: json(madeChannelSchema, 'The channel'), ...conflict },
});

const showRoute = createRoute({
  method: 'get',
  path: '/api/notification-channels/{id}',
  tags: ['Notifications'],
  summary: 'Shows a channel and how it does',
  middleware: [viewers] as const,
  request: { params: idParams },
  responses: { 200: json(channelSchema, 'The channel'), ...notFound },
});

const changeRoute = createRoute({
  method: 'put',
  path: '/api/notification-channels/{id}',
  tags: ['Notifications'],
  summary: 'Changes a channel; secrets that are left out stay while the address does',
  middleware: [admins, conditional()] as const,
  request: {
    params: idParams,
    body: body(channelWish, {
      kind: 'slack',
      name: 'ops',
      settings: {},
      enabled: false,
      hears: { alerts: { severities: ['critical'] } },
    }),
  },
  responses: { 200: json(channelSchema, 'The channel'), ...notFound, ...conflict },
});

const deleteRoute = createRoute({
  method: 'delete',
  path: '/api/notification-channels/{id}',
  tags: ['Notifications'],
  summary: 'Deletes a channel with its log; what waits for it is not sent',
  middleware: [admins] as const,
  request: { params: idParams },
  responses: { 204: { description: 'Deleted' }, ...notFound },
});

/** What people change of it, for the audit log and for If-Match. */
export const factsOf = ({ name, kind, enabled, hears, settings }: ChannelRow) => ({
  ...{ name, kind, enabled, hears, settings },
});

const stateOf = (row: ChannelRow) => {
  if (!row.enabled) return 'paused' as const;
  if (row.failingSince !== null) return 'failing' as const;
  return row.lastDeliveredAt === null ? ('untried' as const) : ('working' as const);
};

export const shown = (row: ChannelRow): z.infer<typeof channelSchema> => ({
  id: row.id,
  ...(factsOf(row) as Pick<
    z.infer<typeof channelSchema>,
    'name' | 'kind' | 'enabled' | 'hears' | 'settings'
  >),
  health: {
    state: stateOf(row),
    failingSince: row.failingSince?.toISOString() ?? null,
    reason: row.lastFailure,
    failures: row.failures,
    nextAttemptAt: row.retryAt?.toISOString() ?? null,
    lastDeliveredAt: row.lastDeliveredAt?.toISOString() ?? null,
    waiting: row.waiting,
    dropped: row.dropped,
    lastDroppedAt: row.lastDroppedAt?.toISOString() ?? null,
  },
  createdAt: row.createdAt.toISOString(),
  changedAt: row.changedAt.toISOString(),
  version: versionOf(factsOf(row)),
});

const addReading = (api: Api, { pools }: Parts): void => {
  api.openapi(listRoute, async (c) => {
    const { caller } = c.var;
    const rows = await withTenant(pools.api, caller, (sql) => listChannels(sql, caller.tenantId));
    return c.json({ channels: rows.map(shown) }, 200);
  });
  api.openapi(showRoute, async (c) => {
    const { id } = c.req.valid('param');
    const row = await withTenant(pools.api, c.var.caller, (sql) => findChannel(sql, id));
    if (row === null) throw noSuchChannel();
    tellVersion(c, factsOf(row));
    return c.json(shown(row), 200);
  });
};

const addMaking = (api: Api, parts: Parts): void => {
  const { pools, kek } = parts;
  const reach = createReach(parts.config.publicUrl, parts.config.notifyNetworks);
  api.openapi(createChannelRoute, async (c) => {
    const author = authorOf(c.var);
    const { tenantId } = author;
    const wish = c.req.valid('json');
    const target = targetOf(wish, null, reach);
    const id = randomUUID();
    const made = await changeTenant(pools.api, author, async (sql) => {
      if ((await countChannels(sql)) >= channelsMax) {
        throw refusal('conflict', `There are ${channelsMax} channels already.`, {
          next: 'Delete one that nobody needs any more.',
        });
      }
      const { name, hears, enabled } = wish;
      const secretsSealed = sealSecrets(kek, { tenantId, id }, target);
      const { kind, settings } = target;
      const row = { id, tenantId, name, kind, settings, secretsSealed, hears, enabled };
      if (!(await insertChannel(sql, row, new Date(parts.now())))) throw nameTaken();
      const channel = await findChannel(sql, id);
      if (channel === null) throw new Error('the channel that was just made is gone');
      await writeAudit(sql, {
        ...{ ...author, action: 'notification-channel.create' },
        ...{ target: `notification-channel:${id}`, after: factsOf(channel) },
      });
      return channel;
    });
    const signingKey = target.kind === 'webhook' ? (target.secrets.keys[0]?.key ?? null) : null;
    c.header('cache-control', 'no-store');
    return c.json({ ...shown(made), signingKey }, 201);
  });
};

const addChanging = (api: Api, parts: Parts): void => {
  const { pools, kek } = parts;
  const reach = createReach(parts.config.publicUrl, parts.config.notifyNetworks);
  api.openapi(changeRoute, async (c) => {
    const author = authorOf(c.var);
    const { id } = c.req.valid('param');
    const wish = c.req.valid('json');
    const changed = await changeTenant(pools.api, author, async (sql) => {
      const before = await lockChannel(sql, id);
      if (before === null) throw noSuchChannel();
      holdVersion(c, factsOf(before));
      if (before.kind !== wish.kind) {
        throw refusal('conflict', `This channel is of the kind ${before.kind}, and stays so.`, {
          next: 'Make another one, and delete this.',
        });
      }
      const others = await listChannels(sql, author.tenantId);
      if (others.some((other) => other.id !== id && other.name === wish.name)) throw nameTaken();
      const target = targetOf(wish, openTarget(kek, before), reach);
      const secretsSealed = sealSecrets(kek, before, target);
      const { name, hears, enabled } = wish;
      const next = { ...before, name, hears, enabled, settings: target.settings, secretsSealed };
      await updateChannel(sql, next, new Date(parts.now()));
      const after = await findChannel(sql, id);
      if (after === null) throw noSuchChannel();
      await writeAudit(sql, {
        ...{ ...author, action: 'notification-channel.change' },
        ...{ target: `notification-channel:${id}`, before: factsOf(before), after: factsOf(after) },
      });
      tellVersion(c, factsOf(after));
      return after;
    });
    return c.json(shown(changed), 200);
  });
  api.openapi(deleteRoute, async (c) => {
    const author = authorOf(c.var);
    const { id } = c.req.valid('param');
    await changeTenant(pools.api, author, async (sql) => {
      const before = await lockChannel(sql, id);
      if (before === null) throw noSuchChannel();
      await deleteChannel(sql, id);
      await writeAudit(sql, {
        ...{ ...author, action: 'notification-channel.delete' },
        ...{ target: `notification-channel:${id}`, before: factsOf(before) },
      });
    });
    return c.body(null, 204);
  });
};

export const addChannelRoutes = (api: Api, parts: Parts): void => {
  addReading(api, parts);
  addMaking(api, parts);
  addChanging(api, parts);
};
