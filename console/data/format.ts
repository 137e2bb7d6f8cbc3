/**
 * Times, ages and sizes as people read them. Pure: `now` is an argument, so a screen that shows an
 * age renders again when its clock ticks and a test says what time it is.
 */
import type { Instant } from './types.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export const millisOf = (at: Instant): number => (typeof at === 'number' ? at : Date.parse(at));

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** `just now`, `42 s ago`, `7 min ago`, `3 h ago`, `2 days ago`. A skewed clock never says "in". */
export const ageOf = (at: Instant, now: number): string => {
  const age = Math.max(0, now - millisOf(at));
  if (age < 5 * second) return 'just now';
  if (age < minute) return `${Math.floor(age / second)} s ago`;
  if (age < hour) return `${Math.floor(age / minute)} min ago`;
  if (age < 2 * day) return `${Math.floor(age / hour)} h ago`;
  return `${Math.floor(age / day)} days ago`;
};

/** How long something has lasted: `42 s`, `7 min`, `3 h 20 min`, `2 days 4 h`. */
export const spanOf = (ms: number): string => {
  const span = Math.max(0, ms);
  if (span < minute) return `${Math.floor(span / second)} s`;
  if (span < hour) return `${Math.floor(span / minute)} min`;
  if (span < day) {
    const minutes = Math.floor((span % hour) / minute);
    return `${Math.floor(span / hour)} h${minutes === 0 ? '' : ` ${minutes} min`}`;
  }
  const hours = Math.floor((span % day) / hour);
  return `${plural(Math.floor(span / day), 'day')}${hours === 0 ? '' : ` ${hours} h`}`;
};

/** `in 42 s`, `in 3 h 20 min`, and `now` when the time has come. */
export const untilOf = (at: Instant, now: number): string =>
  millisOf(at) <= now ? 'now' : `in ${spanOf(millisOf(at) - now)}`;

const pad = (value: number): string => String(value).padStart(2, '0');

/** `14:02` today, `Mon 14:02` this week, `3 Mar 14:02` before. Local time. */
export const clockOf = (at: Instant, now: number): string => {
  const date = new Date(millisOf(at));
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  if (date.toDateString() === new Date(now).toDateString()) return time;
  const near = Math.abs(now - date.getTime()) < 6 * day;
  const name = near
    ? date.toLocaleDateString('en-GB', { weekday: 'short' })
    : date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  return `${name} ${time}`;
};

export const fullTimeOf = (at: Instant): string =>
  new Date(millisOf(at)).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Decimal units, three significant digits at most: `1.2 MB`. */
export const bytesOf = (bytes: number): string => {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const text = unit === 0 || value >= 100 ? Math.round(value).toString() : value.toFixed(1);
  return `${text} ${units[unit]}`;
};

export const countOf = (count: number): string => count.toLocaleString('en-US');

export const countedOf = (count: number, noun: string): string =>
  `${countOf(count)} ${noun}${count === 1 ? '' : 's'}`;

/** Words that a person wrote with spaces, commas or lines between them. */
export const wordsIn = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** The part of a digest that a person compares. */
export const shortDigest = (digest: string): string => {
  const hex = digest.slice(digest.lastIndexOf(':') + 1);
  return hex === '' ? '' : hex.slice(0, 12);
};

/** `signalbeam.local/hello@sha256:ab…` → `hello`. */
export const imageName = (reference: string): string => {
  const path = reference.split('@')[0] ?? reference;
  return path.startsWith('signalbeam.local/') ? path.slice('signalbeam.local/'.length) : path;
};

export type Notes =
  | { kind: 'notes'; notes: Record<string, string> }
  | { kind: 'fault'; reason: string };

/** `name: value`, one a line, as a person wrote it; blank lines are none. */
export const notesIn = (text: string): Notes => {
  const notes: Record<string, string> = {};
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim();
    if (colon < 0 || name === '') {
      return {
        kind: 'fault',
        reason: `Line ${index + 1} needs a name and a colon: “serial: A-17”.`,
      };
    }
    if (Object.hasOwn(notes, name)) {
      return { kind: 'fault', reason: `Line ${index + 1} names ${name} a second time.` };
    }
    notes[name] = line.slice(colon + 1).trim();
  }
  return { kind: 'notes', notes };
};
