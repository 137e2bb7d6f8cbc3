/**
 * One address for services that run as separate processes: passes each request to a process of the
 * service that the table of paths names. Streams both ways; checks no credentials.
 */
import { requestBytesMax } from '@signalbeam/sync/core/limits';
import { type Context, Hono } from 'hono';
import { proxy } from 'hono/proxy';
import { docsPage } from './docs.ts';
import { addHealth } from './health.ts';
import { securityHeaders } from './host.ts';
import { mergeDocuments, type OpenApiDocument } from './openapi.ts';
import { type ServiceName, serviceNames, serviceOf } from './paths.ts';
import { problemBody, problemResponse } from './problem.ts';
import type { StaticFiles } from './static.ts';
import { createUpstreams, type Upstreams } from './upstreams.ts';
import { refuseWrongMethods } from './wrong-method.ts';

export type PathRouterOptions = {
  /** Where the replicas of each service answer: `http://127.0.0.1:8081`. */
  targets: Record<ServiceName, readonly string[]>;
  console: StaticFiles | null;
};

/** A body that is short enough is held, so that it can be sent to another process; others stream. */
const heldBody = async ({ raw }: Context['req']): Promise<ArrayBuffer | null> => {
  const length = Number(raw.headers.get('content-length') ?? Number.NaN);
  return raw.body !== null && length <= requestBytesMax ? raw.arrayBuffer() : null;
};

const passOn = async (c: Context, upstreams: Upstreams): Promise<Response> => {
  const { pathname, search } = new URL(c.req.url);
  const bindings = c.env as { incoming?: { socket: { remoteAddress?: string } } } | undefined;
  const headers = {
    ...c.req.header(),
    // Replaced, not appended to: what a client claims about itself is worth nothing.
    'x-forwarded-for': bindings?.incoming?.socket.remoteAddress,
    // For the check that a page's requests come from the address it was loaded from.
    'x-forwarded-host': c.req.header('host'),
  };
  const { raw } = c.req;
  const body = await heldBody(c.req);
  return upstreams.send(c.req.method, (url) => {
    const target = new URL(`${pathname}${search}`, url);
    if (body === null) return proxy(target, { raw, headers });
    return proxy(target, {
      method: raw.method,
      body,
      headers: { ...headers, connection: undefined },
      signal: raw.signal,
    });
  });
};

export const createPathRouter = (options: PathRouterOptions): Hono => {
  const byService = new Map(
    serviceNames.map((name) => [
      name,
      createUpstreams(options.targets[name], () => performance.now()),
    ]),
  );
  const upstreamsOf = (name: ServiceName): Upstreams => {
    const upstreams = byService.get(name);
    if (upstreams === undefined) throw new Error(`no address is known for ${name}`);
    return upstreams;
  };
  const app = new Hono();
  app.use('*', securityHeaders(), refuseWrongMethods(app));
  const isReady = (name: ServiceName) => async () => {
    await (await upstreamsOf(name).ask('/readyz')).body?.cancel();
  };
  addHealth(app, {
    checks: Object.fromEntries(serviceNames.map((name) => [name, isReady(name)])),
    isDraining: () => false,
  });
  const describeAll = async () =>
    mergeDocuments(
      await Promise.all(
        serviceNames.map(async (name) => {
          const response = await upstreamsOf(name).ask('/openapi.json');
          return [name, (await response.json()) as OpenApiDocument] as const;
        }),
      ),
    );
  app.get('/openapi.json', async (c) => c.json(await describeAll()));
  app.get('/docs', async (c) => c.html(docsPage(await describeAll())));
  app.all('/api/*', (c) => {
    const owner = serviceOf(c.req.path);
    return owner === null
      ? problemResponse(problemBody('not-found', 'There is nothing at this address.'))
      : passOn(c, upstreamsOf(owner));
  });
  app.onError(() =>
    problemResponse(
      problemBody('service-unavailable', 'The service behind this address does not answer.', {
        next: 'Try again in a few seconds.',
      }),
    ),
  );
  app.notFound(async (c) => {
    const page = await options.console?.answer(c.req.raw);
    return page ?? problemResponse(problemBody('not-found', 'There is nothing at this address.'));
  });
  return app;
};
