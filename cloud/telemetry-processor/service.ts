/**
 * telemetry-processor: takes in what devices send, knows who is there, and shows both. Puts the
 * routes on one application and runs ingest, presence and maintenance.
 */
import type { Platform, Service } from '@signalbeam/platform/service';
import { addHealthRoutes } from './api/health.ts';
import { addSimpleClientRoutes } from './api/simple-clients.ts';
import { addStreamRoutes } from './api/stream.ts';
import { addTelemetryRoutes } from './api/telemetry.ts';
import { type Background, startBackground } from './background.ts';
import { createIngestFacts } from './ingest/facts.ts';

export const createService = (platform: Platform): Service => {
  const app = platform.createApi();
  const facts = createIngestFacts(platform.metrics);
  let background: Background | undefined;
  const parts = {
    ...platform,
    latestBeat: (deviceId: string) => background?.heard.latest(deviceId),
    watching: () => background?.watching,
  };
  for (const addRoutes of [
    addTelemetryRoutes,
    addHealthRoutes,
    addSimpleClientRoutes,
    addStreamRoutes,
  ]) {
    addRoutes(app, parts);
  }
  return {
    name: 'telemetry-processor',
    app,
    start: async () => {
      background = await startBackground(platform, facts);
    },
    stop: async () => {
      await background?.stop();
      background = undefined;
    },
  };
};
