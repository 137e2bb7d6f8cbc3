/**
 * API keys, for simple clients that cannot sign: made by a person for an approved device, shown
 * once. Two may live at the same time, so that one can replace the other without a gap. It opens the
 * device's own endpoints and no other credential.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { actorOf, authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { createApiKey } from '@signalbeam/platform/identity/api-keys';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { noSuchDevice } from '../refusals.ts';
import {
  type ApiKey,
  countLiveKeys,
  insertApiKey,
  listApiKeys,
  revokeApiKey,
} from '../store/api-keys.ts';
import { findDevice, lockDevice } from '../store/devices.ts';
import type { Parts } from './parts.ts';
import { apiKeySchema, idParams } from './schemas.ts';

const dayMs = 24 * 60 * 60_000;
/** One in use, and the one that replaces it. */
const liveKeysMax = 2;

const shown = (key: ApiKey): z.infer<typeof apiKeySchema> => ({
  ...key,
  createdAt: key.createdAt.toISOString(),
  expiresAt: key.expiresAt.toISOString(),
  revokedAt: key.revokedAt?.toISOString() ?? null,
  lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
});

const createKeyRoute = createRoute({
  method: 'post',
  path: '/api/devices/{id}/api-keys',
  tags: ['Devices'],
  summary: 'Makes an API key for a device; it is shown this once',
  middleware: [requireUser('operator')] as const,
  request: {
    params: idParams,
    body: {
      required: false,
      content: {
        'application/json': {
          schema: z.strictObject({ validityDays: z.int().min(1).max(3_650).default(365) }),
        },
      },
    },
  },
  responses: {
    201: json(apiKeySchema.extend({ apiKey: z.string() }), 'The key'),
    ...notFound,
    ...conflict,
  },
});

const listKeysRoute = createRoute({
  method: 'get',
  path: '/api/devices/{id}/api-keys',
  tags: ['Devices'],
  summary: 'Lists a device’s API keys, newest first',
  middleware: [requireUser('viewer')] as const,
  request: { params: idParams },
  responses: {
    200: json(z.strictObject({ apiKeys: z.array(apiKeySchema) }), 'The keys'),
    ...notFound,
  },
});

const revokeKeyRoute = createRoute({
  method: 'delete',
  path: '/api/devices/{id}/api-keys/{keyId}',
  tags: ['Devices'],
  summary: 'Revokes an API key at once',
  middleware: [requireUser('operator')] as const,
  request: { params: z.strictObject({ id: z.uuid(), keyId: z.uuid() }) },
  responses: { 204: { description: 'Revoked' }, ...notFound },
});

export const addApiKeyRoutes = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  api.openapi(createKeyRoute, async (c) => {
    const { caller } = c.var;
    const { tenantId } = caller;
    const { id: deviceId } = c.req.valid('param');
    // Without a body hono gives an empty object, which the schema did not see.
    const { validityDays = 365 } = c.req.valid('json');
    const { apiKey, prefix, salt, hash } = createApiKey();
    const createdAt = new Date(parts.now());
    const expiresAt = new Date(createdAt.getTime() + validityDays * dayMs);
    const key = await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const device = await lockDevice(sql, deviceId);
      if (device === null) throw noSuchDevice();
      if (device.status !== 'approved') {
        throw refusal('wrong-state', 'Only an approved device can have an API key.', {
          next: 'Approve the device first.',
        });
      }
      if ((await countLiveKeys(sql, deviceId, createdAt)) >= liveKeysMax) {
        throw refusal('conflict', `The device has ${liveKeysMax} API keys already.`, {
          next: 'Revoke the one that is not used any more.',
        });
      }
      const createdBy = caller.email;
      const dates = { createdAt, expiresAt };
      const made = await insertApiKey(sql, {
        ...{ tenantId, deviceId, prefix, salt, hash, createdBy },
        ...dates,
      });
      await writeAudit(sql, {
        tenantId,
        actor: actorOf(caller),
        action: 'api-key.create',
        target: `device:${deviceId}`,
        after: { prefix, expiresAt: expiresAt.toISOString() },
        ip: c.var.clientAddress,
      });
      return made;
    });
    c.header('cache-control', 'no-store');
    return c.json({ ...shown(key), apiKey }, 201);
  });
  api.openapi(listKeysRoute, async (c) => {
    const { id } = c.req.valid('param');
    const keys = await withTenant(pools.api, c.var.caller, async (sql) =>
      (await findDevice(sql, id)) === null ? null : listApiKeys(sql, id),
    );
    if (keys === null) throw noSuchDevice();
    return c.json({ apiKeys: keys.map(shown) }, 200);
  });
  api.openapi(revokeKeyRoute, async (c) => {
    const { caller } = c.var;
    const { id: deviceId, keyId: id } = c.req.valid('param');
    await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const outcome = await revokeApiKey(sql, { deviceId, id, at: new Date(parts.now()) });
      if (outcome === 'unknown') throw refusal('not-found', 'There is no such API key.');
      if (outcome === 'unchanged') return;
      await writeAudit(sql, {
        tenantId: caller.tenantId,
        actor: actorOf(caller),
        action: 'api-key.revoke',
        target: `device:${deviceId}`,
        before: { apiKeyId: id },
        ip: c.var.clientAddress,
      });
    });
    return c.body(null, 204);
  });
};
