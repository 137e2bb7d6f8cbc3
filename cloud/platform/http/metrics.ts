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
  /**
   * What is counted in the database when somebody looks, at most every few seconds: label values
   * to numbers. While the database is away it keeps the last.
   */
  counted: (
    name: string,
    help: string,
    label: string,
    count: () => Promise<Record<string, number>>,
  ) => void;
  /** Measures every request that passes. */
  measure: MiddlewareHandler<ApiEnv>;
};

const countEveryMs = 10_000;

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
    counted: (name, help, label, count) => {
      let countedAtMs = Number.NEGATIVE_INFINITY;
      // A service that is made once more counts in its own name.
      registry.removeSingleMetric(name);
      const gauge: Gauge<string> = new Gauge({
        ...{ name, help, labelNames: [label], registers },
        collect: async () => {
          if (performance.now() - countedAtMs < countEveryMs) return;
          countedAtMs = performance.now();
          const counts = await count().catch(() => null);
          if (counts === null) return;
          gauge.reset();
          for (const [value, total] of Object.entries(counts)) gauge.set({ [label]: value }, total);
        },
      });
    },
    measure: async (c, next) => {
      const start = performance.now();
      await next();
      // -1: the handler's own pattern, not that of the middleware we are.
      const labels = { method: c.req.method, route: routePath(c, -1), status: c.res.status };
      requests.observe(labels, (performance.now() - start) / 1000);
    },
  };
};
