/**
 * Live views: every replica hears every event of the cloud as it happens and passes it to the
 * clients of its tenant. Nothing is stored; each client's queue is bounded, and one that can't keep
 * up is told `resync` once and asks the API anew. Not a delivery guarantee for anybody. Clients that
 * want the same share everything: what is chosen, the bytes, and the moment they are sent at.
 */
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '../logging/log.ts';
import {
  type ClientOptions,
  type LiveClient,
  type OfferedClient,
  openClient,
  pieceOf,
} from './live-client.ts';
import { type DomainMessage, messageSchema } from './message.ts';

/** Live messages that are no domain events: heard by every replica, in no stream. */
const liveSubject = 'live';
const keepAliveMs = 15_000;
/** The first event goes at once; what follows it closely goes together, as one write. */
const togetherMs = 200;
const togetherBytesMax = 32 * 1024;

export type Wanted = { event: string; data?: unknown };

export type LiveOptions = {
  tenantId: string;
  /** Clients of a tenant with the same word here want the same. */
  sharing?: string;
  /** The event's name for this client, and what it may know of it where that is less; null to leave it out. */
  wants: (message: DomainMessage) => Wanted | null;
} & Omit<ClientOptions, 'ended'> & { ended?: () => void };

export type Live = {
  /** Tells all replicas' clients; lossy by design. */
  publish: (message: { tenantId: string; type: string; data: unknown }) => void;
  /** A server-sent event stream of one tenant. `content-type: text/event-stream`. */
  open: (options: LiveOptions) => LiveClient & {
    /** Passes on later what `wants` could not yet decide. */
    tell: (message: DomainMessage, wanted: Wanted) => void;
  };
  clients: () => number;
  stop: () => void;
};

const text = new TextEncoder();
const keepAlive = pieceOf(text.encode(': still here\n\n'));

type Group = {
  wants: LiveOptions['wants'];
  clients: Set<OfferedClient>;
  waiting: Uint8Array[];
  timer: NodeJS.Timeout | null;
};

const flush = (group: Group): void => {
  if (group.waiting.length === 0) return;
  const piece = pieceOf(Buffer.concat(group.waiting));
  group.waiting = [];
  for (const client of group.clients) client.offer(piece);
};

const pass = (group: Group, event: Uint8Array): void => {
  const bytes = group.waiting.reduce((sum, each) => sum + each.byteLength, event.byteLength);
  if (bytes > togetherBytesMax) flush(group);
  group.waiting.push(event);
  if (group.timer === null || event.byteLength > togetherBytesMax) flush(group);
  const again = (): void => {
    const idle = group.waiting.length === 0;
    flush(group);
    group.timer = idle ? null : setTimeout(again, togetherMs);
  };
  group.timer ??= setTimeout(again, togetherMs);
};

const encode = ({ id, type, occurredAt: at }: DomainMessage, event: string, data: unknown) => {
  const body = JSON.stringify({ type, at, data });
  return text.encode(`id: ${id}\nevent: ${event}\ndata: ${body}\n\n`);
};

const spread = (message: DomainMessage, groups: Iterable<Group>): void => {
  // Encoded once for each name it goes under.
  const encoded = new Map<string, Uint8Array>();
  for (const group of groups) {
    const wanted = group.wants(message);
    if (wanted === null) continue;
    if (wanted.data !== undefined) {
      pass(group, encode(message, wanted.event, wanted.data));
      continue;
    }
    const event = encoded.get(wanted.event) ?? encode(message, wanted.event, message.data);
    encoded.set(wanted.event, event);
    pass(group, event);
  }
};

/** The groups of all tenants; one that nobody is in any more is gone. */
const createGroups = () => {
  const tenants = new Map<string, Map<string, Group>>();
  return {
    of: (tenantId: string): Iterable<Group> => tenants.get(tenantId)?.values() ?? [],
    clients: () =>
      [...tenants.values()].flatMap((of) =>
        [...of.values()].flatMap((group) => [...group.clients]),
      ),
    isEmpty: () => tenants.size === 0,
    join: (options: LiveOptions): ReturnType<Live['open']> => {
      const { tenantId, wants, sharing = randomUUID() } = options;
      const groups = tenants.get(tenantId) ?? new Map<string, Group>();
      tenants.set(tenantId, groups);
      const group = groups.get(sharing) ?? { wants, clients: new Set(), waiting: [], timer: null };
      groups.set(sharing, group);
      const client = openClient({
        ...options,
        ended: () => {
          group.clients.delete(client);
          if (group.clients.size === 0 && groups.get(sharing) === group) {
            clearTimeout(group.timer ?? undefined);
            groups.delete(sharing);
          }
          if (groups.size === 0 && tenants.get(tenantId) === groups) tenants.delete(tenantId);
          options.ended?.();
        },
      });
      // What waits was before its time.
      flush(group);
      group.clients.add(client);
      const tell = (message: DomainMessage, { event, data = message.data }: Wanted): void =>
        client.offer(pieceOf(encode(message, event, data)));
      return { ...client, tell };
    },
  };
};

export const startLive = (options: {
  connection: NatsConnection;
  log: Logger;
  now: () => number;
}): Live => {
  const { connection, log, now } = options;
  const groups = createGroups();
  const hear = (data: string): void => {
    if (groups.isEmpty()) return;
    try {
      const message = messageSchema.parse(JSON.parse(data));
      spread(message, groups.of(message.tenantId));
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
    for (const client of groups.clients()) client.offer(keepAlive, true);
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
    open: groups.join,
    clients: () => groups.clients().length,
    stop: () => {
      clearInterval(timer);
      for (const subscription of subscriptions) subscription.unsubscribe();
      for (const client of groups.clients()) client.close();
    },
  };
};
