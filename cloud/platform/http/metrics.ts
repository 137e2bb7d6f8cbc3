/**
 * Prometheus metrics: rate, errors and duration of requests by route (never by path: ids would
 * make a series each), and the process's own. Services add theirs to `registry`.
 */
import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ApiEnv } from './caller.ts';

export type Metrics = {
  registry: Registry;
  counter: (name: string, help: string, labels?: string[]) => Counter<string>;
  gauge: (name: string, help: string, labels?: string[]) => Gauge<string>;
  histogram: (
    name: string,
    help: string,
    buckets: number[],
    labels?: string[],
  ) => Histogram<string>;
  /** Measures every request that passes. */
  measure: MiddlewareHandler<ApiEnv>;
};

export const createMetrics = (): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Histogram({
    name: 'signalbeam_http_request_duration_seconds',
    help: 'Requests by route, method and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  return {
    registry,
    counter: (name, help, labelNames = []) => new Counter({ name, help, labelNames, registers }),
    gauge: (name, help, labelNames = []) => new Gauge({ name, help, labelNames, registers }),
    histogram: (name, help, buckets, labelNames = []) =>
      new Histogram({ name, help, buckets, labelNames, registers }),
    measure: async (c, next) => {
      const start = performance.now();
      await next();
      // -1: the handler's own pattern, not that of the middleware we are.
      const labels = { method: c.req.method, route: routePath(c, -1), status: c.res.status };
      requests.observe(labels, (performance.now() - start) / 1000);
    },
  };
};
