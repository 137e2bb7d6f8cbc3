/**
 * Times in a query: durations such as 15m, days and moments of the calendar in UTC. Reckons with
 * the calendar itself, because core knows no clock, and `Date` is one.
 */
import type { Moment } from './tag-query.ts';

const dayMs = 86_400_000;
const units = { w: 7 * dayMs, d: dayMs, h: 3_600_000, m: 60_000, s: 1_000 } as const;

/** Null when it is none. */
export const durationOf = (text: string): number | null => {
  const found = /^(\d{1,5})([smhdw])$/i.exec(text);
  const unit = units[found?.[2]?.toLowerCase() as keyof typeof units];
  return found === null ? null : Number(found[1]) * unit;
};

/** The shortest way to write it. */
export const printDuration = (ms: number): string => {
  const [name, size] = Object.entries(units).find(
    ([, unit]) => ms % unit === 0 && ms / unit < 100_000,
  ) ?? ['s', units.s];
  return `${ms / size}${name}`;
};

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const monthDays = (year: number): number[] => [
  ...[31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31],
];
/** Days from 1970-01-01 to the first day of a year. */
const daysBefore = (year: number): number => {
  const past = year - 1;
  const leaps = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
  return past * 365 + leaps - 719_162;
};

const calendar = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?Z)?$/i;

const calendarMs = (text: string): number | null => {
  const [, ...parts] = calendar.exec(text) ?? [];
  if (parts.length === 0) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(0, 6)
    .map((part) => Number(part ?? 0));
  const days = monthDays(year);
  if (day < 1 || day > (days[month - 1] ?? 0) || hour > 23 || minute > 59 || second > 59)
    return null;
  const dayOfYear = days.slice(0, month - 1).reduce((sum, each) => sum + each, 0) + day - 1;
  const timeMs = hour * units.h + minute * units.m + second * units.s;
  return (daysBefore(year) + dayOfYear) * dayMs + timeMs + Number((parts[6] ?? '0').padEnd(3, '0'));
};

const padded = (value: number, length = 2): string => String(value).padStart(length, '0');

const printCalendar = (ms: number): string => {
  const day = Math.floor(ms / dayMs);
  let year = 1969 + Math.floor(day / 365.25);
  while (daysBefore(year + 1) <= day) year += 1;
  let rest = day - daysBefore(year);
  const days = monthDays(year);
  let month = 0;
  while (rest >= (days[month] ?? 31)) {
    rest -= days[month] ?? 31;
    month += 1;
  }
  const time = ms - day * dayMs;
  const date = `${padded(year, 4)}-${padded(month + 1)}-${padded(rest + 1)}`;
  if (time === 0) return date;
  const [hour, minute] = [Math.floor(time / units.h), Math.floor(time / units.m) % 60];
  const seconds = `${padded(Math.floor(time / units.s) % 60)}.${padded(time % units.s, 3)}`;
  return `${date}T${padded(hour)}:${padded(minute)}:${seconds}Z`;
};

export const momentOf = (text: string): Moment | null => {
  const ago = durationOf(text);
  if (ago !== null) return { kind: 'ago', ms: ago };
  const at = calendarMs(text);
  return at === null ? null : { kind: 'at', ms: at };
};

export const printMoment = (moment: Moment): string =>
  moment.kind === 'ago' ? printDuration(moment.ms) : printCalendar(moment.ms);
