/**
 * The whole cloud in one process; the commands that prepare and keep it (./command.ts); and `route`,
 * one address for services that run alone. The only place here that reads the environment.
 */
import { createService as createBundleOrchestrator } from '@signalbeam/bundle-orchestrator/service';
import { createService as createDeviceManager } from '@signalbeam/device-manager/service';
import { failWith, runServices, stopOnSignal } from '@signalbeam/platform/run';
import { createService as createTelemetryProcessor } from '@signalbeam/telemetry-processor/service';
import { runCommand } from './command.ts';
import { startRouter } from './router.ts';

const [command, ...rest] = process.argv.slice(2);

if (command === undefined) {
  await runServices(process.env, 'cloud', [
    createDeviceManager,
    createBundleOrchestrator,
    createTelemetryProcessor,
  ]);
} else if (command === 'route') {
  const router = await startRouter(process.env).catch(failWith);
  process.stdout.write(`Routing at ${router.url}\n`);
  stopOnSignal(router.stop);
} else {
  await runCommand(command, rest, process.env).catch(failWith);
  process.exit();
}
