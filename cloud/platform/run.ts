/**
 * Runs services in this process: opens the platform, serves, starts their loops, and on SIGTERM
 * or SIGINT stops in the reverse order. Called by composition roots, which pass the environment.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from './config.ts';
import { failWith, stopOnSignal } from './ending.ts';
import { createHost } from './http/host.ts';
import { serve } from './http/serve.ts';
import { serveFolder } from './http/static.ts';
import { createLog, type Logger } from './logging/log.ts';
import { openPlatform } from './open.ts';
import type { CreateService } from './service.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type Running = {
  url: string;
  /** Where devices come with a certificate. */
  deviceUrl: string | null;
  /** How long `stop` waits before it takes nothing more. */
  drainMs: number;
  stop: () => Promise<void>;
};

/** A process that runs longer without a restart serves a certificate that has expired. */
const serverCertificateDays = 825;

/** Opens, serves and starts; the caller stops it. For tests and for `runServices`. */
export const startServices = async (options: {
  environment: Environment;
  name: string;
  services: readonly CreateService[];
  log?: Logger;
}): Promise<Running> => {
  const config = readConfig(options.environment);
  const log = options.log ?? createLog({ name: options.name, level: config.logLevel });
  // Before the pools are opened: their connections are traced or not from the start.
  const tracing =
    config.tracing === null
      ? null
      : await (await import('./tracing/export.ts')).startTracing({
          ...config.tracing,
          serviceName: options.name,
        });
  const platform = await openPlatform({ config, log, name: options.name });
  const services = options.services.map((create) => create(platform));
  const host = createHost({
    services,
    metrics: platform.metrics,
    log,
    checks: platform.checks,
    console: config.consoleDir === null ? null : serveFolder(config.consoleDir),
  });
  const { app } = host;
  const served = await serve({ app, host: config.host, port: config.port }).catch(async (error) => {
    await platform.close();
    throw error;
  });
  const forDevices =
    config.deviceTls === null
      ? null
      : await serve({
          ...{ app, host: config.host, port: config.deviceTls.port },
          tls: {
            ...(await platform.authority.issueServer(config.deviceTls.names, {
              ...{ nowMs: platform.now(), days: serverCertificateDays },
            })),
            authority: platform.authority.certificate,
          },
        }).catch(async (error) => {
          await served.stop();
          await platform.close();
          throw error;
        });
  for (const service of services) await service.start();
  log.info({ url: served.url, services: services.map(({ name }) => name) }, 'ready');
  return {
    url: served.url,
    drainMs: config.drainMs,
    deviceUrl: forDevices?.url ?? null,
    stop: async () => {
      host.drain();
      served.drain();
      forDevices?.drain();
      // Time for who sends us requests to see that: until then they are served like any other.
      if (config.drainMs > 0) await sleep(config.drainMs);
      // Live streams never end by themselves; the server waits for every response.
      platform.live.stop();
      await Promise.all([served.stop(), forDevices?.stop()]);
      for (const service of services.toReversed()) await service.stop();
      await platform.close();
      await tracing?.stop();
      log.info('stopped');
    },
  };
};

/** What a `main.ts` calls: runs until a signal, then stops in order and exits. */
export const runServices = async (
  environment: Environment,
  name: string,
  services: readonly CreateService[],
): Promise<void> => {
  const running = await startServices({ environment, name, services }).catch(failWith);
  stopOnSignal(running.stop, running.drainMs);
};

/** One service alone. */
export const runService = (
  environment: Environment,
  name: string,
  create: CreateService,
): Promise<void> => runServices(environment, name, [create]);
