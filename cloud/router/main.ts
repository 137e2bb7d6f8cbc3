/**
 * One address for the three services when each runs as its own process: passes every request to
 * the one that the table of paths names. Reads where they are from the environment.
 */
import { createPathRouter } from '@signalbeam/platform/http/path-router';
import { serve } from '@signalbeam/platform/http/serve';
import { serveFolder } from '@signalbeam/platform/http/static';
import { failWith } from '@signalbeam/platform/run';
import { FleetError } from '@signalbeam/sync/core/errors';

const urlOf = (name: string): string => {
  const value = process.env[name];
  if (value !== undefined && URL.canParse(value)) return value;
  throw new FleetError('configuration-invalid', `${name} must be the URL of a running service.`, {
    next: 'Start the three services first, then give their addresses.',
  });
};

const start = async (): Promise<void> => {
  const consoleDir = process.env['SIGNALBEAM_CONSOLE_DIR'];
  const app = createPathRouter({
    targets: {
      'device-manager': urlOf('SIGNALBEAM_DEVICE_MANAGER_URL'),
      'bundle-orchestrator': urlOf('SIGNALBEAM_BUNDLE_ORCHESTRATOR_URL'),
      'telemetry-processor': urlOf('SIGNALBEAM_TELEMETRY_PROCESSOR_URL'),
    },
    console: consoleDir === undefined ? null : serveFolder(consoleDir),
  });
  const served = await serve({
    app,
    host: process.env['HOST'] ?? '127.0.0.1',
    port: Number(process.env['PORT'] ?? 8080),
  });
  process.stdout.write(`The path router answers at ${served.url}\n`);
};

await start().catch(failWith);
