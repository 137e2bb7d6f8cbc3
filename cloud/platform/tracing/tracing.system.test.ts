/** One trace, received as a collector does: from a request to the work of the event's consumer. */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import '@signalbeam/launcher/rig/provided';
import { createRoute, z } from '@hono/zod-openapi';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { queueEvents } from '../events/queue.ts';
import { subscribeEvents } from '../events/subscribe.ts';
import { type Served, serve } from '../http/serve.ts';
import { transaction } from '../postgres/transaction.ts';
import { openTestPlatform, type TestPlatform } from '../rig.suite.ts';
import { startTracing, type Tracing } from './export.ts';

const valueSchema = z.looseObject({ stringValue: z.string().optional() });
const spanSchema = z.looseObject({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.int(),
  attributes: z.array(z.looseObject({ key: z.string(), value: valueSchema })).default([]),
});
const bodySchema = z.looseObject({
  resourceSpans: z.array(
    z.looseObject({
      resource: z.looseObject({
        attributes: z.array(z.looseObject({ key: z.string(), value: valueSchema })),
      }),
      scopeSpans: z.array(z.looseObject({ spans: z.array(spanSchema) })),
    }),
  ),
});
type Span = z.infer<typeof spanSchema>;

const spans: Span[] = [];
const services = new Set<string>();
let received = '';
let collector: Server;
let tracing: Tracing;
let test: TestPlatform;
let served: Served;
const tenantId = randomUUID();
const secret = randomBytes(16).toString('hex');

beforeAll(async () => {
  collector = createServer(async (request, response) => {
    const text = await json(request);
    received += JSON.stringify(text);
    for (const { resource, scopeSpans } of bodySchema.parse(text).resourceSpans) {
      for (const { key, value } of resource.attributes) {
        if (key === 'service.name') services.add(value.stringValue ?? '');
      }
      spans.push(...scopeSpans.flatMap((scope) => scope.spans));
    }
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  tracing = await startTracing({ endpoint: `http://127.0.0.1:${port}`, serviceName: 'test' });
  test = await openTestPlatform(inject('postgresUrl'));
});
afterAll(async () => {
  await served?.stop();
  await test?.close();
  await tracing?.stop();
  collector?.close();
});

it('goes from the request over SQL, outbox and hub to the SQL of the consumer', async () => {
  const { platform } = test;
  let handled = (): void => {};
  const done = new Promise<void>((resolve) => {
    handled = resolve;
  });
  const subscription = subscribeEvents({
    cloud: platform.cloud,
    sql: platform.pools.system,
    log: platform.log,
    durable: 'traced',
    subjects: ['signalbeam.users.traced'],
    handle: async () => {
      await platform.pools.system.query('SELECT $1::text AS of_the_consumer', [secret]);
      handled();
    },
  });
  const api = platform.createApi();
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/things/{id}',
      request: { params: z.strictObject({ id: z.string() }) },
      responses: { 204: { description: 'Done' } },
    }),
    async (c) => {
      await transaction(platform.pools.system, (sql) =>
        queueEvents(sql, [
          {
            ...{ tenantId, type: 'thing.made', subject: 'signalbeam.users.traced' },
            ...{ version: 1, data: { secret } },
          },
        ]),
      );
      return c.body(null, 204);
    },
  );
  served = await serve({ app: api, host: '127.0.0.1', port: 0 });
  const [traceId, parent] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  const response = await fetch(`${served.url}/api/things/${secret}`, {
    method: 'POST',
    headers: { traceparent: `00-${traceId}-${parent}-01`, authorization: `Bearer ${secret}` },
  });
  expect(response.status).toBe(204);
  await done;
  await subscription.stop();
  await tracing.stop();

  const ours = spans.filter((span) => span.traceId === traceId);
  const find = (name: string, under: string): Span => {
    const found = ours.find((span) => span.name === name && span.parentSpanId === under);
    if (found === undefined) throw new Error(`${name} under ${under}: ${JSON.stringify(ours)}`);
    return found;
  };
  const request = find('POST /api/things/:id', parent);
  const insert = find('WITH', request.spanId);
  expect(insert.attributes.find(({ key }) => key === 'db.query.text')?.value.stringValue).toContain(
    'INSERT INTO platform.domain_events',
  );
  const publish = ours.find(({ name }) => name === 'publish thing.made') as Span;
  // Recorded by the statement or right beside it: in the request's span either way.
  expect([request.spanId, insert.spanId]).toContain(publish.parentSpanId);
  const consumed = find('process thing.made', publish.spanId);
  find('SELECT', consumed.spanId);
  expect(services).toEqual(new Set(['signalbeam-test']));
  // Neither ids nor values nor credentials leave with a span; loops that look for work make none.
  expect(received).not.toContain(secret);
  expect(spans.every(({ name }) => !/pg_try_advisory|LISTEN/.test(name))).toBe(true);
  expect(spans.filter((span) => span.traceId !== traceId)).toEqual([]);
});
