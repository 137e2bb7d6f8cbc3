/** What simple clients, with an API key or a device's token, send by plain REST. */
import { createRoute } from '@hono/zod-openapi';
import { requireDevice } from '@signalbeam/platform/http/caller';
import { body, json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { heartbeatText } from '@signalbeam/sync/wire/heartbeat';
import { type MetricsBody, metricNames } from '@signalbeam/sync/wire/rows';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import { storeSimpleMetrics } from '../store/simple-metrics.ts';
import { type AddRoutes, checkOwn } from './parts.ts';
import { idParams, simpleHeartbeat, simpleMetrics, storedSchema } from './schemas.ts';

const exampleSample = { cpuPercent: 12.5 };
const tags = ['Devices by REST'];

const addHeartbeat: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/devices/{id}/heartbeat',
      tags,
      summary: 'Says that the device is there, and when it will say so again',
      middleware: [requireDevice()] as const,
      request: { params: idParams, body: body(simpleHeartbeat, { nextBeatMs: 60_000 }) },
      responses: { 204: { description: 'Heard' }, ...notFound },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const { nextBeatMs } = c.req.valid('json');
      checkOwn(c.var.caller, id);
      const { connection, isConnected } = parts.cloud;
      if (!isConnected()) throw refusal('broker-unavailable', 'The hub does not answer.');
      // By the hub, so that every replica hears it as it hears an agent's.
      const { account } = await parts.keyring.tenant(c.var.caller.tenantId);
      const beat = { seq: 0, state: '0'.repeat(16), generation: 0, nextBeatMs };
      connection.publish(
        `${account.publicKey}.${deviceSubjects.heartbeat(id)}`,
        heartbeatText(beat),
      );
      return c.body(null, 204);
    },
  );
};

const addMetrics: AddRoutes = (api, parts) => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/devices/{id}/metrics',
      tags,
      summary: 'Stores samples; those without a time get the time of arrival',
      middleware: [requireDevice()] as const,
      request: { params: idParams, body: body(simpleMetrics, { samples: [exampleSample] }) },
      responses: { 201: json(storedSchema, 'How many were stored'), ...notFound },
    }),
    async (c) => {
      const { id: deviceId } = c.req.valid('param');
      const { caller } = c.var;
      checkOwn(caller, deviceId);
      const now = parts.now();
      const samples = c.req.valid('json').samples.map(({ at, ...given }) => ({
        at: at ?? now,
        body: Object.fromEntries(
          metricNames.map((name) => [name, given[name] ?? null]),
        ) as MetricsBody,
      }));
      const device = { tenantId: caller.tenantId, deviceId };
      await storeSimpleMetrics(parts.pools.ingest, device, samples, now);
      return c.json({ stored: samples.length }, 201);
    },
  );
};

export const addSimpleClientRoutes: AddRoutes = (api, parts) => {
  addHeartbeat(api, parts);
  addMetrics(api, parts);
};
