/** A span around each request, named by its route; it goes on with the trace that a client brings. */
import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { failSpan, inSpan } from '../tracing/trace.ts';
import type { ApiEnv } from './caller.ts';

export const traceRequests: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const { method } = c.req;
  const options = {
    kind: 'server' as const,
    attributes: { 'http.request.method': method },
    traceparent: c.req.header('traceparent'),
  };
  await inSpan(method, options, async (span) => {
    await next();
    if (span === null) return;
    const route = routePath(c, -1);
    span.updateName(`${method} ${route}`);
    span.setAttributes({ 'http.route': route, 'http.response.status_code': c.res.status });
    if (c.res.status >= 500) failSpan(span, c.error);
  });
};
