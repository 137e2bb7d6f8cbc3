/**
 * Presence in this replica: hears heartbeats from the start, and while it holds the lease writes
 * them down every few seconds, of a large fleet every second, and says who came and went. Losing the hub for a while resets the
 * time since when silence means something.
 */
import type { Logger } from '@signalbeam/platform/logging/log';
import type { CloudConnection } from '@signalbeam/platform/nats/connect';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { every } from '@signalbeam/platform/schedule/every';
import { cloudSubjects } from '@signalbeam/sync/wire/subjects';
import type { Lease } from '../store/lease.ts';
import { flushPresence, takeOffline } from './flush.ts';
import type { Heard } from './heard.ts';

/** How often unknown devices are looked up, so that a new one is seen at once in the consoles. */
const turnMs = 1_000;
/** Of so many turns one writes down whatever was heard, and looks who is silent. */
const flushTurns = 5;
/**
 * So many are written in the other turns, too: those of five seconds of a large fleet in one statement would keep
 * a core of Postgres from everybody else for a tenth of a second.
 */
const heapMin = 1_000;
/** Rows of one statement, a few milliseconds of a core; more go in the next. */
const flushRowsMax = 1_000;

export type PresenceOptions = {
  cloud: CloudConnection;
  pool: Pool;
  lease: Lease;
  heard: Heard;
  /** A heartbeat was not taken: of nobody, or not one. */
  refused: () => void;
  now: () => number;
  log: Logger;
};

export type Presence = { stop: () => Promise<void> };

/** Throws when Postgres is away; what was not written is kept. */
const writeMoved = async ({ heard, pool, now }: PresenceOptions): Promise<void> => {
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
};

/** Writes what was heard, if this replica holds the lease. */
const turn = async (
  options: PresenceOptions,
  { isFlush, listeningSince }: { isFlush: boolean; listeningSince: number },
): Promise<void> => {
  const { heard, lease, pool, now } = options;
  await heard.identify();
  if (!isFlush && heard.moved() < heapMin) return;
  if (!(await lease.hold())) return;
  await writeMoved(options);
  if (!isFlush) return;
  await takeOffline(pool, { listeningSince, now });
};

export const startPresence = (options: PresenceOptions): Presence => {
  const { cloud, heard, log, now } = options;
  let listeningSince = now();
  const subscription = cloud.connection.subscribe(cloudSubjects.heartbeats, {
    callback: (error, message) => {
      if (error === null && !heard.hear(message)) options.refused();
    },
  });
  cloud.onReconnect(() => {
    listeningSince = now();
  });
  let turns = 0;
  const turning = every(
    turnMs,
    () => {
      turns += 1;
      return turn(options, { isFlush: turns % flushTurns === 0, listeningSince });
    },
    (error) => log.warn({ error }, 'presence could not be written; trying again'),
  );
  return {
    stop: async () => {
      subscription.unsubscribe();
      await turning.stop();
    },
  };
};
