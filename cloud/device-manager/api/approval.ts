/** A person's decision on a device that asks to be let in. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { type Author, changeTenant } from '@signalbeam/platform/postgres/tenant';
import { plainText } from '@signalbeam/sync/wire/shape';
import type { Decision } from '../core/approval.ts';
import { decideDevices } from '../decide-devices.ts';
import { noSuchDevice } from '../refusals.ts';
import { viewDevice } from '../store/device-list.ts';
import { lockDevice } from '../store/devices.ts';
import { shownDevice } from './devices.ts';
import type { Parts } from './parts.ts';
import { deviceSchema, idParams } from './schemas.ts';

const approveRoute = createRoute({
  method: 'post',
  path: '/api/devices/{id}/approve',
  tags: ['Registration'],
  summary: 'Lets a device in; it fetches its credentials by itself',
  middleware: [requireUser('operator')] as const,
  request: { params: idParams },
  responses: { 200: json(deviceSchema, 'The device'), ...notFound, ...conflict },
});

const rejectRoute = createRoute({
  method: 'post',
  path: '/api/devices/{id}/reject',
  tags: ['Registration'],
  summary: 'Turns a waiting device away',
  middleware: [requireUser('operator')] as const,
  request: {
    params: idParams,
    body: {
      required: false,
      content: {
        'application/json': { schema: z.strictObject({ reason: plainText(500).optional() }) },
      },
    },
  },
  responses: { 200: json(deviceSchema, 'The device'), ...notFound, ...conflict },
});

const carryOut = (
  parts: Parts,
  { id, ...wish }: { id: string; decision: Decision; reason: string | null },
  author: Author,
) =>
  changeTenant(parts.pools.api, author, async (sql) => {
    const device = await lockDevice(sql, id);
    if (device === null) throw noSuchDevice();
    const decidedBy = { ...author, now: new Date(parts.now()) };
    const decided = (await decideDevices(sql, [device], wish, decidedBy)).get(id);
    if (decided?.kind === 'refused') {
      throw refusal('wrong-state', decided.reason, { next: decided.next });
    }
    const view = await viewDevice(sql, id);
    if (view === null) throw noSuchDevice();
    return shownDevice(view);
  });

export const addApprovalRoutes = (api: Api, parts: Parts): void => {
  api.openapi(approveRoute, async (c) => {
    const author = authorOf(c.var);
    const { id } = c.req.valid('param');
    return c.json(await carryOut(parts, { id, decision: 'approve', reason: null }, author), 200);
  });
  api.openapi(rejectRoute, async (c) => {
    const author = authorOf(c.var);
    const { id } = c.req.valid('param');
    const reason = c.req.valid('json').reason ?? null;
    return c.json(await carryOut(parts, { id, decision: 'reject', reason }, author), 200);
  });
};
