/**
 * Whether the host has just become another: busier, fuller, hotter, or well again. What rules of alerts
 * ask for is not known here, so every move among high values counts: from then on samples go once a minute
 * for a quarter of an hour, which shows whether it lasts. It is bounded by a budget of minutes, because a
 * gateway may be busy all day by turns: at most 144 frames of 1.4 kB a day, and none while all is calm. Pure.
 */
const minuteMs = 60_000;

export type Gauges = Record<
  'cpuPercent' | 'memoryPercent' | 'diskPercent' | 'temperatureCelsius',
  number | null
>;
const names = ['cpuPercent', 'memoryPercent', 'diskPercent', 'temperatureCelsius'] as const;

export type Moved = {
  /** Of the last minute. */
  recent: readonly { atMs: number; gauges: Gauges }[];
  /** What it was when that was last told early. */
  told: Gauges | null;
  untilMs: number;
  /** Of the budget, up to `atMs`. */
  leftMs: number;
  atMs: number;
};

/** Longer than most rules ask for. */
const tellingMs = 15 * minuteMs;
const budgetMs = { max: 3 * tellingMs, perMs: 0.1 };
/** A mean of less is a spike. */
const lastingMs = 45_000;
/** Points, and the value above which a rule may ask for it. */
const moving = { by: 5, from: 60 };
/** A sampling by the second is not kept whole. */
const recentMax = 60;

export const unmoved = (atMs: number): Moved => ({
  recent: [],
  told: null,
  untilMs: atMs,
  leftMs: tellingMs,
  atMs,
});

const meanOf = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
};

const hasMoved = (before: number | null, now: number | null): boolean => {
  if (before === null || now === null) return false;
  return Math.abs(now - before) >= moving.by && Math.max(before, now) >= moving.from;
};

/** What `recent` says by now; null while it says nothing of a whole minute. */
const lastMinute = (recent: Moved['recent'], now: number): Gauges | null => {
  const [first] = recent;
  if (first === undefined || now - first.atMs < lastingMs) return null;
  const within = recent.filter(({ atMs }) => now - atMs < minuteMs);
  const mean = (name: (typeof names)[number]) => meanOf(within.map(({ gauges }) => gauges[name]));
  return {
    cpuPercent: mean('cpuPercent'),
    memoryPercent: mean('memoryPercent'),
    diskPercent: mean('diskPercent'),
    temperatureCelsius: mean('temperatureCelsius'),
  };
};

export const sampled = (before: Moved, gauges: Gauges, now: number): Moved => {
  const { told, untilMs } = before;
  const passedMs = Math.max(0, now - before.atMs);
  const spentMs = Math.max(0, Math.min(now, untilMs) - before.atMs);
  const leftMs = Math.min(budgetMs.max, before.leftMs + passedMs * budgetMs.perMs) - spentMs;
  // One that is older stays, so that there is a minute behind the others.
  const older = before.recent.findLastIndex(({ atMs }) => now - atMs >= minuteMs);
  const kept = before.recent.slice(Math.max(0, older)).slice(-recentMax);
  const next = { ...before, recent: [...kept, { atMs: now, gauges }], leftMs, atMs: now };
  const means = lastMinute(next.recent, now);
  if (means === null) return next;
  if (told === null) return { ...next, told: means };
  const isMoved = names.some((name) => hasMoved(told[name], means[name]));
  // Out of budget it is told with what goes next, and counts from there.
  return isMoved
    ? { ...next, told: means, untilMs: Math.max(untilMs, now + Math.min(tellingMs, leftMs)) }
    : next;
};
