/**
 * Live views: every replica hears every event of the cloud as it happens and passes it to the
 * clients of its tenant. Nothing is stored; each client's queue is bounded, and one that can't keep
 * up is told `resync` once and asks the API anew. Not a delivery guarantee for anybody.
 */
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '../logging/log.ts';
import { type DomainMessage, messageSchema } from './message.ts';

/** Live messages that are no domain events: heard by every replica, in no stream. */
const liveSubject = 'live';
const queueBytesMax = 256 * 1024;
const keepAliveMs = 15_000;

export type LiveClient = { stream: ReadableStream<Uint8Array>; close: () => void };
export type LiveOptions = {
  tenantId: string;
  /** The event's name for this client, or null to leave it out. */
  wants: (message: DomainMessage) => { event: string } | null;
};

export type Live = {
  /** Tells all replicas' clients; lossy by design. */
  publish: (message: { tenantId: string; type: string; data: unknown }) => void;
  /** A server-sent event stream of one tenant. `content-type: text/event-stream`. */
  open: (options: LiveOptions) => LiveClient;
  clients: () => number;
  stop: () => void;
};

const text = new TextEncoder();
const resync = text.encode('event: resync\ndata: {}\n\n');
const keepAlive = text.encode(': still here\n\n');

type Client = LiveOptions & { offer: (chunk: Uint8Array) => void; close: () => void };

const openClient = (options: LiveOptions, clients: Set<Client>): LiveClient => {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let missed = false;
  const client: Client = {
    ...options,
    offer: (chunk) => {
      const room = controller.desiredSize ?? 0;
      if (room >= chunk.byteLength) {
        if (missed) controller.enqueue(resync);
        missed = false;
        controller.enqueue(chunk);
      } else if (chunk !== keepAlive) missed = true;
    },
    close: () => {
      if (!clients.delete(client)) return;
      try {
        controller.close();
      } catch {
        // Cancelled by its reader at the same moment.
      }
    },
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given;
        clients.add(client);
        controller.enqueue(text.encode('retry: 2000\n\n'));
      },
      // The reader made room: one that missed something learns so now, not at the next event.
      pull: () => {
        if (!missed) return;
        missed = false;
        controller.enqueue(resync);
      },
      cancel: () => {
        clients.delete(client);
      },
    },
    { highWaterMark: queueBytesMax, size: (chunk) => chunk?.byteLength ?? 0 },
  );
  return { stream, close: client.close };
};

const spread = (message: DomainMessage, clients: Set<Client>): void => {
  // One buffer per event and name, shared by all clients that get it.
  const chunks = new Map<string, Uint8Array>();
  for (const client of clients) {
    if (client.tenantId !== message.tenantId) continue;
    const wanted = client.wants(message);
    if (wanted === null) continue;
    let chunk = chunks.get(wanted.event);
    if (chunk === undefined) {
      const { id, type, occurredAt: at, data } = message;
      const body = JSON.stringify({ type, at, data });
      chunk = text.encode(`id: ${id}\nevent: ${wanted.event}\ndata: ${body}\n\n`);
      chunks.set(wanted.event, chunk);
    }
    client.offer(chunk);
  }
};

export const startLive = (options: {
  connection: NatsConnection;
  log: Logger;
  now: () => number;
}): Live => {
  const { connection, log, now } = options;
  const clients = new Set<Client>();
  const hear = (data: string): void => {
    if (clients.size === 0) return;
    try {
      spread(messageSchema.parse(JSON.parse(data)), clients);
    } catch (error) {
      log.warn({ error }, 'a live message could not be read');
    }
  };
  const subscriptions = ['signalbeam.>', liveSubject].map((subject) =>
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) hear(message.string());
      },
    }),
  );
  const timer = setInterval(() => {
    for (const client of clients) client.offer(keepAlive);
  }, keepAliveMs);
  return {
    publish: ({ tenantId, type, data }) => {
      if (connection.isClosed()) return;
      const occurredAt = new Date(now()).toISOString();
      const message: DomainMessage = {
        ...{ id: randomUUID(), type, version: 1, tenantId, occurredAt, data },
      };
      connection.publish(liveSubject, JSON.stringify(message));
    },
    open: (client) => openClient(client, clients),
    clients: () => clients.size,
    stop: () => {
      clearInterval(timer);
      for (const subscription of subscriptions) subscription.unsubscribe();
      for (const client of [...clients]) client.close();
    },
  };
};
