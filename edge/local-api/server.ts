/** The local API on its own port: limits on connections and time, and a clean end. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { AgentLog } from '../host/log.ts';
import { createLocalApi } from './app.ts';
import type { AgentView } from './view.ts';

const connectionsMax = 128;

export const startLocalApi = async (parts: {
  listen: { host: string; port: number };
  folder: string;
  view: AgentView;
  log: AgentLog;
  now: () => number;
  consoleDir: string | undefined;
  hosts: readonly string[];
}): Promise<{ url: string; stop(): Promise<void> }> => {
  const { host, port } = parts.listen;
  const addressOf = (context: Parameters<typeof getConnInfo>[0]) =>
    getConnInfo(context).remote.address ?? '';
  const app = createLocalApi({ ...parts, addressOf });
  const server = createServer(
    { requestTimeout: 30_000, headersTimeout: 10_000 },
    getRequestListener(app.fetch),
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

const notListening = (host: string, port: number, cause: unknown): FleetError =>
  new FleetError(
    'console-not-listening',
    `The local console can't listen on ${host}:${port}; the agent did not start.`,
    {
      cause,
      next: 'Another program has that port: choose one with --console, or --console off.',
    },
  );
