/**
 * Opens a log for one reader: judged, counted and written down first, then asked of the device; and
 * the other way round at its end. Whatever ends it, its end is in the audit log.
 */
import { randomBytes } from 'node:crypto';
import type { Logger } from '@signalbeam/platform/logging/log';
import type { Author } from '@signalbeam/platform/postgres/tenant';
import type { Platform } from '@signalbeam/platform/service';
import { type LogEntry, logSessionSecondsMax } from '@signalbeam/sync/core/log-session';
import { sayEnd, type WatchEnd } from '../core/log-watch.ts';
import type { KnownDevice } from '../ingest/directory.ts';
import {
  endLogSession,
  insertLogSession,
  type LastFailure,
  nextCommandVersion,
  type OpenedLog,
} from '../store/log-sessions.ts';
import { type EventStream, openEventStream } from './event-stream.ts';
import type { LookedAt } from './looked-at.ts';
import { type WatchRequest, watchLog } from './watch.ts';

/** Entries as the API tells them. */
export type ToldEntry =
  | { at: string; output: 'stdout' | 'stderr'; text: string }
  | { leftOut: number }
  | { at: string; note: string };

export type OpenParts = Pick<Platform, 'pools' | 'keyring' | 'cloud' | 'now'> & {
  lookedAt: LookedAt;
};

export type Asked = {
  author: Author;
  device: KnownDevice;
  request: WatchRequest;
  log: Logger;
  /** For a device that does not answer: when it was last seen, and what is kept of its last failure. */
  known: () => Promise<{ lastSeenAt: string | null; lastFailure: LastFailure | null }>;
  /** Whether whoever looks still may. */
  mayStill: () => Promise<boolean>;
};

const checkEveryMs = 15_000;
/** Ahead of what a restored database forgot: see `nextCommandVersion`. */
const stepOfTry = (tries: number): number => (tries === 1 ? 1 : 64);

const iso = (ms: number): string => new Date(ms).toISOString();

const toldOf = (entry: LogEntry): ToldEntry => {
  if (!Array.isArray(entry)) return 'note' in entry ? { ...entry, at: iso(entry.at) } : entry;
  const [at, output, text] = entry;
  return { at: iso(at), output: output === 'out' ? 'stdout' : 'stderr', text };
};

/** Says why it ended, and of a device that is not there what is known of it. */
const writeEnd = async (
  stream: EventStream,
  reason: WatchEnd | 'offline',
  asked: Asked,
): Promise<void> => {
  const isAway = reason === 'offline' || reason === 'no-answer' || reason === 'silent';
  const known = isAway ? await asked.known() : { lastSeenAt: null, lastFailure: null };
  const says = reason === 'offline' ? sayOffline(known.lastSeenAt) : sayEnd(reason);
  stream.write('ended', { reason, says, ...known });
  stream.close();
};

const sayOffline = (lastSeenAt: string | null): string =>
  lastSeenAt === null
    ? 'The device was never connected; live logs need a connection.'
    : `The device was last seen at ${lastSeenAt}; live logs need a connection.`;

/** A device that is offline is not asked: nothing of it is looked at. */
export const tellOffline = (asked: Asked): ReadableStream<Uint8Array> => {
  const stream = openEventStream(() => undefined);
  void writeEnd(stream, 'offline', asked).catch((error) => {
    asked.log.warn({ error }, 'what is known of a device could not be read');
    stream.close();
  });
  return stream.body;
};

const tally = () => {
  let lines = 0;
  let leftOut = 0;
  return {
    add: (entries: readonly LogEntry[]): void => {
      for (const entry of entries) {
        if (Array.isArray(entry)) lines += 1;
        else if ('leftOut' in entry) leftOut += entry.leftOut;
      }
    },
    so: () => ({ lines, leftOut }),
  };
};

export const openLog = async (
  parts: OpenParts,
  asked: Asked,
): Promise<ReadableStream<Uint8Array>> => {
  const { pools, keyring, cloud, now } = parts;
  const { author, device, request, log } = asked;
  const { container, bundle } = request;
  const openedAtMs = now();
  const endsAt = new Date(openedAtMs + logSessionSecondsMax * 1_000);
  const id = randomBytes(16).toString('hex');
  const opened: OpenedLog = { id, deviceId: device.deviceId, container, bundle, endsAt };
  await insertLogSession(pools.api, author, opened);
  const stream = openEventStream(() => watching.close('closed'));
  const used = tally();
  const ended = Promise.withResolvers<void>();
  const end = async (reason: WatchEnd): Promise<void> => {
    clearInterval(timer);
    const seconds = Math.round((now() - openedAtMs) / 1_000);
    const writing = endLogSession(pools.api, author, opened, { seconds, ...used.so(), reason });
    await Promise.allSettled([writing, writeEnd(stream, reason, asked)]).then((settled) => {
      for (const each of settled) {
        if (each.status === 'rejected') {
          log.warn({ error: each.reason }, 'the end of looking at a log was not written down');
        }
      }
    });
    stream.close();
    ended.resolve();
  };
  stream.write('opened', { device: device.deviceId, container, bundle, endsAt });
  const watching = watchLog({
    ...{ connection: cloud.connection, device, session: id, request, now },
    sign: async (tries) => ({
      version: await nextCommandVersion(pools.ingest, device.deviceId, stepOfTry(tries)),
      director: (await keyring.current(device.tenantId)).director,
    }),
    hasRoom: stream.hasRoom,
    onEntries: (entries) => {
      used.add(entries);
      stream.write('lines', { entries: entries.map(toldOf) });
    },
    onOver: (reason) => void end(reason),
    warn: (error) => log.warn({ error }, 'a device could not be asked for a log'),
  });
  const timer = setInterval(() => {
    asked.mayStill().then(
      (may) => {
        if (!may) watching.close('signed-out');
      },
      (error: unknown) => log.warn({ error }, 'a session could not be checked'),
    );
  }, checkEveryMs);
  parts.lookedAt.add({ close: watching.close, ended: ended.promise });
  return stream.body;
};
