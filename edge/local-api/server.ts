/**
 * The local API on its own port: limits on connections and time, and a clean end. Hono and the web's
 * request and response classes are loaded when somebody asks for the first time: a gateway whose
 * console nobody opens neither waits for them nor holds them.
 */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { AgentLog } from '../host/log.ts';
import type { AgentView } from './view.ts';

const connectionsMax = 128;

type Parts = {
  listen: { host: string; port: number };
  folder: string;
  view: AgentView;
  log: AgentLog;
  now: () => number;
  consoleDir: string | undefined;
  hosts: readonly string[];
};

export const startLocalApi = async (
  parts: Parts,
): Promise<{ url: string; stop(): Promise<void> }> => {
  const { host, port } = parts.listen;
  const server = createServer(
    { requestTimeout: 30_000, headersTimeout: 10_000 },
    loadedOnDemand(parts),
  );
  server.maxConnections = connectionsMax;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(notListening(host, port, cause)));
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return {
    url: `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${bound.port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

/** The files may be gone (an update under way): the device's work must not end with its console. */
const loadedOnDemand = (parts: Parts): RequestListener => {
  let loading: Promise<RequestListener | null> | null = null;
  const load = async (): Promise<RequestListener | null> => {
    try {
      const { openLocalApi } = await import('./app.ts');
      return openLocalApi(parts);
    } catch (cause) {
      parts.log('error', 'The local console could not be loaded', { cause: String(cause) });
      loading = null;
      return null;
    }
  };
  return async (request, response) => {
    loading ??= load();
    const answer = await loading;
    if (response.destroyed) return;
    if (answer === null) response.writeHead(503, { 'retry-after': '10' }).end();
    else answer(request, response);
  };
};

const notListening = (host: string, port: number, cause: unknown): FleetError =>
  new FleetError(
    'console-not-listening',
    `The local console can't listen on ${host}:${port}; the agent did not start.`,
    {
      cause,
      next: 'Another program has that port: choose one with --console, or --console off.',
    },
  );
