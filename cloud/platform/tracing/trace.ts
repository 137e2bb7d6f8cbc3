/**
 * Spans around what a process does, by OpenTelemetry's API. Without an exporter (./export.ts) there
 * is no provider, and everything here is one comparison. Names are of routes and subjects, never of
 * ids; no value of a request or of a row becomes an attribute.
 */
import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

export type SpanOptions = {
  kind: 'server' | 'client' | 'producer' | 'consumer';
  attributes?: Attributes;
  /** The W3C context that this goes on from; without one, what runs around it. */
  traceparent?: string | undefined;
};

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};
const traceparentKey = 'traceparent';
const name = 'signalbeam';

let tracing = false;
/** For ./export.ts alone, once a provider stands. */
export const turnTracing = (on: boolean): void => {
  tracing = on;
};
export const isTracing = (): boolean => tracing;

const contextFrom = (traceparent: string | undefined): Context =>
  traceparent === undefined
    ? context.active()
    : propagation.extract(ROOT_CONTEXT, { [traceparentKey]: traceparent });

/** Whether what runs now belongs to a trace. */
export const isInSpan = (): boolean => tracing && trace.getActiveSpan() !== undefined;

export const failSpan = (span: Span, error: unknown): void => {
  // The name only: a message may hold what was sent.
  span.setStatus({
    code: SpanStatusCode.ERROR,
    message: error instanceof Error ? error.name : 'failed',
  });
};

/** Runs `fn` inside of a span; `span` is null when nobody traces. */
export const inSpan = async <T>(
  spanName: string,
  options: SpanOptions,
  fn: (span: Span | null) => Promise<T>,
): Promise<T> => {
  if (!tracing) return fn(null);
  const { kind, attributes = {}, traceparent } = options;
  const settings = { kind: kinds[kind], attributes };
  const parent = contextFrom(traceparent);
  return trace.getTracer(name).startActiveSpan(spanName, settings, parent, async (span) => {
    try {
      return await fn(span);
    } catch (error) {
      failSpan(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
};

/** The W3C context of what runs now, to hand on; undefined when it is not traced. */
export const currentTraceparent = (): string | undefined => {
  if (!tracing) return undefined;
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier[traceparentKey];
};

/** Of the log: which trace a line belongs to. */
export const currentTraceId = (): string | undefined =>
  tracing ? trace.getActiveSpan()?.spanContext().traceId : undefined;
