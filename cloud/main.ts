/**
 * The whole cloud in one process, and the few commands that prepare it: the hub's configuration
 * and the first tenant. The only place here that reads the environment.
 */
import { createService as createBundleOrchestrator } from '@signalbeam/bundle-orchestrator/service';
import { createService as createDeviceManager } from '@signalbeam/device-manager/service';
import { failWith, runServices } from '@signalbeam/platform/run';
import { createService as createTelemetryProcessor } from '@signalbeam/telemetry-processor/service';
import { runCommand } from './command.ts';

const [command, ...rest] = process.argv.slice(2);

if (command === undefined) {
  await runServices(process.env, 'cloud', [
    createDeviceManager,
    createBundleOrchestrator,
    createTelemetryProcessor,
  ]);
} else {
  await runCommand(command, rest, process.env).catch(failWith);
  process.exit();
}
