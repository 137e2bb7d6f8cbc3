/**
 * One address for services that run as separate processes: passes each request to the process
 * that the table of paths names. Streams both ways; keeps no state and checks no credentials.
 */
import { Hono } from 'hono';
import { proxy } from 'hono/proxy';
import { docsPage } from './docs.ts';
import { addHealth } from './health.ts';
import { securityHeaders } from './host.ts';
import { mergeDocuments, type OpenApiDocument } from './openapi.ts';
import { type ServiceName, serviceNames, serviceOf } from './paths.ts';
import { problemBody, problemResponse } from './problem.ts';
import type { StaticFiles } from './static.ts';
import { refuseWrongMethods } from './wrong-method.ts';

export type PathRouterOptions = {
  /** Where each service answers: `http://127.0.0.1:8081`. */
  targets: Record<ServiceName, string>;
  console: StaticFiles | null;
};

const ask = async (target: string, path: string): Promise<Response> => {
  const response = await fetch(new URL(path, target), { signal: AbortSignal.timeout(3_000) });
  if (!response.ok) throw new Error(`${target} answers ${response.status}`);
  return response;
};

export const createPathRouter = (options: PathRouterOptions): Hono => {
  const { targets } = options;
  const app = new Hono();
  app.use('*', securityHeaders(), refuseWrongMethods(app));
  const isReady = (name: ServiceName) => async () => {
    await (await ask(targets[name], '/readyz')).body?.cancel();
  };
  addHealth(app, {
    checks: Object.fromEntries(serviceNames.map((name) => [name, isReady(name)])),
    isDraining: () => false,
  });
  const describeAll = async () =>
    mergeDocuments(
      await Promise.all(
        serviceNames.map(async (name) => {
          const response = await ask(targets[name], '/openapi.json');
          return [name, (await response.json()) as OpenApiDocument] as const;
        }),
      ),
    );
  app.get('/openapi.json', async (c) => c.json(await describeAll()));
  app.get('/docs', async (c) => c.html(docsPage(await describeAll())));
  app.all('/api/*', async (c) => {
    const owner = serviceOf(c.req.path);
    if (owner === null) {
      return problemResponse(problemBody('not-found', 'There is nothing at this address.'));
    }
    const url = new URL(c.req.url);
    const bindings = c.env as { incoming?: { socket: { remoteAddress?: string } } } | undefined;
    const client = bindings?.incoming?.socket.remoteAddress;
    return proxy(new URL(`${url.pathname}${url.search}`, targets[owner]), {
      raw: c.req.raw,
      headers: {
        ...c.req.header(),
        // Replaced, not appended to: what a client claims about itself is worth nothing.
        'x-forwarded-for': client,
        // For the check that a page's requests come from the address it was loaded from.
        'x-forwarded-host': c.req.header('host'),
      },
    });
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
