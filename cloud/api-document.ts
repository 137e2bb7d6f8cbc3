/**
 * The API's OpenAPI document without a running cloud: what `/openapi.json` of all three services
 * answers, byte for byte. The typed client and the commands are made from it (client/generate.ts).
 */
import { createService as createBundleOrchestrator } from '@signalbeam/bundle-orchestrator/service';
import { createService as createDeviceManager } from '@signalbeam/device-manager/service';
import { describeServices } from '@signalbeam/platform/http/host';
import type { OpenApiDocument } from '@signalbeam/platform/http/openapi';
import { unopenedPlatform } from '@signalbeam/platform/unopened';
import { createService as createTelemetryProcessor } from '@signalbeam/telemetry-processor/service';

export const apiDocument = (): OpenApiDocument => {
  const platform = unopenedPlatform();
  const services = [createDeviceManager, createBundleOrchestrator, createTelemetryProcessor];
  return describeServices(services.map((create) => create(platform)));
};
