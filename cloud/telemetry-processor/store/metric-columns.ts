/** How the metrics' columns are called in Postgres, in the order of `metricNames`. */
import { type MetricsBody, metricNames } from '@signalbeam/sync/wire/rows';

export type MetricName = keyof MetricsBody;

export const columnOf = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const metricColumns = metricNames.map(columnOf);

/** Counters only grow, so the last value of a bucket says more than the mean. */
export const isCounter = (name: string): boolean =>
  ['networkReceivedBytes', 'networkSentBytes', 'uptimeSeconds'].includes(name);
