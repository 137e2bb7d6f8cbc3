/**
 * Reads the technician's hold at each look, and tells the cloud once when it began, changed or ended,
 * whoever placed it and how. A clock that is set meanwhile (a device without one that comes online) makes
 * it no shorter and no longer.
 */
import type { EventBody } from '@signalbeam/sync/wire/rows';
import { type Hold, holdSentence } from '../core/hold.ts';
import { moveHold, readHold } from '../store/hold.ts';
import { steadyMs } from './timers.ts';

/** Less is an ordinary correction. */
const setByMsMin = 60_000;

const describe = (hold: Hold | null): EventBody => ({
  type: 'operator-action',
  severity: 'info',
  message:
    hold === null
      ? 'No technician holds this device any more.'
      : `${holdSentence(hold)} It was placed ${hold.by === 'console' ? 'at its console' : 'by a command'}.`,
  data: hold === null ? { hold: 'ended' } : { hold: 'placed', reason: hold.reason },
});

export const followHold = (parts: {
  folder: string;
  appendEvent: (body: EventBody) => void;
  now: () => number;
  /** Goes on whatever the clock is set to. */
  steady?: () => number;
}): (() => Hold | null) => {
  const { folder, appendEvent, now, steady = steadyMs } = parts;
  let told = readHold(folder, now());
  let ahead = now() - steady();
  return () => {
    const setByMs = now() - steady() - ahead;
    if (Math.abs(setByMs) >= setByMsMin) {
      if (told !== null) moveHold(folder, told, setByMs);
      ahead += setByMs;
    }
    const hold = readHold(folder, now());
    if (hold?.sinceMs !== told?.sinceMs || hold?.untilMs !== told?.untilMs) {
      appendEvent(describe(hold));
      told = hold;
    }
    return hold;
  };
};
