/**
 * telemetry-processor: takes in what devices send, knows who is there, and shows both. Puts the
 * routes on one application and runs ingest, presence and maintenance.
 */
import type { Platform, Service } from '@signalbeam/platform/service';
import { addAlertRuleRoutes } from './api/alert-rules.ts';
import { addAlertSilenceRoutes } from './api/alert-silences.ts';
import { addAlertRoutes } from './api/alerts.ts';
import { addChannelActRoutes } from './api/channel-acts.ts';
import { addChannelRoutes } from './api/channels.ts';
import { addDeadLetterRoutes } from './api/dead-letters.ts';
import { addDeadLettersOfCauseRoutes } from './api/dead-letters-of-cause.ts';
import { addDeliveryRoutes } from './api/deliveries.ts';
import { addHealthRoutes } from './api/health.ts';
import { addLogRoutes } from './api/logs.ts';
import { addPercentileRoutes } from './api/percentiles.ts';
import { addQueryRoutes } from './api/query.ts';
import { addRetentionRoutes } from './api/retention.ts';
import { addSimpleClientRoutes } from './api/simple-clients.ts';
import { addStreamRoutes } from './api/stream.ts';
import { addTelemetryRoutes } from './api/telemetry.ts';
import { type Background, startBackground } from './background.ts';
import { createIngestFacts } from './ingest/facts.ts';
import { createLookedAt } from './logs/looked-at.ts';
import { countMessages, startNotifying } from './notify/start.ts';
import { readSampleStorage, storageWords } from './store/sample-storage.ts';

export const createService = (platform: Platform): Service => {
  const app = platform.createApi();
  const facts = createIngestFacts(platform.metrics);
  const count = countMessages(platform.metrics);
  let background: Background | undefined;
  let details: Record<string, string> = {};
  let notifying: { stop: () => Promise<void> } | undefined;
  const lookedAt = createLookedAt();
  const parts = {
    ...platform,
    latestBeat: (deviceId: string) => background?.heard.latest(deviceId),
    watching: () => background?.watching,
    directory: () => background?.directory,
    lookedAt,
  };
  for (const addRoutes of [
    addTelemetryRoutes,
    addHealthRoutes,
    addDeadLettersOfCauseRoutes,
    addDeadLetterRoutes,
    addQueryRoutes,
    addPercentileRoutes,
    addRetentionRoutes,
    addSimpleClientRoutes,
    addChannelRoutes,
    addChannelActRoutes,
    addDeliveryRoutes,
    addStreamRoutes,
    addLogRoutes,
    addAlertRoutes,
    addAlertRuleRoutes,
    addAlertSilenceRoutes,
  ]) {
    addRoutes(app, parts);
  }
  return {
    name: 'telemetry-processor',
    app,
    details: () => details,
    start: async () => {
      details = { samples: storageWords(await readSampleStorage(platform.pools.system)) };
      background = await startBackground(platform, facts);
      notifying = startNotifying(platform, count);
    },
    stop: async () => {
      await lookedAt.stop();
      await Promise.all([background?.stop(), notifying?.stop()]);
      [background, notifying] = [undefined, undefined];
    },
  };
};
