/**
 * Metrics made ready to draw and to read aloud: pure. A chart, its table twin and its sentence all
 * come from the same points, so they can't disagree.
 */
import { bytesOf, millisOf, spanOf } from './format.ts';
import type { Sample } from './types.ts';

export type Point = { at: number; value: number | null };
export type MetricKey = 'cpu' | 'memory' | 'disk' | 'received' | 'sent';

export const percentText = (value: number): string =>
  `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} %`;
export const rateText = (value: number): string => `${bytesOf(value)}/s`;

/**
 * Bytes per second from a counter of bytes. A counter that falls was reset (a reboot): that step is
 * unknown, not negative.
 */
export const ratesOf = (counters: readonly Point[]): Point[] =>
  counters.slice(1).map((point, index) => {
    const before = counters[index];
    if (before === undefined || before.value === null || point.value === null)
      return { at: point.at, value: null };
    const seconds = (point.at - before.at) / 1_000;
    const rise = point.value - before.value;
    return { at: point.at, value: seconds <= 0 || rise < 0 ? null : rise / seconds };
  });

export const pointsOf = (samples: readonly Sample[], key: MetricKey): Point[] => {
  const take = (read: (sample: Sample) => number | null | undefined): Point[] =>
    samples.map((sample) => ({ at: millisOf(sample.at), value: read(sample) ?? null }));
  switch (key) {
    case 'cpu':
      return take((sample) => sample.cpuPercent);
    case 'memory':
      return take((sample) => sample.memoryPercent);
    case 'disk':
      return take((sample) => sample.diskPercent);
    case 'received':
      return ratesOf(take((sample) => sample.networkReceivedBytes));
    case 'sent':
      return ratesOf(take((sample) => sample.networkSentBytes));
  }
};

export const latestOf = (points: readonly Point[]): number | null =>
  points.findLast((point) => point.value !== null)?.value ?? null;

/** What a chart shows: from when to when, in milliseconds since 1970, and how a person calls that. */
export type Window = { from: number; to: number; period: string };

/** "Between 4.1 % and 61 % over the last hour", or over what of it was measured. */
export const sentenceOf = (
  points: readonly Point[],
  text: (value: number) => string,
  { from, to, period }: Window,
): string => {
  let [low, high, firstAt, lastAt] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { at, value } of points) {
    if (value === null) continue;
    [low, high] = [Math.min(low, value), Math.max(high, value)];
    [firstAt, lastAt] = [Math.min(firstAt, at), Math.max(lastAt, at)];
  }
  if (lastAt === -Infinity) return `No readings in the ${period}.`;
  if (firstAt === lastAt) return `One reading in the ${period}: ${text(low)}.`;
  // A chart of an hour whose device came a minute ago speaks of that minute.
  const isCovered = lastAt - firstAt >= (to - from) * 0.9;
  const span = isCovered
    ? `over the ${period}`
    : `over ${spanOf(lastAt - firstAt)} of the ${period}`;
  return text(low) === text(high)
    ? `Steady at ${text(high)} ${span}.`
    : `Between ${text(low)} and ${text(high)} ${span}.`;
};

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** A sample that a live event carries, wherever the event keeps it; null when it carries none. */
export const sampleFromEvent = (data: Record<string, unknown>): Sample | null => {
  const candidates = [data, data['sample'], data['metrics'], data['body']];
  for (const candidate of candidates) {
    if (typeof candidate !== 'object' || candidate === null || !('cpuPercent' in candidate))
      continue;
    const body = candidate as Record<string, unknown>;
    const at = body['at'] ?? data['at'];
    if (!isNumber(at) && typeof at !== 'string') continue;
    const read = (key: string): number | null => (isNumber(body[key]) ? body[key] : null);
    return {
      at,
      cpuPercent: read('cpuPercent'),
      memoryPercent: read('memoryPercent'),
      diskPercent: read('diskPercent'),
      networkReceivedBytes: read('networkReceivedBytes'),
      networkSentBytes: read('networkSentBytes'),
    };
  }
  return null;
};

/** Appends in order and lets what has left the window go; an old or repeated sample changes nothing. */
export const appendSample = (samples: Sample[], sample: Sample, from: number): Sample[] => {
  const last = samples.at(-1);
  if (last !== undefined && millisOf(sample.at) <= millisOf(last.at)) return samples;
  return [...samples.filter((known) => millisOf(known.at) >= from), sample];
};
