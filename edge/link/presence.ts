/**
 * Heartbeats: small, lossy, and announced: each says when the next one comes at the latest, so the
 * cloud decides "offline" by what this device promised and not by a constant.
 */
import type { Carrier } from '@signalbeam/sync/nats/carrier';
import { type Heartbeat, heartbeatText } from '@signalbeam/sync/wire/heartbeat';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';

import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';

export type PresenceParts = {
  carrier: Carrier;
  deviceId: string;
  /** Asked at each beat: it changes with what the device does. */
  intervalMs: () => number;
  generation: () => number;
  /** 16 hex digits that change with the device's reported state. */
  state: () => string;
  now: () => number;
  random: () => number;
  timers?: Timers;
};

/** ±20 %, so that devices that started together spread. */
const jitter = 0.2;
/** `nextBeatMs` is the latest moment; a beat is never later than it announced. */
const announceMsMin = 1_000;

export const startPresence = (parts: PresenceParts) => {
  const { carrier, timers = systemTimers } = parts;
  let seq = 0;
  let lastAt: number | null = null;

  const beat = (): void => {
    const nextMs = Math.round(parts.intervalMs() * (1 - jitter + 2 * jitter * parts.random()));
    const heartbeat: Heartbeat = {
      seq,
      state: parts.state(),
      generation: parts.generation(),
      nextBeatMs: Math.max(announceMsMin, nextMs),
    };
    const subject = deviceSubjects.heartbeat(parts.deviceId);
    if (carrier.publish(subject, Buffer.from(heartbeatText(heartbeat)))) {
      seq += 1;
      lastAt = parts.now();
    }
    cancelTimer();
    cancelTimer = timers.after(nextMs, beat);
  };
  let cancelTimer = timers.after(parts.intervalMs() * parts.random(), beat);
  return {
    /** At once: the connection is back, or beats are to come faster than was announced. */
    beatNow: beat,
    lastAt: () => lastAt,
    stop: () => cancelTimer(),
  };
};
