/**
 * How many rows of a lane a device may have unacknowledged: an absolute number, generous when
 * ingest keeps up and small when it does not, never 0 (a device must always get its newest rows
 * through). Pure.
 */
import type { Lane } from '@signalbeam/sync/core/lanes';

/** Four full frames: enough to fill a link of a second's delay, small enough to resend. */
export const creditRowsMax = 4_000;
/** About one frame of a minute's samples. */
export const creditRowsMin = 60;

/** Events and state are few and matter most: they are slowed last. */
const shareMin: Record<Lane, number> = {
  events: 0.5,
  reported: 0.5,
  metrics: 0,
  backfill: 0,
  logs: 0,
};

/** History fills in behind the live rows: at most this share of what those may have in flight. */
const shareMax: Record<Lane, number> = {
  events: 1,
  reported: 1,
  metrics: 1,
  backfill: 0.3,
  logs: 0.3,
};

/** `pressure` is 0 when nothing waits and 1 when as much waits as may be taken in at once. */
export const creditOf = (lane: Lane, pressure: number): number => {
  const free = 1 - Math.min(1, Math.max(0, pressure));
  const share = shareMax[lane] * Math.max(shareMin[lane], free * free);
  return Math.max(creditRowsMin, Math.round(creditRowsMax * share));
};
