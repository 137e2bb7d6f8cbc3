/**
 * The application that a process serves: its services behind the one table of paths, health,
 * metrics, the API's description and, if there is one, the console. Knows no service by name.
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import { secureHeaders } from 'hono/secure-headers';
import type { Logger } from '../logging/log.ts';
import type { Service } from '../service.ts';
import { docsPage } from './docs.ts';
import { addHealth, type Checks } from './health.ts';
import type { Metrics } from './metrics.ts';
import { mergeDocuments, type OpenApiDocument } from './openapi.ts';
import { serviceOf } from './paths.ts';
import { problemBody, problemOf, problemResponse } from './problem.ts';
import type { StaticFiles } from './static.ts';
import { refuseWrongMethods } from './wrong-method.ts';

export type HostOptions = {
  services: readonly Service[];
  metrics: Metrics;
  log: Logger;
  checks: Checks;
  console: StaticFiles | null;
};

export type Host = {
  app: OpenAPIHono;
  /** From now on /readyz says no, so that load balancers send nothing more. */
  drain: () => void;
};

const describe = (service: Service): OpenApiDocument =>
  service.app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: service.name, version: '1' },
  }) as unknown as OpenApiDocument;

/** The API of these services as one document. */
export const describeServices = (services: readonly Service[]): OpenApiDocument =>
  mergeDocuments(services.map((service) => [service.name, describe(service)]));

/** Everything from our own origin only; `data:` for icons, which the console draws from text. */
export const securityHeaders = () =>
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'self'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      connectSrc: ["'self'", 'data:'],
      styleSrc: ["'self'", "'unsafe-inline'"],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: 'DENY',
    referrerPolicy: 'no-referrer',
    crossOriginOpenerPolicy: 'same-origin',
    crossOriginResourcePolicy: 'same-origin',
  });

const addServices = (app: OpenAPIHono, services: readonly Service[]): void => {
  const byName = new Map(services.map((service) => [service.name, service]));
  app.all('/api/*', (c) => {
    const owner = serviceOf(c.req.path);
    const service = owner === null ? undefined : byName.get(owner);
    if (service !== undefined) return service.app.fetch(c.req.raw, c.env);
    const detail =
      owner === null
        ? 'There is nothing at this address.'
        : `This address belongs to ${owner}, which this process does not run.`;
    return problemResponse(problemBody('not-found', detail));
  });
};

export const createHost = (options: HostOptions): Host => {
  const { services, metrics, log } = options;
  const app = new OpenAPIHono();
  let draining = false;
  app.use('*', securityHeaders(), refuseWrongMethods(app));
  app.onError((error) => {
    log.error({ error }, 'a request failed');
    return problemResponse(problemOf(error));
  });
  const checks = Object.assign({}, options.checks, ...services.map(({ checks }) => checks ?? {}));
  const details = () => Object.assign({}, ...services.map((service) => service.details?.() ?? {}));
  addHealth(app, { checks, details, isDraining: () => draining });
  app.get('/metrics', async (c) =>
    c.body(await metrics.registry.metrics(), 200, {
      'content-type': metrics.registry.contentType,
    }),
  );
  const document = describeServices(services);
  app.get('/openapi.json', (c) => c.json(document));
  app.get('/docs', (c) => c.html(docsPage(document)));
  addServices(app, services);
  app.notFound(async (c) => {
    const page = await options.console?.answer(c.req.raw);
    return page ?? problemResponse(problemBody('not-found', 'There is nothing at this address.'));
  });
  return {
    app,
    drain: () => {
      draining = true;
    },
  };
};
