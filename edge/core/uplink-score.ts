/**
 * How good an uplink is, from how long its door took to open: in a few steps, so that devices of one site
 * can be compared and the gateway role does not follow each answer. What came or went counts at once; a
 * step is changed only when most of the last answers lie clearly beyond it. Pure.
 */
export type UplinkScore = {
  /** 0 none, 255 best. */
  score: number;
  /** Of the last answers, oldest first; none while it is away. */
  tookMs: readonly number[];
};

export const noUplink: UplinkScore = { score: 0, tookMs: [] };

/** A LAN or fibre, a mobile network, a satellite, anything that answers at all. */
const steps = [
  { belowMs: 60, score: 255 },
  { belowMs: 300, score: 192 },
  { belowMs: 1_000, score: 128 },
  { belowMs: Number.POSITIVE_INFINITY, score: 64 },
] as const;

/** Ten minutes of a calm uplink, ten seconds of one that is looked at often. */
const answersMax = 5;
/** An answer may lie this far beyond its step: lines of one kind differ by as much from minute to minute. */
const clearly = 1.5;

const stepAt = (tookMs: number): number => steps.findIndex(({ belowMs }) => tookMs < belowMs);

const isStillAt = (step: number, tookMs: number): boolean => {
  const fromMs = steps[step - 1]?.belowMs ?? 0;
  const belowMs = steps[step]?.belowMs ?? 0;
  return tookMs >= fromMs / clearly && tookMs < belowMs * clearly;
};

/** `answeredMs` is null when nothing answered. */
export const scoreAfter = (before: UplinkScore, answeredMs: number | null): UplinkScore => {
  if (answeredMs === null) return noUplink;
  const tookMs = [...before.tookMs, answeredMs].slice(-answersMax);
  const middle =
    tookMs.toSorted((one, other) => one - other)[(tookMs.length - 1) >> 1] ?? answeredMs;
  const was = steps.findIndex(({ score }) => score === before.score);
  const step = was !== -1 && isStillAt(was, middle) ? was : stepAt(middle);
  return { score: steps[step]?.score ?? 0, tookMs };
};
