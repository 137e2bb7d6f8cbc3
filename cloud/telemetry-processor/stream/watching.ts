/**
 * Who is looked at, by anybody's console on any replica: replicas announce it to one another every
 * few seconds, and what nobody announces any more is forgotten. Keeps heartbeats and samples off
 * the live streams unless somebody sees them.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import { parseJson, uuid } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import type { Topics } from './topics.ts';

const subject = 'live.watching';
const announceMs = 5_000;
const forgetMs = 12_000;
const announcementBytesMax = 200 * 1024;

const announcement = z.strictObject({
  /** Tenants whose list of devices somebody looks at. */
  tenants: z.array(uuid),
  devices: z.array(uuid),
});

export type Watching = {
  /** Counts a client in; returns how to count it out. */
  add: (tenantId: string, topics: Topics) => () => void;
  isDeviceWatched: (deviceId: string) => boolean;
  isFleetWatched: (tenantId: string) => boolean;
  stop: () => void;
};

export const startWatching = (options: {
  connection: NatsConnection;
  now: () => number;
  /** Devices somebody looks at, each time they are announced. */
  onDevices?: (deviceIds: readonly string[]) => void;
}): Watching => {
  const { connection, now } = options;
  const clients = new Set<{ tenantId: string; topics: Topics }>();
  const until = new Map<string, number>();
  const announce = (): void => {
    if (clients.size === 0 || connection.isClosed()) return;
    const all = [...clients];
    const devices = new Set(all.flatMap(({ topics }) => [...topics.device]));
    const tenants = new Set(
      all.filter(({ topics }) => topics.devices).map(({ tenantId }) => tenantId),
    );
    connection.publish(subject, JSON.stringify({ tenants: [...tenants], devices: [...devices] }));
  };
  const subscription = connection.subscribe(subject, {
    callback: (error, message) => {
      if (error !== null) return;
      const read = parseJson(message.data, announcement, announcementBytesMax);
      if (read.kind === 'refused') return;
      for (const id of [...read.value.tenants, ...read.value.devices]) {
        until.set(id, now() + forgetMs);
      }
      options.onDevices?.(read.value.devices);
    },
  });
  const timer = setInterval(() => {
    announce();
    for (const [id, end] of until) if (end < now()) until.delete(id);
  }, announceMs);
  const isWatched = (id: string): boolean => (until.get(id) ?? 0) > now();
  return {
    add: (tenantId, topics) => {
      const client = { tenantId, topics };
      clients.add(client);
      announce();
      return () => clients.delete(client);
    },
    isDeviceWatched: isWatched,
    isFleetWatched: isWatched,
    stop: () => {
      clearInterval(timer);
      subscription.unsubscribe();
    },
  };
};
