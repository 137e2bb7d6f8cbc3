/**
 * What an agent serves to the other agents of its site: records by name, versions of all it holds,
 * and the way to the broker it is connected to. Members only, each within its share; a pending
 * device may use the relay and nothing else. Who a peer is comes from the key it proved and the
 * roster of this moment, never from what it says.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { FleetError } from '@signalbeam/sync/core/errors';
import { type RecordName, recordNameOf, type Versions } from '@signalbeam/sync/core/records';
import type { BrokerWay } from '../link/ways.ts';
import type { DeviceCertificate } from './certificate.ts';
import { provenKey, serverTls } from './peer-tls.ts';
import { createRateLimit } from './rate-limit.ts';
import type { Relay } from './relay.ts';
import { acceptTunnel } from './tunnel-server.ts';

export type PeerServerParts = {
  listen: { host: string; port: number };
  own: DeviceCertificate;
  /** Whose key this is by the verified roster; null for a stranger. */
  memberOf: (publicKey: string) => string | null;
  records: {
    versions(): Versions;
    read(name: RecordName): Uint8Array | null;
    root(version: number): Uint8Array | null;
  };
  /** Where this device itself reaches a broker; null while it reaches none. */
  broker: () => BrokerWay | null;
  relay: Relay | null;
  /** A clock that never jumps. */
  now: () => number;
  log: (level: 'info' | 'warn' | 'error', message: string, facts?: Record<string, unknown>) => void;
};

export type PeerServer = {
  port: number;
  counters(): PeerCounters;
  /** The roster changed: whoever is no member any more is cut off. */
  recheck(): void;
  stop(): Promise<void>;
};
export type PeerCounters = {
  requests: number;
  refused: number;
  strangers: number;
  limited: number;
};

const connectionsMax = 256;
const connectionsPerPeerMax = 8;
const strangersMax = 4;
const headerBytesMax = 8 * 1024;
/** A whole site that comes back asks for a few dozen records at once. */
const requestsPerPeer = { burst: 100, perSecond: 20 };
const timeouts = { requestTimeout: 15_000, headersTimeout: 5_000, keepAliveTimeout: 30_000 };

type Peer = { publicKey: string; deviceId: string | null };

export const startPeerServer = async (parts: PeerServerParts): Promise<PeerServer> => {
  const counters: PeerCounters = { requests: 0, refused: 0, strangers: 0, limited: 0 };
  const limit = createRateLimit(requestsPerPeer);
  const peers = new Map<TLSSocket, Peer>();
  const server = createServer({
    ...serverTls(parts.own),
    ...timeouts,
    maxHeaderSize: headerBytesMax,
  });
  server.maxConnections = connectionsMax;

  server.on('secureConnection', (socket) => {
    const publicKey = provenKey(socket);
    const deviceId = publicKey === null ? null : parts.memberOf(publicKey);
    const connected = [...peers.values()];
    const same = connected.filter((each) => each.publicKey === publicKey).length;
    const strangers = connected.filter((each) => each.deviceId === null).length;
    if (deviceId === null) counters.strangers += 1;
    const refuse =
      publicKey === null ||
      same >= connectionsPerPeerMax ||
      (deviceId === null && (parts.relay === null || strangers >= strangersMax));
    if (refuse) {
      counters.refused += 1;
      socket.destroy();
      return;
    }
    peers.set(socket, { publicKey, deviceId });
    socket.once('close', () => peers.delete(socket));
    socket.on('error', () => socket.destroy());
  });

  const admitted = (socket: TLSSocket): Peer | null => {
    const peer = peers.get(socket);
    if (peer === undefined) return null;
    if (limit.take(peer.publicKey, parts.now())) return peer;
    counters.limited += 1;
    return null;
  };
  server.on('request', (request, response) => {
    counters.requests += 1;
    const peer = admitted(request.socket as TLSSocket);
    if (peer === null) return refuse(response, 429);
    answer(parts, peer, request, response).catch((cause: unknown) => {
      parts.log('warn', 'A request of a peer failed', { reason: String(cause) });
      refuse(response, 500);
    });
  });
  server.on('upgrade', (request, socket: TLSSocket, head) => {
    counters.requests += 1;
    const peer = admitted(socket);
    const way = parts.broker();
    if (peer?.deviceId == null || way === null || request.url !== '/broker') {
      counters.refused += 1;
      socket.end(`HTTP/1.1 ${way === null ? 503 : 403} Refused\r\nConnection: close\r\n\r\n`);
      return;
    }
    acceptTunnel({ socket, head, way, deviceId: peer.deviceId });
  });
  server.on('clientError', (cause: NodeJS.ErrnoException, socket) => {
    // Who hangs up, perhaps having only looked whether somebody is there, sent nothing to refuse.
    if (cause.code !== 'ECONNRESET') counters.refused += 1;
    socket.destroy();
  });

  const { host, port } = parts.listen;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(notListening(host, port, cause)));
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    counters: () => ({ ...counters }),
    recheck: () => {
      for (const [socket, { publicKey, deviceId }] of peers) {
        if (parts.memberOf(publicKey) !== deviceId) socket.destroy();
      }
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of peers.keys()) socket.destroy();
        server.closeAllConnections();
      }),
  };
};

const refuse = (response: ServerResponse, status: number): void => {
  if (response.headersSent) response.destroy();
  else response.writeHead(status).end();
};

const answer = async (
  parts: PeerServerParts,
  peer: Peer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const path = request.url ?? '';
  if (path.startsWith('/enrolment/') && parts.relay !== null) {
    return parts.relay.answer(peer.publicKey, request, response);
  }
  // A stranger learns not even what exists.
  if (peer.deviceId === null || request.method !== 'GET') return refuse(response, 403);
  if (path === '/records') {
    return send(response, 'application/json', JSON.stringify([...parts.records.versions()]));
  }
  if (path === '/broker') {
    const way = parts.broker();
    if (way === null) return refuse(response, 503);
    const { kind, certificate } = way;
    return send(response, 'application/json', JSON.stringify({ kind, certificate }));
  }
  const bytes = recordAt(parts.records, path);
  if (bytes === null) return refuse(response, 404);
  return send(response, 'application/octet-stream', bytes);
};

const recordAt = (records: PeerServerParts['records'], path: string): Uint8Array | null => {
  const root = path.match(/^\/roots\/([1-9]\d{0,9})$/)?.[1];
  if (root !== undefined) return records.root(Number(root));
  const name = path.startsWith('/records/') ? recordNameOf(path.slice('/records/'.length)) : null;
  return name === null ? null : records.read(name);
};

const send = (response: ServerResponse, type: string, body: string | Uint8Array): void => {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
  response.writeHead(200, { 'content-type': type, 'content-length': length }).end(body);
};

const notListening = (host: string, port: number, cause: unknown): FleetError =>
  new FleetError(
    'mesh-not-listening',
    `The mesh can't listen on ${host}:${port}; the agent did not start.`,
    { cause, next: 'Another program has that port: choose one with --mesh, or --mesh off.' },
  );
