/**
 * Presence in this replica: hears heartbeats from the start, and while it holds the lease writes
 * them down every few seconds and says who came and went. Losing the hub for a while resets the
 * time since when silence means something.
 */
import type { Logger } from '@signalbeam/platform/logging/log';
import type { CloudConnection } from '@signalbeam/platform/nats/connect';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { cloudSubjects } from '@signalbeam/sync/wire/subjects';
import type { Lease } from '../store/lease.ts';
import { flushPresence, takeOffline } from './flush.ts';
import type { Heard } from './heard.ts';

const flushMs = 5_000;
/** Unknown devices are looked up sooner, so that a new one is seen at once in the consoles. */
const identifyMs = 1_000;
/** Rows of one statement; more go in the next. */
const flushRowsMax = 10_000;
/** Statements that take devices offline in one flush; the next one goes on. */
const offlineRoundsMax = 25;

export type PresenceOptions = {
  cloud: CloudConnection;
  pool: Pool;
  lease: Lease;
  heard: Heard;
  /** A heartbeat was not taken: of nobody, or not one. */
  refused: () => void;
  now: () => number;
  log: Logger;
  flushMs?: number;
};

export type Presence = {
  /** Writes down what was heard, if this replica holds the lease. */
  flush: () => Promise<void>;
  stop: () => Promise<void>;
};

const flushAll = async (options: PresenceOptions, listeningSince: number): Promise<void> => {
  const { heard, lease, pool, now } = options;
  await heard.identify();
  if (!(await lease.hold())) return;
  let beats = heard.takeMoved();
  try {
    while (beats.length > 0) {
      await flushPresence(pool, beats.slice(0, flushRowsMax), now());
      beats = beats.slice(flushRowsMax);
    }
  } catch (error) {
    heard.keep(beats);
    throw error;
  }
  for (let rounds = 0; rounds < offlineRoundsMax; rounds += 1) {
    const { isMore } = await takeOffline(pool, { listeningSince, now: now() });
    if (!isMore) break;
  }
};

export const startPresence = (options: PresenceOptions): Presence => {
  const { cloud, heard, log, now } = options;
  let listeningSince = now();
  let flushing: Promise<void> | undefined;
  const subscription = cloud.connection.subscribe(cloudSubjects.heartbeats, {
    callback: (error, message) => {
      if (error === null && !heard.hear(message)) options.refused();
    },
  });
  cloud.onReconnect(() => {
    listeningSince = now();
  });
  const flush = (): Promise<void> => {
    flushing ??= flushAll(options, listeningSince).finally(() => {
      flushing = undefined;
    });
    return flushing;
  };
  const quietly = (work: () => Promise<void>) => (): void => {
    work().catch((error) => log.warn({ error }, 'presence could not be written; trying again'));
  };
  const timers = [
    setInterval(quietly(flush), options.flushMs ?? flushMs),
    setInterval(quietly(heard.identify), identifyMs),
  ];
  return {
    flush,
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      subscription.unsubscribe();
      await flushing?.catch(() => undefined);
    },
  };
};
