/**
 * When maintenance windows open, by their cron expressions and time zones: of a rollout, and of a site;
 * when two kinds are open at once; and which are no windows, because they say nothing, know no such
 * zone, or never open.
 */
import { Cron } from 'croner';

export type When = { cron: string; timeZone: string; minutes: number };
export type Span = { fromMs: number; untilMs: number };

/** A site has at most so many. */
export const siteWindowsMax = 20;

const scheduleOf = ({ cron, timeZone }: When): Cron =>
  new Cron(cron, { timezone: timeZone, mode: '5-part', paused: true });

const spanMs = ({ minutes }: When): number => minutes * 60_000;

/** The opening that holds now, else the next; null when it never opens again. */
export const openingAt = (window: When, nowMs: number): Span | null => {
  const span = spanMs(window);
  const fromMs = scheduleOf(window)
    .nextRun(new Date(nowMs - span))
    ?.getTime();
  return fromMs === undefined ? null : { fromMs, untilMs: fromMs + span };
};

/** The first opening of any of these that is not over yet. */
const firstOf = (windows: readonly When[], nowMs: number): Span | null => {
  const found = windows.flatMap((window) => openingAt(window, nowMs) ?? []);
  const [first = null] = found.toSorted((one, other) => one.fromMs - other.fromMs);
  return first;
};

/** Openings looked at before two kinds of windows are said never to meet. */
const turnsMax = 500;

/** The first time, now or later, at which windows of both kinds are open; null: never. */
export const firstCommon = (
  one: readonly When[],
  other: readonly When[],
  nowMs: number,
): Span | null => {
  let atMs = nowMs;
  for (let turn = 0; turn < turnsMax; turn += 1) {
    const [left, right] = [firstOf(one, atMs), firstOf(other, atMs)];
    if (left === null || right === null) return null;
    const fromMs = Math.max(left.fromMs, right.fromMs);
    const untilMs = Math.min(left.untilMs, right.untilMs);
    if (fromMs < untilMs) return { fromMs, untilMs };
    // One is over before the other opens: what it does later is what matters.
    atMs = fromMs;
  }
  return null;
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
