/**
 * Serves those who look at a container's log from the cloud. A session begins with a command that
 * the director signed for this device, newer than any before (the store of trust keeps that floor, so
 * none runs twice), and lives from answer to answer. The container's lines are all that is told of
 * it: nothing of its environment. Whatever ends (the lease, the link, the agent), its reader of the
 * engine ends with it.
 */

import { judgeCommand } from '@signalbeam/sync/core/commands';
import {
  type LogAnswer,
  logSessionsPerDeviceMax,
  plainLogText,
} from '@signalbeam/sync/core/log-session';
import { timeFloorMs } from '@signalbeam/sync/core/time-floor';
import type { Carrier } from '@signalbeam/sync/nats/carrier';
import type { Signer } from '@signalbeam/sync/wire/keys';
import { logAnswerBytesMax, logAnswerSchema, packLogPiece } from '@signalbeam/sync/wire/log-piece';
import type { Command } from '@signalbeam/sync/wire/record-schemas';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import type { Engine } from '../containers/engine.ts';
import { type Followed, followContainer } from '../containers/follow-container.ts';
import { chooseNamed } from '../core/container.ts';
import { type LogSession, type Piece, startLogSession } from '../core/log-session.ts';
import type { Timers } from '../core/timers.ts';
import { steadyMs, systemTimers } from '../host/timers.ts';
import type { TrustStore } from '../store/trust.ts';
import type { Log } from './up.ts';

export type LogSessionsParts = {
  carrier: Carrier;
  device: { deviceId: string; site: string };
  signer: Signer;
  trust: Pick<TrustStore, 'trust' | 'offer'>;
  engine: () => Engine | null;
  bundleIdOf: (bundleName: string) => string | undefined;
  now: () => number;
  /** Milliseconds that only grow. */
  steady?: () => number;
  timers?: Timers;
  log: Log;
};

type Request = Extract<Command['request'], { verb: 'logs' }>;
type Running = { stop: () => void };

const answerTimeoutMs = 5_000;
/** Of sessions that were: a command that is sent again under a new version names the same one. */
const rememberedMax = 64;

export const startLogSessions = (parts: LogSessionsParts) => {
  const { carrier, device, trust, log } = parts;
  const running = new Map<string, Running>();
  const known = new Set<string>();

  const begin = (session: string, request: Request): void => {
    if (known.has(session)) return;
    known.add(session);
    for (const oldest of known) {
      if (known.size <= rememberedMax) break;
      known.delete(oldest);
    }
    const isFull = running.size >= logSessionsPerDeviceMax;
    const served = serve(parts, session, request, isFull);
    if (isFull) return;
    running.set(session, served);
    void served.done.then(() => running.delete(session));
  };
  const hear = (bytes: Uint8Array): void => {
    const offered = trust.offer(`device/${device.deviceId}/command`, bytes);
    if (offered.kind !== 'accepted' || offered.record.kind !== 'command') return;
    const { deviceId, version, expiresAt, nonce, request } = offered.record.value;
    const verdict = judgeCommand(
      { deviceId, version, expiresAtMs: Date.parse(expiresAt) },
      {
        deviceId: device.deviceId,
        highWater: version - 1,
        floorMs: timeFloorMs(trust.trust().time),
      },
    );
    if (verdict.kind === 'refused') log('warn', 'A command was refused', { code: verdict.code });
    else if (request.verb === 'logs') begin(nonce, request);
  };
  const unsubscribe = carrier.subscribe(
    deviceSubjects.down(device.site, device.deviceId, 'cmd.logs'),
    hear,
  );
  return {
    /** Sessions that are served now. */
    count: (): number => running.size,
    stop: (): void => {
      unsubscribe();
      for (const each of running.values()) each.stop();
    },
  };
};

const serve = (
  parts: LogSessionsParts,
  id: string,
  request: Request,
  isFull: boolean,
): Running & { done: Promise<void> } => {
  const { steady = steadyMs, timers = systemTimers, log } = parts;
  const session = startLogSession({ forMs: request.forSeconds * 1_000 }, steady());
  const stop = new AbortController();
  const over = Promise.withResolvers<void>();
  let cancelTimer = (): void => undefined;

  const finish = (): void => {
    cancelTimer();
    stop.abort();
    over.resolve();
  };
  const send = async (piece: Piece): Promise<void> => {
    const answer = await ask(parts, { device: parts.device.deviceId, session: id, ...piece });
    if (answer === null) session.failed(steady());
    else session.answered(answer, steady());
    run();
  };
  const run = (): void => {
    cancelTimer();
    const next = stop.signal.aborted ? ({ kind: 'over' } as const) : session.next(steady());
    if (next.kind === 'over') finish();
    else if (next.kind === 'send') {
      void send(next.piece);
      // The lease runs out also while nobody answers.
      run();
    } else {
      cancelTimer = timers.after(Math.max(1, next.untilMs - steady()), run, 'background');
    }
  };
  if (isFull) session.end('too-many-sessions');
  else void read(parts, request, { session, signal: stop.signal, run, log });
  run();
  return { stop: finish, done: over.promise };
};

const ask = async (
  { carrier, device, signer }: LogSessionsParts,
  piece: Parameters<typeof packLogPiece>[0],
): Promise<LogAnswer | null> => {
  const bytes = packLogPiece(piece, signer);
  const reply = await carrier.request(deviceSubjects.logs(device.deviceId), bytes, answerTimeoutMs);
  if (reply.kind === 'failed') return null;
  const answer = parseJson(reply.bytes, logAnswerSchema, logAnswerBytesMax);
  return answer.kind === 'parsed' && answer.value.session === piece.session
    ? answer.value.next
    : null;
};

const read = async (
  parts: LogSessionsParts,
  { container, bundle, lines, sinceSeconds, follow }: Request,
  into: { session: LogSession; signal: AbortSignal; run: () => void; log: Log },
): Promise<void> => {
  const { device, now, bundleIdOf, engine } = parts;
  try {
    const followed = followContainer({
      engine,
      find: async (asked) => {
        const bundleId = bundle === null ? null : bundleIdOf(bundle);
        const all = await asked.list(device.deviceId);
        return bundleId === undefined ? null : chooseNamed(all, container, bundleId);
      },
      tail: lines,
      sinceMs: sinceSeconds === null ? null : now() - sinceSeconds * 1_000,
      ...{ follow, now, signal: into.signal },
    });
    for await (const each of followed) {
      take(into.session, each);
      into.run();
    }
  } catch (cause) {
    into.log('error', 'A log could not be read', { cause: String(cause) });
    into.session.end('engine-unreachable');
    into.run();
  }
};

const take = (session: LogSession, followed: Followed): void => {
  if (followed.kind === 'ended') session.end(followed.reason);
  else if (followed.kind === 'note') session.add({ at: followed.at, note: followed.note });
  else {
    const { at, stream, text } = followed.line;
    // An engine that gives no time says 0, or nothing that is a number.
    session.add([Math.max(0, at || 0), stream === 'stdout' ? 'out' : 'err', plainLogText(text)]);
  }
};
