/**
 * When the next device may be told at so many an hour, as ./pace.ts counts them: a minute's share in a
 * minute, an hour's in any 60. In minutes from a beginning, so never later than it really is. Keeps
 * what was taken; pure otherwise.
 */
const minuteMs = 60_000;
const minutesOfHour = 60;

export type ToldRate = {
  /** The first moment from `atMs` on with room. */
  next: (atMs: number) => number;
  take: (atMs: number) => void;
};

const atAnyRate: ToldRate = { next: (atMs) => atMs, take: () => undefined };

export const toldRate = (perHourMax: number | null, beginMs: number): ToldRate => {
  if (perHourMax === null) return atAnyRate;
  const taken = new Map<number, number>();
  /** Room only gets less: where it was found from a minute on, nothing before it has any. */
  const found = new Map<number, number>();
  const perMinuteMax = Math.ceil(perHourMax / minutesOfHour);
  const minuteOf = (atMs: number): number => Math.floor((atMs - beginMs) / minuteMs);

  /** Null when there is room in this minute, else the next one to look at. */
  const laterThan = (minute: number): number | null => {
    if ((taken.get(minute) ?? 0) >= perMinuteMax) return minute + 1;
    let sum = 0;
    let first: number | null = null;
    for (let one = minute - minutesOfHour + 1; one <= minute; one += 1) {
      const count = taken.get(one) ?? 0;
      if (count > 0) first ??= one;
      sum += count;
    }
    return sum < perHourMax || first === null ? null : first + minutesOfHour;
  };

  return {
    next: (atMs) => {
      if (!Number.isFinite(atMs)) return atMs;
      const from = minuteOf(atMs);
      let minute = found.get(from) ?? from;
      for (let later = laterThan(minute); later !== null; later = laterThan(minute)) minute = later;
      found.set(from, minute);
      return Math.max(atMs, beginMs + minute * minuteMs);
    },
    take: (atMs) => {
      const minute = minuteOf(atMs);
      taken.set(minute, (taken.get(minute) ?? 0) + 1);
    },
  };
};
