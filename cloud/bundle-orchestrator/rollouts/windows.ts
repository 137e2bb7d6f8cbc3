/**
 * When devices may take a rollout's version over: in its own windows, and in those that stand at their
 * site, which it narrows and never widens. Calendars and zones are `@signalbeam/platform/schedule/windows`.
 */
import { firstCommon, openingAt, type When } from '@signalbeam/platform/schedule/windows';
import { windowsPerSlotMax } from '@signalbeam/sync/core/limits';
import type { Window } from '@signalbeam/sync/core/windows';
import { type MaintenanceWindow, type Opening, windowsOfSite } from '../core/pace.ts';

/** Those of each site that has some. */
export type SiteWindows = ReadonlyMap<string, readonly When[]>;

export const noSiteWindows: SiteWindows = new Map();

/** What never opens again is shut for ever, not open to all. */
const shut = { fromMs: Number.MAX_SAFE_INTEGER, untilMs: Number.MAX_SAFE_INTEGER };

/** The opening of a site with windows of its own, in those of the rollout if it has some there. */
export const siteOpening = (
  standing: readonly When[],
  windows: readonly MaintenanceWindow[],
  site: string,
  nowMs: number,
): { fromMs: number; untilMs: number } | null => {
  const own = windowsOfSite(windows, site);
  return firstCommon(standing, own.length === 0 ? standing : own, nowMs);
};

export const openingsOf = (
  windows: readonly MaintenanceWindow[],
  nowMs: number,
  standing: SiteWindows = noSiteWindows,
): Opening[] => {
  // Most sites have the same windows, or none.
  const known = new Map<string, { fromMs: number; untilMs: number }>();
  const ofSites = [...standing].map(([site, theirs]): Opening => {
    const key = JSON.stringify([theirs, windowsOfSite(windows, site)]);
    const opening = known.get(key) ?? siteOpening(theirs, windows, site, nowMs) ?? shut;
    known.set(key, opening);
    return { sites: [site], ...opening };
  });
  const others = windows.map((window): Opening => {
    const sites = window.sites?.filter((site) => !standing.has(site)) ?? null;
    return { sites, ...(openingAt(window, nowMs) ?? shut) };
  });
  return [...ofSites, ...others];
};

/** What a forecast looks at; what opens later, it calls never. */
export const horizonMs = 366 * 86_400_000;

/** `atMs` where it is open then, else when it opens next. */
export type Calendar = (site: string, atMs: number) => number;

/** The openings of sites from now on, worked out as far as somebody asks, once for all sites alike. */
export const calendarOf = (
  windows: readonly MaintenanceWindow[],
  standing: SiteWindows,
  nowMs: number,
): Calendar => {
  type Spans = {
    found: { fromMs: number; untilMs: number }[];
    next: (atMs: number) => typeof shut | null;
  };
  const bySite = new Map<string, Spans | null>();
  const alike = new Map<string, Spans>();
  const spansOf = (site: string): Spans | null => {
    const theirs = standing.get(site) ?? [];
    const own = windowsOfSite(windows, site);
    if (theirs.length === 0 && own.length === 0) return null;
    const key = JSON.stringify([theirs, own]);
    const next = (atMs: number) =>
      firstCommon(theirs.length > 0 ? theirs : own, own.length > 0 ? own : theirs, atMs);
    const known = alike.get(key) ?? { found: [], next };
    alike.set(key, known);
    return known;
  };
  /** The first that is not over at this moment. */
  const spanAt = ({ found, next }: Spans, atMs: number) => {
    for (let last = found.at(-1); last === undefined || last.untilMs <= atMs; last = found.at(-1)) {
      const span = next(last?.untilMs ?? nowMs);
      if (span === null) return shut;
      found.push(span);
    }
    let [low, high] = [0, found.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((found[middle]?.untilMs ?? 0) > atMs) high = middle;
      else low = middle + 1;
    }
    return found[low] ?? shut;
  };
  return (site, atMs) => {
    const known = bySite.has(site) ? bySite.get(site) : spansOf(site);
    bySite.set(site, known ?? null);
    if (atMs > nowMs + horizonMs) return Number.POSITIVE_INFINITY;
    if (known === null || known === undefined) return atMs;
    const opensMs = Math.max(atMs, spanAt(known, atMs).fromMs);
    return opensMs > nowMs + horizonMs ? Number.POSITIVE_INFINITY : opensMs;
  };
};

const inSeconds = ({ fromMs, untilMs }: { fromMs: number; untilMs: number }): Window => [
  Math.floor(fromMs / 1_000),
  Math.floor(untilMs / 1_000),
];

/** The next openings of one kind of windows, one after the other. */
const nextOpenings = (
  next: (atMs: number) => { fromMs: number; untilMs: number } | null,
  nowMs: number,
) => {
  const found: Window[] = [];
  for (let atMs = nowMs; found.length < windowsPerSlotMax; ) {
    const opening = next(atMs);
    if (opening === null) break;
    found.push(inSeconds(opening));
    atMs = opening.untilMs;
  }
  return found;
};

/**
 * The next moments at which a device of this site may take the version over, for the device itself: it
 * may hear of it when the window that it was told in is over. Undefined: at any time.
 */
export const momentsOf = (
  windows: readonly MaintenanceWindow[],
  site: string,
  nowMs: number,
  standing: SiteWindows = noSiteWindows,
): Window[] | undefined => {
  const own = windowsOfSite(windows, site);
  const theirs = standing.get(site) ?? [];
  if (theirs.length > 0) {
    return nextOpenings((atMs) => siteOpening(theirs, windows, site, atMs), nowMs);
  }
  if (own.length === 0) return undefined;
  return own
    .flatMap((window) => nextOpenings((atMs) => openingAt(window, atMs), nowMs))
    .sort(([one], [other]) => one - other)
    .slice(0, windowsPerSlotMax);
};
