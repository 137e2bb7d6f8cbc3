/**
 * Sends spans to a collector by OTLP over HTTP. The SDK is loaded only when there is one to send
 * to. Spans are sent in batches behind the requests; a collector that is away costs spans, never
 * requests.
 */
import { context, propagation, trace } from '@opentelemetry/api';
import { turnTracing } from './trace.ts';

export type Tracing = {
  /** Sends what waits and ends it. */
  stop: () => Promise<void>;
};

const exportMsMax = 5_000;

export const startTracing = async (options: {
  /** `http://collector:4318`; the path of traces is added. */
  endpoint: string;
  serviceName: string;
  /** The share of traces begun here that is kept, 0 to 1; one begun elsewhere is kept if it was there. */
  ratio?: number;
}): Promise<Tracing> => {
  const [sdk, { OTLPTraceExporter }, { resourceFromAttributes }, hooks, core] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/core'),
  ]);
  const exporter = new OTLPTraceExporter({
    url: `${options.endpoint.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: exportMsMax,
  });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': `signalbeam-${options.serviceName}` }),
    sampler: new sdk.ParentBasedSampler({
      root: new sdk.TraceIdRatioBasedSampler(options.ratio ?? 1),
    }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter })],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new hooks.AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new core.W3CTraceContextPropagator());
  turnTracing(true);
  return {
    stop: async () => {
      turnTracing(false);
      await provider.shutdown().catch(() => {});
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
};
