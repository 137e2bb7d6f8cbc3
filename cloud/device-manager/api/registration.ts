/**
 * What devices ask before and until they belong: to be registered, and how their registration
 * stands. Waiting for approval is an answer here, never an error.
 */
import { createRoute } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { requireDevice } from '@signalbeam/platform/http/caller';
import { body, conflict, json, notFound, problem } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { rootsAfter } from '@signalbeam/platform/keys/tenant-records';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import {
  enrolmentQuerySchema,
  enrolmentStatusSchema,
  registeredSchema,
  registrationSchema,
  rootsMax,
} from '@signalbeam/sync/wire/enrolment';
import { enrolmentOf } from '../enrol-device.ts';
import { registerDevice } from '../register-device.ts';
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
  middleware: [requireDevice({ pending: true })] as const,
  request: { params: idParams, query: enrolmentQuerySchema },
  responses: { 200: json(enrolmentStatusSchema, 'How it stands'), ...notFound },
});

export const addRegistrationRoutes = (api: Api, parts: Parts): void => {
  api.openapi(registerRoute, async (c) => {
    const { kind, device } = await registerDevice(parts, c.req.valid('json'), c.var.clientAddress);
    const { id: deviceId, tenantId, site, status, fingerprint } = device;
    const answer = { deviceId, tenantId, site, status, fingerprint };
    return kind === 'created' ? c.json(answer, 201) : c.json(answer, 200);
  });
  api.openapi(enrolmentRoute, async (c) => {
    const { tenantId, deviceId } = c.var.caller;
    // A device may ask for itself only; another one's id is as unknown as a made-up one.
    const isOwn = c.req.valid('param').id === deviceId;
    const device = isOwn
      ? await withTenant(parts.pools.api, tenantId, (sql) => findDevice(sql, deviceId))
      : null;
    if (device === null) throw refusal('not-found', 'There is no such device.');
    c.header('cache-control', 'no-store');
    if (device.status === 'pending') return c.json({ status: device.status }, 200);
    if (device.status === 'rejected') {
      return c.json({ status: device.status, reason: device.statusReason }, 200);
    }
    const enrolment = await enrolmentOf(parts, device);
    const { rootsAfter: known } = c.req.valid('query');
    if (known === undefined) return c.json({ status: device.status, enrolment }, 200);
    const roots = await rootsAfter(parts.pools.system, tenantId, known, rootsMax);
    const chain = roots.map((each) => each.toString('base64'));
    return c.json({ status: device.status, enrolment, roots: chain }, 200);
  });
};
