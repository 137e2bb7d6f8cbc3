/** What is wanted of one device: assign a bundle, withdraw it, look at the signed record. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import {
  authorOf,
  type Caller,
  requireCaller,
  requireUser,
} from '@signalbeam/platform/http/caller';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { assignBundle, withdrawBundle } from '../desired/assign.ts';
import { findDesired } from '../store/desired.ts';
import type { Parts } from './parts.ts';
import { assignedSchema, assignSchema, desiredSchema, exampleAssign, idParams } from './schemas.ts';

const tags = ['Devices'];

const addAssigning = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/devices/{id}/bundle',
      tags,
      summary: 'Puts a bundle version on a device, outside of any rollout',
      middleware: [requireUser('operator')] as const,
      request: { params: idParams, body: body(assignSchema, exampleAssign) },
      responses: {
        200: json(assignedSchema, 'What is wanted now'),
        ...notFound,
        ...conflict,
      },
    }),
    async (c) => {
      const wish = { deviceId: c.req.valid('param').id, ...c.req.valid('json') };
      return c.json(await assignBundle(parts, authorOf(c.var), wish), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: '/api/devices/{id}/bundle/{bundleId}',
      tags,
      summary: 'Takes a bundle from a device',
      middleware: [requireUser('operator')] as const,
      request: { params: z.strictObject({ id: z.uuid(), bundleId: z.uuid() }) },
      responses: {
        200: json(assignedSchema, 'What is wanted now'),
        ...notFound,
        ...conflict,
      },
    }),
    async (c) => {
      const { id: deviceId, bundleId } = c.req.valid('param');
      return c.json(await withdrawBundle(parts, authorOf(c.var), { deviceId, bundleId }), 200);
    },
  );
};

/** A device may look at its own record only; another one's does not exist for it. */
const checkOwn = (caller: Caller, deviceId: string): void => {
  if (caller.kind === 'device' && caller.deviceId !== deviceId) {
    throw refusal('not-found', 'There is no such device.');
  }
};

export const addDesiredRoutes = (api: Api, parts: Parts): void => {
  addAssigning(api, parts);
  api.openapi(
    createRoute({
      method: 'get',
      path: '/api/devices/{id}/desired-state',
      tags,
      summary: 'What is wanted of a device, with the signed record',
      middleware: [requireCaller('viewer')] as const,
      request: { params: idParams },
      responses: { 200: json(desiredSchema, 'The desired state'), ...notFound },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      checkOwn(c.var.caller, id);
      const found = await withTenant(parts.pool, c.var.caller, (sql) => findDesired(sql, id));
      if (found === null) throw refusal('not-found', 'There is no such device.');
      if (found.desired === null) return c.json({ generation: 0, slots: [], issuedAt: null }, 200);
      const { envelope, ...desired } = found.desired;
      return c.json({ ...desired, envelope: envelope.toString('base64') }, 200);
    },
  );
};
