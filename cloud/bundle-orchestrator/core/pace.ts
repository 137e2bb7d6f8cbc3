/**
 * How fast devices of opened waves are told, and when: maintenance windows, devices per hour, devices
 * at work at one site, and redundancy groups, of which one device at most is at work. Everything that
 * awaits its device counts as at work, heard of or not: silence frees no place. Pure; when windows open
 * is worked out outside and comes as data.
 */

/** Opens whenever its cron expression says so, in its time zone. Without `sites` it is for all others. */
export type MaintenanceWindow = {
  cron: string;
  timeZone: string;
  minutes: number;
  sites: string[] | null;
};

export type Pace = {
  windows: MaintenanceWindow[];
  devicesPerHourMax: number | null;
  perSiteMax: number | null;
  /** A tag's key: devices with the same value stand in for one another. */
  redundancyTag: string | null;
  /** How long a device may take that is heard of and waits for nothing; null: as long as it takes. */
  deviceTimeoutMs: number | null;
  /** How often one that failed is told again by itself. */
  retriesMax: number;
  /** How long after it failed; twice as long each further time. */
  retryAfterMs: number;
};

export const freePace: Pace = {
  windows: [],
  devicesPerHourMax: null,
  perSiteMax: null,
  redundancyTag: null,
  deviceTimeoutMs: null,
  retriesMax: 0,
  retryAfterMs: 300_000,
};

export const isPaced = (pace: Pace): boolean =>
  pace.windows.length > 0 ||
  pace.devicesPerHourMax !== null ||
  pace.perSiteMax !== null ||
  pace.redundancyTag !== null;

/** Of one window, the time that it is open now, or the next one. */
export type Opening = { sites: readonly string[] | null; fromMs: number; untilMs: number };

/**
 * `member`: its value of the redundancy tag. `isToldAnew`: it was told before, is to be told otherwise, and may
 * have begun: of its group it is the one at work, and the only one that may be told.
 */
export type Place = { site: string; member: string | null; isToldAnew?: boolean };
/**
 * Those of the rollout itself, and where they bear the redundancy tag those of others and whoever was
 * given back what it had and has not said that it is done.
 */
export type AtWork = Place & { count: number; isOwn: boolean; isPending: boolean };
export type Candidate = Place & { deviceId: string };
export type Untold = Place & { count: number };
/** How many were told up to when, in one minute. */
export type Told = { atMs: number; count: number };

export type PaceKnown = {
  pace: Pace;
  openings: readonly Opening[];
  atWork: readonly AtWork[];
  toldLately: readonly Told[];
};

/** Nobody says when another rollout's device is done: it is looked at again. */
export const lookAgainMs = 30_000;
const minuteMs = 60_000;
const hourMs = 3_600_000;

/** A site has the windows that name it, or those that name none. */
export const windowsOfSite = <W extends { sites: readonly string[] | null }>(
  windows: readonly W[],
  site: string,
): readonly W[] => {
  const own = windows.filter(({ sites }) => sites?.includes(site) === true);
  return own.length > 0 ? own : windows.filter(({ sites }) => sites === null);
};

const opensAt = (openings: readonly Opening[], site: string, nowMs: number): number | null => {
  const found = windowsOfSite(openings, site);
  const isOpen = found.some(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs);
  if (found.length === 0 || isOpen) return null;
  return Math.min(...found.map(({ fromMs, untilMs }) => (fromMs > nowMs ? fromMs : untilMs)));
};

export type Obstacle =
  | { kind: 'window'; opensAtMs: number; site: string }
  | { kind: 'site'; site: string }
  | { kind: 'redundancy'; member: string };

type Tally = {
  bySite: Map<string, number>;
  busyMembers: Set<string>;
  /** Those whose one at work is to be told anew. */
  keptMembers: Set<string>;
};

const tallyOf = ({ pace, atWork }: PaceKnown): Tally => {
  const tally: Tally = { bySite: new Map(), busyMembers: new Set(), keptMembers: new Set() };
  for (const { site, member, count, isOwn, isToldAnew } of atWork) {
    if (isOwn) tally.bySite.set(site, (tally.bySite.get(site) ?? 0) + count);
    if (pace.redundancyTag === null || member === null) continue;
    (isToldAnew === true ? tally.keptMembers : tally.busyMembers).add(member);
  }
  return tally;
};

const obstacleTo = (
  { pace, openings }: PaceKnown,
  tally: Tally,
  { site, member, isToldAnew = false }: Place,
  nowMs: number,
): Obstacle | null => {
  const opensAtMs = opensAt(openings, site, nowMs);
  if (opensAtMs !== null) return { kind: 'window', opensAtMs, site };
  const { perSiteMax } = pace;
  if (perSiteMax !== null && (tally.bySite.get(site) ?? 0) >= perSiteMax) {
    return { kind: 'site', site };
  }
  if (pace.redundancyTag === null || member === null) return null;
  const isBusy = tally.busyMembers.has(member) || (tally.keptMembers.has(member) && !isToldAnew);
  return isBusy ? { kind: 'redundancy', member } : null;
};

/** A minute's share is told in a minute, so that an hour's devices do not all begin at once. */
const roomAt = (
  { pace, toldLately }: PaceKnown,
  nowMs: number,
): { room: number; freeAtMs: number } => {
  const max = pace.devicesPerHourMax;
  if (max === null) return { room: Number.POSITIVE_INFINITY, freeAtMs: nowMs };
  const within = (spanMs: number) => toldLately.filter(({ atMs }) => nowMs - atMs < spanMs);
  const sum = (told: readonly Told[]) => told.reduce((total, { count }) => total + count, 0);
  const [minute, hour] = [within(minuteMs), within(hourMs)];
  const ofMinute = Math.ceil(max / 60) - sum(minute);
  const ofHour = max - sum(hour);
  const room = Math.max(0, Math.min(ofMinute, ofHour));
  const freeAtMs =
    ofHour <= 0
      ? Math.min(...hour.map(({ atMs }) => atMs)) + hourMs
      : Math.min(...minute.map(({ atMs }) => atMs)) + minuteMs;
  return { room, freeAtMs: room > 0 ? nowMs : freeAtMs };
};

/** Whom to tell now, of those that could be, in their order. */
export const planTelling = (
  known: PaceKnown,
  candidates: readonly Candidate[],
  nowMs: number,
): string[] => {
  const tally = tallyOf(known);
  let { room } = roomAt(known, nowMs);
  const told: string[] = [];
  for (const candidate of candidates) {
    const { deviceId, site, member } = candidate;
    if (room <= 0) break;
    if (obstacleTo(known, tally, candidate, nowMs) !== null) continue;
    told.push(deviceId);
    room -= 1;
    tally.bySite.set(site, (tally.bySite.get(site) ?? 0) + 1);
    if (member !== null) tally.busyMembers.add(member);
  }
  return told;
};

/** Sites whose window is over: who was told there and has not begun is told again in the next one. */
export const closedSites = (known: PaceKnown, nowMs: number): string[] => {
  const waiting = known.atWork.filter(({ isOwn, isPending }) => isOwn && isPending);
  const sites = [...new Set(waiting.map(({ site }) => site))];
  return sites.filter((site) => opensAt(known.openings, site, nowMs) !== null);
};

/** Where somebody could be told now, were there no rate. */
export const freePlaces = (
  known: PaceKnown,
  untold: readonly Untold[],
  nowMs: number,
): Untold[] => {
  const tally = tallyOf(known);
  return untold.filter((place) => obstacleTo(known, tally, place, nowMs) === null);
};

export type PaceWait =
  /** `site`: whose opens first, of so many. */
  | { kind: 'window'; devices: number; opensAtMs: number; site: string; sites: number }
  | { kind: 'rate'; devices: number; freeAtMs: number }
  | { kind: 'site'; devices: number; site: string; sites: number }
  | { kind: 'redundancy'; devices: number; member: string; members: number }
  /** Those that failed and try again by themselves. */
  | { kind: 'retry'; devices: number; firstAtMs: number };

type Blocked = { obstacle: Obstacle; count: number };

const waitsOf = (blocked: readonly Blocked[]): PaceWait[] => {
  const waits: PaceWait[] = [];
  const counted = (kind: Obstacle['kind']) =>
    blocked
      .filter(({ obstacle }) => obstacle.kind === kind)
      .reduce((sum, { count }) => sum + count, 0);
  const shut = blocked.flatMap(({ obstacle }) => (obstacle.kind === 'window' ? [obstacle] : []));
  const [first] = shut.toSorted(
    (one, other) => one.opensAtMs - other.opensAtMs || (one.site < other.site ? -1 : 1),
  );
  if (first !== undefined) {
    const count = new Set(shut.map(({ site }) => site)).size;
    waits.push({ ...first, devices: counted('window'), sites: count });
  }
  const sites = blocked.flatMap(({ obstacle }) =>
    obstacle.kind === 'site' ? [obstacle.site] : [],
  );
  const [site] = sites.toSorted();
  if (site !== undefined) {
    waits.push({ kind: 'site', devices: counted('site'), site, sites: new Set(sites).size });
  }
  const members = blocked.flatMap(({ obstacle }) =>
    obstacle.kind === 'redundancy' ? [obstacle.member] : [],
  );
  const [member] = members.toSorted();
  if (member !== undefined) {
    const count = new Set(members).size;
    waits.push({ kind: 'redundancy', devices: counted('redundancy'), member, members: count });
  }
  return waits;
};

/** Until when something that time alone does: a window that opens or closes, room for the next. */
export type PaceOutlook = { waits: PaceWait[]; dueAtMs: number | null };

export const planWaits = (
  known: PaceKnown,
  untold: readonly Untold[],
  nowMs: number,
): PaceOutlook => {
  const tally = tallyOf(known);
  const blocked = untold.flatMap((place): Blocked[] => {
    const obstacle = obstacleTo(known, tally, place, nowMs);
    return obstacle === null ? [] : [{ obstacle, count: place.count }];
  });
  const waits = waitsOf(blocked);
  const dues = waits.flatMap((wait) => (wait.kind === 'window' ? [wait.opensAtMs] : []));
  const waitsForOthers =
    known.atWork.some(({ isOwn }) => !isOwn) && waits.some(({ kind }) => kind === 'redundancy');
  if (waitsForOthers) dues.push(nowMs + lookAgainMs);
  const sum = (of: readonly { count: number }[]) => of.reduce((all, { count }) => all + count, 0);
  const free = sum(untold) - sum(blocked);
  if (free > 0) {
    const { room, freeAtMs } = roomAt(known, nowMs);
    if (room === 0) waits.push({ kind: 'rate', devices: free, freeAtMs });
    dues.push(freeAtMs);
  }
  if (known.atWork.some(({ isOwn, isPending }) => isOwn && isPending)) {
    const open = known.openings.filter(({ fromMs }) => fromMs <= nowMs);
    dues.push(...open.map(({ untilMs }) => untilMs));
  }
  return { waits, dueAtMs: dues.length === 0 ? null : Math.min(...dues) };
};

/** One entry a minute of the last hour, under its latest moment: what counts, counts a little longer. */
export const noteTold = (lately: readonly Told[], count: number, nowMs: number): Told[] => {
  const kept = lately.filter(({ atMs }) => nowMs - atMs < hourMs);
  const last = kept.at(-1);
  const isSameMinute =
    last !== undefined && Math.floor(last.atMs / minuteMs) === Math.floor(nowMs / minuteMs);
  return isSameMinute
    ? [...kept.slice(0, -1), { atMs: nowMs, count: last.count + count }]
    : [...kept, { atMs: nowMs, count }];
};
