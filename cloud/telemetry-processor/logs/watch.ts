/**
 * Runs one session of looking at a device's log: publishes the signed command, hears the pieces,
 * answers each. Only the replica that the console is at listens, on the subject of that device in its
 * tenant's account, and every piece bears the device's signature and the session's id: nobody else's
 * lines get in. What a reader is behind is the device's to leave out: nothing is kept here.
 */
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import {
  type LogEntry,
  logKeepAliveMs,
  logSessionSecondsMax,
  plainLogText,
} from '@signalbeam/sync/core/log-session';
import type { Signer } from '@signalbeam/sync/wire/keys';
import { type LogPiece, openLogPiece } from '@signalbeam/sync/wire/log-piece';
import { sealRecord } from '@signalbeam/sync/wire/record-envelope';
import type { Command } from '@signalbeam/sync/wire/record-schemas';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import { cloudSubjects } from '@signalbeam/sync/wire/subjects';
import { hearPiece, nextOfWatch, openWatch, type WatchEnd } from '../core/log-watch.ts';
import type { KnownDevice } from '../ingest/directory.ts';

export type WatchRequest = {
  container: string;
  bundle: string | null;
  lines: number;
  sinceSeconds: number | null;
  follow: boolean;
};

export type WatchParts = {
  connection: NatsConnection;
  device: KnownDevice;
  session: string;
  request: WatchRequest;
  /** The director's key as it is now, and a version that this device has not seen. */
  sign: (tries: number) => Promise<{ director: Signer; version: number }>;
  now: () => number;
  hasRoom: () => boolean;
  onEntries: (entries: LogEntry[]) => void;
  /** Once. */
  onOver: (reason: WatchEnd) => void;
  warn: (error: unknown) => void;
};

/** A command that took longer is of a session that nobody waits for. */
const commandMs = 60_000;

export const watchLog = (parts: WatchParts): { close: (reason: WatchEnd) => void } => {
  const { connection, device, session, now } = parts;
  let watch = openWatch(now());
  let timer: NodeJS.Timeout | undefined;
  let over = false;

  const answer = (message: Msg, next: 'go' | 'wait' | 'stop'): void => {
    message.respond(JSON.stringify({ session, next }));
  };
  const subscription = connection.subscribe(cloudSubjects.logs(device.tenantKey, device.deviceId), {
    callback: (error, message) => {
      if (error !== null) return;
      const piece = openLogPiece(message.data, device.publicKey);
      if (piece.kind === 'refused' || !isOurs(piece.value, parts)) return;
      if (over) return answer(message, 'stop');
      const heard = hearPiece(watch, piece.value.seq, { hasRoom: parts.hasRoom(), now: now() });
      watch = heard.watch;
      answer(message, heard.answer);
      if (!heard.isNew) return;
      const { entries, seq, ended } = piece.value;
      // The first also if nothing is in it: the device is there.
      if (entries.length > 0 || seq === 0) parts.onEntries(entries.map(plainEntry));
      if (ended !== null) finish(ended);
    },
  });
  const finish = (reason: WatchEnd): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    // The device asks once more: then it learns at once that nobody looks any more.
    timer = setTimeout(() => subscription.unsubscribe(), 2 * logKeepAliveMs);
    timer.unref();
    parts.onOver(reason);
  };
  const run = (): void => {
    clearTimeout(timer);
    if (over) return;
    const next = nextOfWatch(watch, now());
    if (next.kind === 'over') finish(next.reason);
    else if (next.kind === 'ask') {
      watch = next.watch;
      ask(parts, watch.asked).catch(parts.warn).finally(run);
    } else timer = setTimeout(run, Math.max(1, next.untilMs - now()));
  };
  run();
  return { close: finish };
};

const isOurs = (piece: LogPiece, { device, session }: WatchParts): boolean =>
  piece.device === device.deviceId && piece.session === session;

/** The device did so already; a hostile one did not. */
const plainEntry = (entry: LogEntry): LogEntry =>
  Array.isArray(entry) ? [entry[0], entry[1], plainLogText(entry[2])] : entry;

const ask = async (parts: WatchParts, tries: number): Promise<void> => {
  const { connection, device, session, request, now } = parts;
  const { director, version } = await parts.sign(tries);
  const { tenantId, tenantKey, site, deviceId } = device;
  const command: Command = {
    ...{ tenantId, deviceId, version, nonce: session },
    issuedAt: new Date(now()).toISOString(),
    expiresAt: new Date(now() + commandMs).toISOString(),
    request: { verb: 'logs', ...request, forSeconds: logSessionSecondsMax },
  };
  if (connection.isClosed()) return;
  const subject = cloudSubjects.down(tenantKey, site, deviceId, 'cmd.logs');
  connection.publish(subject, sealRecord(payloadTypes.command, command, [director]));
};
