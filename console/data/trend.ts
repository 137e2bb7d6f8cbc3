/**
 * Metrics made ready to draw and to read aloud: pure. A chart, its table twin and its sentence all
 * come from the same points, so they can't disagree.
 */
import { bytesOf, millisOf } from './format.ts';
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

/** "Now 23 %, between 4.1 % and 61 % in the last hour." */
export const sentenceOf = (
  points: readonly Point[],
  text: (value: number) => string,
  period: string,
): string => {
  const values = points.flatMap((point) => (point.value === null ? [] : [point.value]));
  const last = values.at(-1);
  if (last === undefined) return `No readings in the ${period}.`;
  const low = Math.min(...values);
  const high = Math.max(...values);
  return text(low) === text(high)
    ? `Steady at ${text(high)} over the ${period}.`
    : `Between ${text(low)} and ${text(high)} over the ${period}.`;
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
