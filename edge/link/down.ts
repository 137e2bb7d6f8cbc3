/**
 * What comes down: a poke is only a hint, so on every poke, every connection and now and then the
 * device fetches its own signed record and lets the reconciler judge it.
 */
import type { Carrier } from '@signalbeam/sync/nats/carrier';
import { pokeSchema } from '@signalbeam/sync/wire/heartbeat';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import type { Log } from './up.ts';

export type DownlinkParts = {
  carrier: Carrier;
  device: { deviceId: string; site: string };
  generation: () => number;
  accept: (envelope: Uint8Array) => { kind: 'accepted' | 'unchanged' | 'refused' };
  random: () => number;
  timers?: Timers;
  log: Log;
  heard: () => void;
  /** How often to compare although nobody poked: a poke may be lost. */
  compareEveryMs: number;
};

const pokeBytesMax = 256;
const replyTimeoutMs = 10_000;
const notFound = 404;
const retryMs = { first: 1_000, max: 30_000 };

export const startDownlink = (parts: DownlinkParts) => {
  const { carrier, device, timers = systemTimers } = parts;
  const subject = deviceSubjects.record(device.site, device.deviceId);
  let fetching = false;
  let again = false;
  let failures = 0;
  let cancelTimer = (): void => undefined;

  const later = (delayMs: number): void => {
    cancelTimer();
    cancelTimer = timers.after(delayMs, () => void compare());
  };
  const fetchOnce = async (): Promise<boolean> => {
    const reply = await carrier.request(subject, new Uint8Array(), replyTimeoutMs);
    if (reply.kind === 'failed') return false;
    parts.heard();
    // An empty body is a deleted key: the desired state in force stays until a newer one comes.
    if (reply.code !== notFound && reply.bytes.byteLength > 0) parts.accept(reply.bytes);
    return true;
  };
  /** One fetch at a time; a poke during a fetch means one more after it. */
  const compare = async (): Promise<void> => {
    if (fetching) {
      again = true;
      return;
    }
    fetching = true;
    again = false;
    const answered = await fetchOnce();
    fetching = false;
    failures = answered ? 0 : failures + 1;
    if (again) return compare();
    if (answered) return later(parts.compareEveryMs * (0.8 + 0.4 * parts.random()));
    const backoffMs = Math.min(retryMs.max, retryMs.first * 2 ** Math.min(failures, 10));
    if (carrier.status() === 'connected') later(backoffMs * (0.5 + parts.random()));
  };
  const hint = (bytes: Uint8Array): void => {
    const poke = parseJson(bytes, pokeSchema, pokeBytesMax);
    if (poke.kind === 'refused')
      parts.log('warn', 'A poke was not understood', { reason: poke.reason });
    else if (poke.value.generation > parts.generation()) void compare();
  };
  const unsubscribe = carrier.subscribe(
    deviceSubjects.down(device.site, device.deviceId, 'poke'),
    hint,
  );
  return {
    compare: () => void compare(),
    stop: (): void => {
      cancelTimer();
      unsubscribe();
    },
  };
};
