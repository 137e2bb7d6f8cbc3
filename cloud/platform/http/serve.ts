/**
 * Serves an application over HTTP until told to stop: then it takes no new connections, lets
 * requests finish and ends what hangs. Slow clients have deadlines: headers, and a body that
 * trickles; long uploads get a longer one.
 */
import { constants } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createAdaptorServer } from '@hono/node-server';
import { FleetError } from '@signalbeam/sync/core/errors';

export type Served = {
  /** `http://127.0.0.1:8080`, with the real port when it was 0. */
  url: string;
  port: number;
  /** From now on every answer ends its connection, so that clients go elsewhere by themselves. */
  drain: () => void;
  stop: () => Promise<void>;
};

type FetchHandler = Parameters<typeof createAdaptorServer>[0]['fetch'];

const headersTimeoutMs = 15_000;
const bodyTimeoutMsMax = 30_000;
const uploadTimeoutMs = 2 * 3600 * 1000;
/** An upload that sends nothing for this long is over, whatever its total deadline. */
const idleTimeoutMs = 60_000;
const drainMs = 10_000;

const limitBodyTime = (request: IncomingMessage, totalMs: number): void => {
  const cut = (): void => {
    if (!request.complete) request.destroy();
  };
  const total = setTimeout(cut, totalMs);
  let idle = setTimeout(cut, idleTimeoutMs);
  let received = 0;
  // Bytes are counted on the socket: a listener on the request would start it flowing.
  const watch = setInterval(() => {
    if (request.socket.bytesRead === received) return;
    received = request.socket.bytesRead;
    clearTimeout(idle);
    idle = setTimeout(cut, idleTimeoutMs);
  }, 5_000);
  const end = (): void => {
    clearTimeout(total);
    clearTimeout(idle);
    clearInterval(watch);
  };
  request.once('end', end);
  request.once('close', end);
};

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      reject(
        new FleetError(
          taken ? 'port-in-use' : 'listen-failed',
          taken
            ? `Port ${port} on ${host} is in use by another program; nothing was started.`
            : `Listening on ${host}:${port} failed: ${cause.message}`,
          {
            cause,
            next: 'Set PORT (and HOST) to an address that is free, or end the other program.',
          },
        ),
      );
    });
    server.listen(port, host, resolve);
  });

const tlsOptions = (tls: NonNullable<Parameters<typeof serve>[0]['tls']>) => ({
  cert: tls.certificate,
  key: tls.privateKey,
  ca: tls.authority,
  requestCert: true,
  rejectUnauthorized: false,
  minVersion: 'TLSv1.2' as const,
  // A resumed session would not show its certificate anew.
  secureOptions: constants.SSL_OP_NO_TICKET,
  handshakeTimeout: headersTimeoutMs,
});

export const serve = async (options: {
  app: { fetch: FetchHandler };
  host: string;
  port: number;
  /** Whether a request brings a large body that may take its time. */
  isUpload?: (path: string) => boolean;
  /** How long any other body may take. */
  bodyTimeoutMs?: number;
  /**
   * TLS that asks for a certificate of this authority. Who shows none may still prove itself
   * otherwise; whether one that is shown is in force is asked at each request.
   */
  tls?: { certificate: string; privateKey: string; authority: string };
}): Promise<Served> => {
  const { host, port, tls } = options;
  const server = createAdaptorServer({
    fetch: options.app.fetch,
    ...(tls === undefined ? {} : { createServer: createTlsServer }),
    serverOptions: {
      ...(tls === undefined ? {} : tlsOptions(tls)),
      headersTimeout: headersTimeoutMs,
      // Bodies have their own deadlines below; this one can't tell an upload from a sign-in.
      requestTimeout: 0,
      keepAliveTimeout: 65_000,
      connectionsCheckingInterval: 5_000,
      maxHeaderSize: 16 * 1024,
    },
  }) as Server;
  let draining = false;
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    if (draining) response.setHeader('connection', 'close');
    const path = request.url ?? '/';
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const isUpload = options.isUpload?.(path) ?? path.startsWith('/api/artifacts');
      limitBodyTime(
        request,
        isUpload ? uploadTimeoutMs : (options.bodyTimeoutMs ?? bodyTimeoutMsMax),
      );
    }
  });
  await listen(server, host, port);
  const address = server.address();
  const boundPort = typeof address === 'object' && address !== null ? address.port : port;
  const shown = host.includes(':') ? `[${host}]` : host;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${shown}:${boundPort}`,
    port: boundPort,
    drain: () => {
      draining = true;
    },
    stop: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), drainMs);
        // A connection whose request ends after this moment turns idle, and clients keep those.
        const sweep = setInterval(() => server.closeIdleConnections(), 100);
        server.close(() => {
          clearTimeout(timer);
          clearInterval(sweep);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
};
