/**
 * How much of a table one transaction deletes: so much that it takes a quarter of a second, whatever the machine,
 * its load and the table are. Short enough that nobody waits for one, long enough that what each costs by itself does not
 * count. Starts small, for one device may have a month of samples, or nothing.
 */
const aimMs = 250;
/** At once no more than twice as many: what comes next may be of another kind. */
const growthMax = 2;

export type Pace = { least: number; most: number };

/** How many are taken next, after `count` of them took so long. */
export const nextCount = (count: number, tookMs: number, { least, most }: Pace): number =>
  Math.min(most, Math.max(least, Math.round(count * Math.min(growthMax, aimMs / tookMs))));

/** One that ran into its limit is undone, and tried with a part of it. */
export const afterTimeout = (count: number, { least }: Pace): number =>
  Math.max(least, Math.floor(count / 4));
