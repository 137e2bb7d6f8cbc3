/** The last hours of samples in memory, for charts on the spot: a copy, the lane is the record. */
import type { MetricsBody } from '@signalbeam/sync/wire/rows';

export type Sample = { at: number } & MetricsBody;

/** Six hours at a sample in 15 s; about 300 KB. */
const samplesMax = 1_440;

export const createRecentMetrics = () => {
  const samples: Sample[] = [];
  return {
    add: (body: MetricsBody, at: number): void => {
      samples.push({ at, ...body });
      if (samples.length > samplesMax) samples.splice(0, samples.length - samplesMax);
    },
    newest: (): Sample | null => samples.at(-1) ?? null,
    since: (at: number): Sample[] => samples.filter((each) => each.at >= at),
  };
};
