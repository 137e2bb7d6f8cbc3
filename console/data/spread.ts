/**
 * How a metric is spread over the devices of a site or a group, made ready to draw and to read aloud. Pure: the
 * chart, the table and the sentence come from the same points.
 */
import { bytesOf, millisOf } from './format.ts';
import { type Point, percentText } from './trend.ts';
import type { Instant } from './types.ts';

export const spreadMetrics = [
  { key: 'cpuPercent', label: 'CPU', text: percentText },
  { key: 'memoryPercent', label: 'Memory', text: percentText },
  { key: 'memoryUsedBytes', label: 'Memory, in bytes', text: bytesOf },
  { key: 'diskPercent', label: 'Disk', text: percentText },
  { key: 'diskUsedBytes', label: 'Disk, in bytes', text: bytesOf },
  { key: 'loadAverage', label: 'Load', text: (value: number) => value.toFixed(2) },
  {
    key: 'temperatureCelsius',
    label: 'Temperature',
    text: (value: number) => `${value.toFixed(1)} °C`,
  },
] as const;
export type SpreadMetric = (typeof spreadMetrics)[number];

export const eachWords = [
  { key: 'avg', label: 'Its mean' },
  { key: 'max', label: 'Its highest' },
  { key: 'min', label: 'Its lowest' },
] as const;
export type Each = (typeof eachWords)[number]['key'];

/** Empty: what suits the range. */
export const spreadSteps = [
  { key: '', label: 'As suits' },
  { key: '5m', label: '5 minutes' },
  { key: '1h', label: '1 hour' },
  { key: '1d', label: '1 day' },
] as const;

export const percentileNames = ['p50', 'p95', 'p99'] as const;
export type SpreadPoint = {
  at: Instant;
  devices: number;
  min: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
};
export type Spread = {
  stepMs: number;
  source: 'minutes' | 'hours' | 'days';
  devices: number;
  points: SpreadPoint[];
};
export type SpreadWish = {
  of: { site: string } | { groupId: string };
  metric: SpreadMetric['key'];
  each: Each;
  from: number;
  to: number;
  step: string;
};

export const spreadLine = (
  points: readonly SpreadPoint[],
  name: (typeof percentileNames)[number],
): Point[] => points.map((point) => ({ at: millisOf(point.at), value: point[name] }));

/** What a chart's scale ends at: 100 of percentages, else a little above all of it. */
export const ceilingOf = (points: readonly SpreadPoint[], { key }: SpreadMetric): number =>
  key.endsWith('Percent') ? 100 : Math.max(0, ...points.map(({ p99 }) => p99)) * 1.15 || 1;

/** Idle devices send what they measured a quarter of an hour at a time, busy ones every minute. */
const comingMs = 20 * 60_000;

/**
 * Without the newest steps that most devices have yet to send: those who were first are those who are busy, and the lines
 * would end in a peak that is none. Steps of before stay, however few have a reading: others were away.
 */
export const withoutComing = (
  points: readonly SpreadPoint[],
  { stepMs, to }: { stepMs: number; to: number },
): SpreadPoint[] => {
  const fullest = Math.max(0, ...points.map(({ devices }) => devices));
  const isComing = ({ at, devices }: SpreadPoint): boolean =>
    devices * 2 < fullest && millisOf(at) + stepMs > to - comingMs;
  return points.slice(0, points.findLastIndex((point) => !isComing(point)) + 1);
};

/** Of the newest step. */
export const spreadSentence = (
  points: readonly SpreadPoint[],
  { text }: SpreadMetric,
  each: Each,
): string => {
  const last = points.at(-1);
  if (last === undefined) return 'No device has a reading in this period.';
  const what = { avg: 'mean', max: 'highest', min: 'lowest' }[each];
  const [half, most, nearly] = [last.p50, last.p95, last.p99].map(text);
  return last.devices === 1
    ? `Last: ${half}, the ${what} of the only device with a reading.`
    : `Last: half of ${last.devices} devices at ${half} or below by their ${what}, 95 % at ${most}, 99 % at ${nearly}; the highest at ${text(last.max)}.`;
};
