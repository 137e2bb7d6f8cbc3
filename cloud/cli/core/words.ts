/** How times, counts and states are said: short, for people. `now` and times are epoch ms. */
import type { Cell, Tone } from './table.ts';

const units: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

const span = (ms: number): string => {
  for (const [unit, size] of units) if (ms >= size) return `${Math.floor(ms / size)} ${unit}`;
  return '0 s';
};

export const ago = (atMs: number | null, nowMs: number): string => {
  if (atMs === null) return 'never';
  return atMs > nowMs ? `in ${span(atMs - nowMs)}` : `${span(nowMs - atMs)} ago`;
};

/** `1 device`, `3 devices`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `12.3 MB`, in decimal units. */
export const bytesWords = (bytes: number): string => {
  let [value, unit] = [bytes, 0];
  for (; value >= 1_000 && unit < byteUnits.length - 1; unit += 1) value /= 1_000;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${byteUnits[unit]}`;
};

const tones: Readonly<Record<string, Tone>> = {
  ...{ online: 'good', approved: 'good', succeeded: 'good', open: 'good', running: 'good' },
  ...{ offline: 'bad', rejected: 'bad', failed: 'bad', revoked: 'bad', refused: 'bad' },
  ...{ pending: 'waiting', 'in-progress': 'waiting', unreached: 'waiting' },
  ...{
    never: 'faint',
    cancelled: 'faint',
    expired: 'faint',
    'used-up': 'faint',
    unchanged: 'faint',
  },
};

/** A state in its colour. */
export const state = (word: string): Cell => ({ text: word, tone: tones[word] ?? 'plain' });

const durations: Readonly<Record<string, number>> = {
  ...{ s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 },
};

/** `30m`, `90s`, `2h`; null when it is none. */
export const durationMs = (text: string): number | null => {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return count === undefined ? null : Number(count) * (durations[unit] ?? 0);
};
