/**
 * The whole cloud in one process; the commands that prepare and keep it (./command.ts); and `route`,
 * one address for services that run alone. The only place here that reads the environment. Each loads only
 * what it needs: all of it takes a second of a small machine's processor.
 */
import { failWith, stopOnSignal } from '@signalbeam/platform/ending';

const [command, ...rest] = process.argv.slice(2);

if (command === undefined) {
  const { runServices } = await import('@signalbeam/platform/run');
  const services = [
    await import('@signalbeam/device-manager/service'),
    await import('@signalbeam/bundle-orchestrator/service'),
    await import('@signalbeam/telemetry-processor/service'),
  ];
  await runServices(
    process.env,
    'cloud',
    services.map(({ createService }) => createService),
  );
} else if (command === 'route') {
  const { startRouter } = await import('./router.ts');
  const router = await startRouter(process.env).catch(failWith);
  process.stdout.write(`Routing at ${router.url}\n`);
  stopOnSignal(router.stop);
} else {
  const { runCommand } = await import('./command.ts');
  await runCommand(command, rest, process.env).catch(failWith);
  process.exit();
}
