/**
 * Keeps the machine's clock at or above what the cloud has signed, as far as it may: TLS, the leaf
 * and people read that clock. What it may not set it says: as an event, in `status` and on the
 * technician's console. Decisions of the agent itself go by the floor, never by this clock.
 */
import type { EventBody } from '@signalbeam/sync/wire/rows';
import { judgeClock } from '../core/clock.ts';
import type { Timers } from '../core/timers.ts';
import type { Log } from '../link/up.ts';
import type { SystemClock } from './system-clock.ts';
import { systemTimers } from './timers.ts';

export type KeptClock = {
  /** Compares, and raises the clock if it may; call it whenever the floor may have risen. */
  look(): Promise<void>;
  /** From now on the floor is this one. */
  follow(floorMs: () => number): Promise<void>;
  /** What is wrong with the clock, for people; null while nothing is. */
  said(): string | null;
  stop(): void;
};

/** A clock that is set back by hand is found this late. */
const lookEveryMs = 300_000;
/** Who may not set it now is asked again this often at most. */
const triesMax = 3;

export const keepClock = (parts: {
  builtAtMs: number;
  /** Null: the clock is somebody else's to set. */
  clock: SystemClock | null;
  now: () => number;
  appendEvent: (event: EventBody) => void;
  log: Log;
  timers?: Timers;
}): KeptClock => {
  const { builtAtMs, clock, now, appendEvent, log, timers = systemTimers } = parts;
  let floorMs = (): number => builtAtMs;
  let said: string | null = null;
  let refusals = 0;
  let busy: Promise<void> = Promise.resolve();

  const judge = () => judgeClock({ nowMs: now(), floorMs: floorMs(), builtAtMs });
  const tell = (
    type: EventBody['type'],
    severity: EventBody['severity'],
    message: string,
    data: Record<string, string | number>,
  ): void => {
    log(severity === 'info' ? 'info' : 'warn', message, data);
    appendEvent({ type, severity, message, data });
  };
  /** Null when the clock stands right afterwards; else why it does not. */
  const raise = async (toMs: number | null): Promise<string | null> => {
    if (toMs === null) return 'the signed time is too far ahead to be believed';
    if (clock === null) return 'the agent is not asked to set it (--set-clock)';
    if (refusals >= triesMax) return 'it could not be set';
    const from = now();
    const answer = await clock.set(toMs);
    if (answer.kind === 'set' && judge().kind === 'fine') {
      const message = `The clock stood at ${dayOf(from)}; it was raised to ${dayOf(now())}, which the cloud has signed.`;
      tell('clock-raised', 'warning', message, { from, to: now() });
      return null;
    }
    refusals += 1;
    return answer.kind === 'refused'
      ? `it could not be set: ${answer.reason}`
      : 'it was set and did not change';
  };
  const compare = async (): Promise<void> => {
    const found = judge();
    const why = found.kind === 'fine' ? null : await raise(found.raiseToMs);
    if (why === null) {
      if (said !== null && found.kind === 'fine') {
        tell('clock-right', 'info', 'The clock is right again.', {});
      }
      said = null;
      refusals = 0;
      return;
    }
    const before = said;
    said = sentenceOf(now(), floorMs(), why);
    if (before === null) tell('clock-wrong', 'warning', said, { at: now(), floor: floorMs() });
  };
  const look = (): Promise<void> => {
    busy = busy.then(compare);
    return busy;
  };
  const cancel = timers.every(lookEveryMs, () => void look(), 'background');
  return {
    look,
    follow: (of) => {
      floorMs = of;
      return look();
    },
    said: () => said,
    stop: cancel,
  };
};

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

const sentenceOf = (nowMs: number, floorMs: number, why: string): string =>
  `The clock says ${dayOf(nowMs)} (UTC), but it is ${dayOf(floorMs)} at least; ${why}. ` +
  'Set the clock: until then this device is no gateway, and TLS may refuse what is valid.';
