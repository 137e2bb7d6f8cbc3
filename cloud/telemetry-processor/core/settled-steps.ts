/**
 * Steps of a chart over many devices that are over and will hardly change: what was made of them is kept, and a look
 * reads from the first step on that is not. Whoever adds to an hour that was over for `lateMs` notes it
 * (telemetry.late_hours), so a step is kept only once anything that is still added would be noted. Pure.
 */
const hourMs = 3_600_000;
/** What comes in time has come by then: devices at rest send a quarter of an hour together. */
export const lateMs = hourMs / 2;
/** After the hour in which the step ends. The rest is for a transaction that takes long. */
export const settledMs = lateMs + hourMs / 4;

/** By where a step begins; null: no device has a value in it. */
export type Steps<T> = ReadonlyMap<number, T | null>;

export type Range = { startMs: number; toMs: number; stepMs: number };

export const isSettled = (atMs: number, { toMs, stepMs }: Range, nowMs: number): boolean => {
  const endMs = atMs + stepMs;
  return endMs <= toMs && Math.ceil(endMs / hourMs) * hourMs + settledMs <= nowMs;
};

/** Without those that something was added to. */
export const withoutLate = <T>(
  steps: Steps<T>,
  stepMs: number,
  lateHours: readonly number[],
): Steps<T> =>
  lateHours.length === 0
    ? steps
    : new Map(
        [...steps].filter(
          ([atMs]) => !lateHours.some((hour) => hour < atMs + stepMs && hour + hourMs > atMs),
        ),
      );

/** Where the first step begins that is to be read: it and all after it. */
export const readFrom = (steps: Steps<unknown>, { startMs, toMs, stepMs }: Range): number => {
  let atMs = startMs;
  while (atMs < toMs && steps.has(atMs)) atMs += stepMs;
  return atMs;
};

/** What is to be kept of a look: what was kept and is asked for no more goes, so that none grows. */
export const keptAfter = <T>(
  steps: Steps<T>,
  read: Steps<T>,
  range: Range,
  nowMs: number,
): Steps<T> => {
  const from = readFrom(steps, range);
  const kept = new Map<number, T | null>();
  for (let atMs = range.startMs; isSettled(atMs, range, nowMs); atMs += range.stepMs) {
    kept.set(atMs, (atMs < from ? steps.get(atMs) : read.get(atMs)) ?? null);
  }
  return kept;
};
