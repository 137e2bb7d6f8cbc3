/**
 * The hub's streams: UP (what devices send), EVENTS (domain events), the bucket `desired` (signed
 * records on their way down). Each is a buffer whose content Postgres or the devices can send
 * again, so a hub that lost its folder gets them back empty and listeners refill them.
 */
import {
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { nanos } from '@nats-io/transport-node';
import { cloudSubjects, streams } from '@signalbeam/sync/wire/subjects';
import type { Logger } from '../logging/log.ts';
import type { CloudConnection } from './connect.ts';

export type StreamName = 'UP' | 'EVENTS' | 'KV_desired';

const dayMs = 24 * 3600 * 1000;
const MiB = 1024 * 1024;

/** Not `signalbeam.>`: that would overlap UP (`*.signalbeam.…`), which JetStream refuses. */
export const eventSubjects = [
  'signalbeam.devices.>',
  'signalbeam.bundles.>',
  'signalbeam.telemetry.>',
  'signalbeam.tenants.>',
  'signalbeam.users.>',
  'signalbeam.alerts.>',
];

const configs = (replicas: number): (Partial<StreamConfig> & { name: string })[] => [
  {
    name: streams.up,
    subjects: [...cloudSubjects.durable],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    // The oldest go first: devices keep every row until Postgres has it, and send it again.
    discard: DiscardPolicy.Old,
    max_age: nanos(dayMs),
    max_bytes: 4096 * MiB,
    num_replicas: replicas,
    duplicate_window: nanos(120_000),
  },
  {
    name: streams.events,
    subjects: eventSubjects,
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: nanos(7 * dayMs),
    max_bytes: 1024 * MiB,
    num_replicas: replicas,
    duplicate_window: nanos(120_000),
  },
];

/** Its subjects, or null when there is none. */
const subjectsOf = async (cloud: CloudConnection, name: string): Promise<string[] | null> => {
  try {
    return (await cloud.jsm.streams.info(name)).config.subjects;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === 10059) return null; // stream not found
    throw error;
  }
};

/** Makes the streams that are missing; returns their names. */
export const ensureStreams = async (
  cloud: CloudConnection,
  options: { replicas?: number } = {},
): Promise<StreamName[]> => {
  const replicas = options.replicas ?? 1;
  const made: StreamName[] = [];
  for (const config of configs(replicas)) {
    const present = await subjectsOf(cloud, config.name);
    if (present !== null) {
      // A hub of an older version lacks what has been added since. Nothing is taken away: replicas
      // of both versions keep the streams during an upgrade.
      const lacking = config.subjects?.filter((subject) => !present.includes(subject)) ?? [];
      if (lacking.length > 0) {
        await cloud.jsm.streams.update(config.name, { subjects: [...present, ...lacking] });
      }
      continue;
    }
    await cloud.jsm.streams.add(config);
    made.push(config.name as StreamName);
  }
  const bucketStream = `KV_${streams.desiredBucket}` as const;
  if ((await subjectsOf(cloud, bucketStream)) === null) {
    await new Kvm(cloud.js).create(streams.desiredBucket, { history: 1, replicas });
    made.push(bucketStream);
  }
  return made;
};

export type StreamKeeper = {
  /** Calls back when a stream had to be made again, so that its owner can fill it. */
  onMade: (stream: StreamName, refill: () => void) => void;
  /** Looks now; resolves when all streams are there, with the names of those it made. */
  check: () => Promise<StreamName[]>;
  stop: () => void;
};

/** Keeps the streams in being: looks every few seconds and after each reconnect. */
export const keepStreams = (options: {
  cloud: CloudConnection;
  log: Logger;
  replicas?: number;
  intervalMs?: number;
}): StreamKeeper => {
  const { cloud, log } = options;
  const listeners: { stream: StreamName; refill: () => void }[] = [];
  const check = async (): Promise<StreamName[]> => {
    const made = await ensureStreams(cloud, options);
    if (made.length > 0) log.info({ streams: made }, 'made streams that the hub did not have');
    for (const { stream, refill } of listeners) if (made.includes(stream)) refill();
    return made;
  };
  const look = (): void => {
    if (cloud.connection.isClosed()) return;
    check().catch((error) => log.warn({ error }, "the hub's streams can't be checked"));
  };
  const timer = setInterval(look, options.intervalMs ?? 3_000);
  cloud.onReconnect(look);
  return {
    onMade: (stream, refill) => {
      listeners.push({ stream, refill });
    },
    check,
    stop: () => clearInterval(timer),
  };
};
