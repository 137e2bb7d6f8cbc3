/**
 * When maintenance windows open, by their cron expressions and time zones; and which of them are no
 * windows, because they say nothing, know no such zone, or never open.
 */

import { windowsPerSlotMax } from '@signalbeam/sync/core/limits';
import type { Window } from '@signalbeam/sync/core/windows';
import { Cron } from 'croner';
import { type MaintenanceWindow, type Opening, windowsOfSite } from '../core/pace.ts';

type When = Pick<MaintenanceWindow, 'cron' | 'timeZone' | 'minutes'>;

const scheduleOf = ({ cron, timeZone }: When): Cron =>
  new Cron(cron, { timezone: timeZone, mode: '5-part', paused: true });

const spanMs = ({ minutes }: When): number => minutes * 60_000;

/** The opening that holds now, else the next; null when it never opens again. */
const openingAt = (window: When, nowMs: number): { fromMs: number; untilMs: number } | null => {
  const span = spanMs(window);
  const fromMs = scheduleOf(window)
    .nextRun(new Date(nowMs - span))
    ?.getTime();
  return fromMs === undefined ? null : { fromMs, untilMs: fromMs + span };
};

export const openingsOf = (windows: readonly MaintenanceWindow[], nowMs: number): Opening[] =>
  windows.map((window) => {
    // One that never opens again is shut for ever, not open to all.
    const opening = openingAt(window, nowMs) ?? {
      fromMs: Number.MAX_SAFE_INTEGER,
      untilMs: Number.MAX_SAFE_INTEGER,
    };
    return { sites: window.sites, ...opening };
  });

/**
 * The next moments at which a device of this site may take the version over, for the device itself: it
 * may hear of it when the window that it was told in is over. Undefined: at any time.
 */
export const momentsOf = (
  windows: readonly MaintenanceWindow[],
  site: string,
  nowMs: number,
): Window[] | undefined => {
  const own = windowsOfSite(windows, site);
  if (own.length === 0) return undefined;
  return own
    .flatMap((window) => {
      const span = spanMs(window);
      const from = new Date(nowMs - span);
      const opens = scheduleOf(window).nextRuns(windowsPerSlotMax, from);
      return opens.map((open): Window => [open.getTime() / 1_000, (open.getTime() + span) / 1_000]);
    })
    .sort(([one], [other]) => one - other)
    .slice(0, windowsPerSlotMax);
};

const isTimeZone = (timeZone: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

export type WindowFault = { field: 'cron' | 'timeZone'; message: string };

/** Null for a window that will open. */
export const windowFault = (window: When, nowMs: number): WindowFault | null => {
  if (!isTimeZone(window.timeZone)) {
    return { field: 'timeZone', message: 'is no time zone, such as Europe/Berlin or UTC' };
  }
  try {
    const opening = openingAt(window, nowMs);
    return opening === null
      ? { field: 'cron', message: 'never comes: this window stays shut' }
      : null;
  } catch {
    const message = 'is no cron expression of five parts, such as 0 2 * * SAT';
    return { field: 'cron', message };
  }
};
