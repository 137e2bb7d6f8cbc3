/**
 * When the link to the cloud came and went, as people and the events lane are told. A flicker is
 * not an outage: only what lasted is written down, so that a bad link does not fill the lane.
 */
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import type { Outbox } from '../store/outbox.ts';
import type { Log } from './up.ts';

const flickerMs = 10_000;

export const createOutageLog = (parts: {
  outbox: Outbox;
  now: () => number;
  timers?: Timers;
  log: Log;
  onChange: () => void;
}) => {
  const { outbox, now, log, timers = systemTimers } = parts;
  let beganAt: number | null = null;
  let reached = false;
  let changedAt = now();
  let cancelTelling = (): void => undefined;

  const told = (): void => {
    outbox.appendEvent({
      type: 'link-down',
      severity: 'warning',
      message: 'The cloud is out of reach. Everything goes on from this device.',
      data: { since: beganAt ?? now() },
    });
  };
  return {
    began: (): void => {
      if (beganAt !== null) return;
      beganAt = now();
      changedAt = beganAt;
      if (reached) {
        log('warn', 'The cloud is out of reach; everything goes on from this device');
        cancelTelling = timers.after(flickerMs, told, 'background');
      }
      parts.onChange();
    },
    /** Both ends have greeted each other. Whether the link was away before, or was never there. */
    ended: (): boolean => {
      cancelTelling();
      if (reached && beganAt === null) return false;
      const outageMs = beganAt === null ? 0 : now() - beganAt;
      changedAt = now();
      const lasted = outageMs >= flickerMs || !reached;
      reached = true;
      beganAt = null;
      log('info', 'The cloud is reached', { outageSeconds: Math.round(outageMs / 1_000) });
      if (lasted) {
        outbox.appendEvent({
          type: 'link-up',
          severity: 'info',
          message: 'The cloud is reached.',
          data: { outageSeconds: Math.round(outageMs / 1_000) },
        });
      }
      parts.onChange();
      return true;
    },
    /** Null while the link is up, or was never tried. */
    since: () => beganAt,
    changedAt: () => changedAt,
  };
};
