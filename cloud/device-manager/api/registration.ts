/**
 * What devices ask before and until they belong: to be registered, and how their registration
 * stands. Waiting for approval is an answer here, never an error.
 */
import { createRoute } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { actorOf, authorOf, requireDevice } from '@signalbeam/platform/http/caller';
import { body, conflict, json, notFound, problem } from '@signalbeam/platform/http/describe';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import {
  enrolmentQuerySchema,
  enrolmentStatusSchema,
  registeredSchema,
  registrationSchema,
} from '@signalbeam/sync/wire/enrolment';
import { enrolmentOf, farewellOf, rootsOf } from '../enrol-device.ts';
import { noSuchDevice } from '../refusals.ts';
import { registerDevice } from '../register-device.ts';
import { noteWiped } from '../store/device-lives.ts';
import { findDevice } from '../store/devices.ts';
import type { Parts } from './parts.ts';
import { idParams } from './schemas.ts';

const exampleRegistration = {
  registrationToken: 'sbr_0123abcd_0123456789abcdefghjkmnpqrstvwxyz',
  name: 'pump 3',
  publicKey: `U${'A'.repeat(55)}`,
  sealingKey: `${'A'.repeat(43)}=`,
  agentVersion: '0.1.0',
  platform: { os: 'linux', architecture: 'arm64', hostname: 'pump-3.local' },
};

const registerRoute = createRoute({
  method: 'post',
  path: '/api/devices',
  tags: ['Registration'],
  summary: 'Registers a device by a registration token',
  request: { body: body(registrationSchema, exampleRegistration) },
  responses: {
    200: json(registeredSchema, 'This key is registered already'),
    201: json(registeredSchema, 'Registered'),
    403: problem('The registration token does not admit it'),
    ...conflict,
  },
});

const enrolmentRoute = createRoute({
  method: 'get',
  path: '/api/devices/{id}/enrolment',
  tags: ['Registration'],
  summary: 'How a device’s registration stands; once approved, its credentials',
  middleware: [requireDevice({ pending: true, ownKey: true })] as const,
  request: { params: idParams, query: enrolmentQuerySchema },
  responses: { 200: json(enrolmentStatusSchema, 'How it stands'), ...notFound },
});

const wipedRoute = createRoute({
  method: 'delete',
  path: '/api/devices/{id}/enrolment',
  tags: ['Registration'],
  summary: 'A decommissioned device says that it has wiped what it was told to',
  middleware: [requireDevice({ pending: true, ownKey: true })] as const,
  request: { params: idParams },
  responses: { 204: { description: 'Noted' }, ...notFound },
});

export const addRegistrationRoutes = (api: Api, parts: Parts): void => {
  api.openapi(registerRoute, async (c) => {
    const { kind, device } = await registerDevice(parts, c.req.valid('json'), {
      ip: c.var.clientAddress,
      requestId: c.var.requestId,
    });
    const { id: deviceId, tenantId, site, status, fingerprint } = device;
    const answer = { deviceId, tenantId, site, status, fingerprint };
    return kind === 'created' ? c.json(answer, 201) : c.json(answer, 200);
  });
  api.openapi(enrolmentRoute, async (c) => {
    const { tenantId, deviceId } = c.var.caller;
    const { rootsAfter: known } = c.req.valid('query');
    // A device may ask for itself only; another one's id is as unknown as a made-up one.
    if (c.req.valid('param').id !== deviceId) throw noSuchDevice();
    const device = await withTenant(parts.pools.api, c.var.caller, (sql) =>
      findDevice(sql, deviceId),
    );
    c.header('cache-control', 'no-store');
    if (device === null) {
      const farewell = await farewellOf(parts, { tenantId, deviceId, rootsAfter: known ?? 0 });
      if (farewell === null) throw noSuchDevice();
      return c.json(farewell, 200);
    }
    if (device.status === 'pending') return c.json({ status: device.status }, 200);
    if (device.status === 'rejected') {
      return c.json({ status: device.status, reason: device.statusReason }, 200);
    }
    const enrolment = await enrolmentOf(parts, device);
    if (known === undefined) return c.json({ status: device.status, enrolment }, 200);
    const roots = await rootsOf(parts, tenantId, known);
    return c.json({ status: device.status, enrolment, roots }, 200);
  });
  api.openapi(wipedRoute, async (c) => {
    const { tenantId, deviceId } = c.var.caller;
    if (c.req.valid('param').id !== deviceId) throw noSuchDevice();
    const noted = await changeTenant(parts.pools.api, authorOf(c.var), async (sql) => {
      if (!(await noteWiped(sql, deviceId, new Date(parts.now())))) return false;
      await writeAudit(sql, {
        tenantId,
        actor: actorOf(c.var.caller),
        action: 'device.wipe',
        target: `device:${deviceId}`,
        ip: c.var.clientAddress,
      });
      return true;
    });
    if (!noted) throw noSuchDevice();
    return c.body(null, 204);
  });
};
