/**
 * The read-only OCI distribution endpoint from which this device's own engine pulls what the agent
 * fetched and verified. It listens on 127.0.0.1 only, answers loopback names only (a web page that
 * rebinds its name to 127.0.0.1 gets nothing), and knows images by digest: there are no tags.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FleetError } from '@signalbeam/sync/core/errors';
import { sendBlob, sendManifest } from './registry-replies.ts';
import { parseRoute, type Route } from './registry-route.ts';
import type { BlobStore } from './store.ts';

export type Registry = { port: number; close(): Promise<void> };

/** `port` 0 takes a free one. */
export const startRegistry = async (store: BlobStore, port = 0): Promise<Registry> => {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (call, reply) => {
    void answer(store, call, reply);
  });
  // An engine pulls a few layers at a time; the rest is not an engine.
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(notListening(port, cause)));
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const answer = async (
  store: BlobStore,
  call: IncomingMessage,
  reply: ServerResponse,
): Promise<void> => {
  try {
    reply.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    reply.setHeader('X-Content-Type-Options', 'nosniff');
    const route = routeOf(call);
    if (route.kind === 'refused') return refuse(reply, route);
    if (route.kind === 'version') {
      reply.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      return;
    }
    const send = route.kind === 'manifest' ? sendManifest : sendBlob;
    const outcome = await send(store, route.digest, call, reply);
    if (outcome) refuse(reply, outcome);
  } catch {
    // The disk failed or the engine hung up: either way the engine tries again.
    if (!reply.headersSent) refuse(reply, { status: 500, code: 'UNKNOWN', message: 'read failed' });
    reply.destroy();
  }
};

const loopback = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i;

const routeOf = (call: IncomingMessage): Route => {
  if (!loopback.test(call.headers.host ?? '')) {
    const message = 'this endpoint answers loopback names only';
    return { kind: 'refused', status: 403, code: 'DENIED', message };
  }
  if (call.method !== 'GET' && call.method !== 'HEAD') {
    const message = 'this endpoint is read-only';
    return { kind: 'refused', status: 405, code: 'UNSUPPORTED', message };
  }
  return parseRoute(call.url ?? '/');
};

export type Refusal = { status: number; code: string; message: string };

/** Errors in the form that the distribution specification asks for. */
const refuse = (reply: ServerResponse, { status, code, message }: Refusal): void => {
  const body = JSON.stringify({ errors: [{ code, message, detail: null }] });
  const allow = status === 405 ? { allow: 'GET, HEAD' } : {};
  reply.writeHead(status, { 'content-type': 'application/json', ...allow }).end(body);
};

const notListening = (port: number, cause: Error): FleetError =>
  new FleetError('registry-port-taken', `The image endpoint can't listen on 127.0.0.1:${port}.`, {
    cause,
    next: 'Free the port or let the agent choose one.',
  });
