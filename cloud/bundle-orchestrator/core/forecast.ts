/**
 * When the waves of a rollout could begin: `(known, assumed) → a time for each wave`. Devices are told
 * one after the other as ./pace.ts tells them: in windows, at the rate, so many at a site, one of a
 * group. With the least time that a device takes and nobody silent it is the earliest that can happen,
 * short of a person who advances; with what devices usually take, and those silent that are now, it is
 * what to expect. Costs a step per device and per window that one waits for. Pure.
 */
import { earliestFirst } from './earliest-first.ts';
import { freePace, type Pace } from './pace.ts';
import { toldRate } from './told-rate.ts';
import type { Gate } from './wave.ts';
import { part } from './wave-gate.ts';

export const never = Number.POSITIVE_INFINITY;

export type Foreseen = {
  site: string;
  /** Its value of the redundancy tag. */
  member: string | null;
  /** It runs the version already, so it confirms as soon as it is told. */
  runs: boolean;
  /** Nothing is heard of it now. */
  silent: boolean;
};

export type ForecastWave = { gate: Gate; devices: readonly Foreseen[] };

export type ForecastKnown = {
  beginMs: number;
  pace: Pace;
  waves: readonly ForecastWave[];
  /** From this moment on, when devices of this site may first be told; `never` past what is looked at. */
  opensAt: (site: string, atMs: number) => number;
};

export type Assumed = {
  /** From telling a device until it confirms. */
  deviceMs: number;
  /** Whether who is silent now stays so. */
  silenceLasts: boolean;
};

export type WaveTimes = {
  beginsAtMs: number;
  /** When the last of its devices is told; `never` when some are not. */
  toldAtMs: number;
  /** When the next wave may begin. */
  passesAtMs: number;
};

/** Beyond this a forecast says no more; a plan so tangled is nobody's. */
const stepsMax = 1_000_000;

/** Places at a site, or in a group, by when each is free again. */
type Places = { freeAtMs: () => number; use: (untilMs: number) => void };

const placesOf = (max: number): Places => {
  const until: number[] = [];
  return {
    freeAtMs: () => (until.length < max ? 0 : (until[0] ?? 0)),
    use: (untilMs) => {
      if (until.length >= max) until.shift();
      const after = until.findLastIndex((one) => one <= untilMs);
      until.splice(after + 1, 0, untilMs);
    },
  };
};

const oncePer = <T>(make: () => T): ((key: string) => T) => {
  const made = new Map<string, T>();
  return (key) => {
    const known = made.get(key) ?? make();
    made.set(key, known);
    return known;
  };
};

type Queue = { site: string; member: string | null; devices: Foreseen[]; next: number };

/** Who runs it first, since that frees its place at once; who is not heard of last. */
const turnOf = ({ silent, runs }: Foreseen): number => (silent ? 2 : runs ? 0 : 1);

const turns = [0, 1, 2];

/** Devices with the same site and group wait for the same, so they stand in one queue; groups that hold nobody up are none. */
const queuesOf = (devices: readonly Foreseen[], { redundancyTag }: Pace): Queue[] => {
  const queues: Queue[] = [];
  const bySite = new Map<string, Map<string | null, Queue>>();
  for (const turn of turns) {
    for (const device of devices) {
      if (turnOf(device) !== turn) continue;
      const { site } = device;
      const member = redundancyTag === null ? null : device.member;
      const atSite = bySite.get(site) ?? new Map<string | null, Queue>();
      bySite.set(site, atSite);
      const known = atSite.get(member);
      known?.devices.push(device);
      if (known !== undefined) continue;
      const queue = { site, member, devices: [device], next: 0 };
      atSite.set(member, queue);
      queues.push(queue);
    }
  }
  return queues;
};

type Told = { atMs: number; device: Foreseen };

/** Nobody waits for anybody else: only for the windows of its site. */
const toldAtOnce = (
  { opensAt }: ForecastKnown,
  devices: readonly Foreseen[],
  fromMs: number,
): Told[] => {
  const opens = new Map<string, number>();
  const told: Told[] = [];
  for (const device of devices) {
    const atMs = opens.get(device.site) ?? opensAt(device.site, fromMs);
    opens.set(device.site, atMs);
    if (Number.isFinite(atMs)) told.push({ atMs, device });
  }
  return told;
};

const tellerOf = (known: ForecastKnown, assumed: Assumed) => {
  const { perSiteMax, redundancyTag, devicesPerHourMax } = known.pace;
  const rate = toldRate(devicesPerHourMax, known.beginMs);
  const ofSite = oncePer(() => placesOf(perSiteMax ?? 1));
  const ofMember = oncePer(() => placesOf(1));
  let steps = 0;
  const takes = ({ runs, silent }: Foreseen): number =>
    silent && assumed.silenceLasts ? never : runs ? 0 : assumed.deviceMs;
  const siteOf = ({ site }: Queue): Places | null => (perSiteMax === null ? null : ofSite(site));
  const groupOf = ({ member }: Queue): Places | null =>
    redundancyTag === null || member === null ? null : ofMember(member);
  const waitsForOthers =
    devicesPerHourMax !== null || perSiteMax !== null || redundancyTag !== null;
  /** Who is never told is not in it. */
  return (devices: readonly Foreseen[], fromMs: number): Told[] => {
    if (!waitsForOthers) return toldAtOnce(known, devices, fromMs);
    const told: Told[] = [];
    const waiting = earliestFirst<Queue>();
    const put = (atMs: number, queue: Queue): void => {
      const device = queue.devices[queue.next];
      if (device !== undefined) waiting.put(atMs, queue, turnOf(device));
    };
    for (const queue of queuesOf(devices, known.pace)) put(fromMs, queue);
    for (let entry = waiting.take(); entry !== null && steps < stepsMax; entry = waiting.take()) {
      steps += 1;
      const { atMs, value: queue } = entry;
      const device = queue.devices[queue.next];
      if (device === undefined) continue;
      const [site, group] = [siteOf(queue), groupOf(queue)];
      const groupFreeMs = group?.freeAtMs() ?? 0;
      // Others of the site may have its place meanwhile.
      if (groupFreeMs > atMs) {
        if (Number.isFinite(groupFreeMs)) put(groupFreeMs, queue);
        continue;
      }
      const could = known.opensAt(queue.site, Math.max(atMs, site?.freeAtMs() ?? 0));
      if (!Number.isFinite(could)) continue;
      const slot = rate.next(could);
      const opens = known.opensAt(queue.site, slot);
      // Its window is over when the rate lets it: it waits for the next one.
      if (opens > slot) {
        if (Number.isFinite(opens)) put(opens, queue);
        continue;
      }
      rate.take(slot);
      for (const places of [site, group]) places?.use(slot + takes(device));
      told.push({ atMs: slot, device });
      queue.next += 1;
      put(slot, queue);
    }
    return told;
  };
};

const nth = (sorted: readonly number[], count: number, atOnceMs: number): number =>
  count <= 0 ? atOnceMs : (sorted[count - 1] ?? never);

const ascending = (times: readonly number[]): number[] =>
  [...times].sort((one, other) => one - other);

/**
 * The least that any order of telling allows: so many told, and of them as many as don't run it yet
 * told a device's time before. Who falls silent meanwhile takes no time, but is told like everybody.
 */
const earliestGood = (
  { gate, devices }: ForecastWave,
  told: readonly Told[],
  { deviceMs }: Assumed,
  beginsAtMs: number,
): number => {
  const times = ascending(told.map(({ atMs }) => atMs));
  const needed = part(devices.length, gate.succeededPercentMin);
  const toldMs = nth(times, needed, beginsAtMs);
  const toWork = needed - devices.filter(({ runs }) => runs).length;
  const doneMs = toWork <= 0 ? toldMs : nth(times, toWork, beginsAtMs) + deviceMs;
  const all = Math.max(toldMs, doneMs);
  if (gate.unreached.rule === 'wait') return all;
  return Math.min(all, Math.max(beginsAtMs + gate.unreached.afterMs, toldMs));
};

const likelyGood = (
  { gate, devices }: ForecastWave,
  told: readonly Told[],
  { deviceMs }: Assumed,
  beginsAtMs: number,
): number => {
  const confirms = ascending(
    told
      .filter(({ device }) => !device.silent)
      .map(({ atMs, device }) => atMs + (device.runs ? 0 : deviceMs)),
  );
  const size = devices.length;
  const all = nth(confirms, part(size, gate.succeededPercentMin), beginsAtMs);
  const silent = told.length - confirms.length;
  if (gate.unreached.rule === 'wait' || silent === 0) return all;
  const reached = size - silent;
  if (reached < Math.max(1, part(size, gate.unreached.reachedPercentMin))) return all;
  const most = nth(confirms, part(reached, gate.succeededPercentMin), beginsAtMs);
  return Math.min(all, Math.max(beginsAtMs + gate.unreached.afterMs, most));
};

/**
 * In which order it is best to tell devices that wait for several things at once is a puzzle. What each of
 * these takes by itself is not: nothing can happen earlier than the latest of them says.
 */
const eachAlone = ({ devicesPerHourMax, perSiteMax, redundancyTag }: Pace): Pace[] => {
  const alone: Partial<Pace>[] = [];
  if (devicesPerHourMax !== null) alone.push({ devicesPerHourMax });
  if (perSiteMax !== null) alone.push({ perSiteMax });
  if (redundancyTag !== null) alone.push({ redundancyTag });
  return alone.length === 0 ? [freePace] : alone.map((one) => ({ ...freePace, ...one }));
};

const latest = (times: readonly number[]): number => Math.max(...times);

export const forecast = (known: ForecastKnown, assumed: Assumed): WaveTimes[] => {
  const paces = assumed.silenceLasts ? [known.pace] : eachAlone(known.pace);
  const tellers = paces.map((pace) => tellerOf({ ...known, pace }, assumed));
  const good = assumed.silenceLasts ? likelyGood : earliestGood;
  let beginsAtMs = known.beginMs;
  return known.waves.map((wave) => {
    if (!Number.isFinite(beginsAtMs)) {
      return { beginsAtMs: never, toldAtMs: never, passesAtMs: never };
    }
    const tellings = tellers.map((tell) => tell(wave.devices, beginsAtMs));
    const lastOf = (told: readonly Told[]): number =>
      told.length === wave.devices.length
        ? told.reduce((last, { atMs }) => Math.max(last, atMs), beginsAtMs)
        : never;
    const goodMs = latest(tellings.map((told) => good(wave, told, assumed, beginsAtMs)));
    const times: WaveTimes = {
      beginsAtMs,
      toldAtMs: latest(tellings.map(lastOf)),
      passesAtMs: goodMs + wave.gate.soakMs,
    };
    beginsAtMs = times.passesAtMs;
    return times;
  });
};
