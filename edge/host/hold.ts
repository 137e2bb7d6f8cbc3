/**
 * Reads the technician's hold at each look, and tells the cloud once when it began, changed or ended,
 * whoever placed it and how.
 */
import type { EventBody } from '@signalbeam/sync/wire/rows';
import { type Hold, holdSentence } from '../core/hold.ts';
import { readHold } from '../store/hold.ts';

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
}): (() => Hold | null) => {
  const { folder, appendEvent, now } = parts;
  let told = readHold(folder, now());
  return () => {
    const hold = readHold(folder, now());
    if (hold?.sinceMs !== told?.sinceMs || hold?.untilMs !== told?.untilMs) {
      appendEvent(describe(hold));
      told = hold;
    }
    return hold;
  };
};
