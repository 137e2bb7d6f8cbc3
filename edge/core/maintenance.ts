/**
 * The maintenance window of a slot as this device sees it: outside of it the next version is fetched
 * and waits. What runs, is repaired or goes back to what worked does not wait for any window. Pure.
 */
import { windowStateAt } from '@signalbeam/sync/core/windows';
import type { SlotKnown } from './known.ts';

const minuteMs = 60_000;
const [hourMs, dayMs] = [60 * minuteMs, 24 * 60 * minuteMs];

/** In whole units, so that what is reported changes seldom. */
const inWords = (ms: number): string => {
  if (ms >= 2 * dayMs) return `${Math.floor(ms / dayMs)} days`;
  if (ms >= 2 * hourMs) return `${Math.floor(ms / hourMs)} h`;
  return `${Math.max(1, Math.round(ms / minuteMs))} min`;
};

/**
 * Null while it may take over. Once all are over the cloud names others as soon as it hears that the slot
 * waits, so the wait is said in the report and has no end here.
 */
export const closedFor = (
  { wanted, confirmed }: SlotKnown,
  now: number,
): { sentence: string; opensAtMs: number | null } | null => {
  const state = windowStateAt(wanted?.windows, now);
  switch (state.kind) {
    case 'open':
      return null;
    case 'closed': {
      const { opensAtMs } = state;
      const sentence = `It starts when the maintenance window opens in ${inWords(opensAtMs - now)}.`;
      return { sentence, opensAtMs };
    }
    case 'past':
      // A device that lost its state, or took another one's place: nothing runs that a start could
      // disturb, and nobody names windows for a rollout that is long over.
      if (confirmed === null) return null;
      return {
        sentence:
          'Its maintenance windows are over; it starts in the next one that the cloud names.',
        opensAtMs: null,
      };
  }
};
