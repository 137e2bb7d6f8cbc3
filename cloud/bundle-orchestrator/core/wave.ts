/**
 * The waves of a rollout: which devices go first, and what has to be seen before the next ones go.
 * Sizes are taken of the devices there are when the rollout is made; which device is in which wave
 * hangs on the rollout's seed and the device's id alone, so the same wish always gives the same plan.
 * Pure.
 */

import type { AlertSeverity } from '@signalbeam/sync/core/rollout-strategies';

export type WaveSize =
  | { kind: 'percent'; percent: number }
  | { kind: 'count'; count: number }
  /** All that have this tag and are in no earlier wave. */
  | { kind: 'tag'; tag: string }
  /** All at this site that are in no earlier wave. */
  | { kind: 'site'; site: string }
  /** Stands for a wave per site, the smallest site first. */
  | { kind: 'each-site' }
  | { kind: 'rest' };

/** What becomes of a wave while some of its devices are not heard of. */
export type UnreachedRule =
  | { rule: 'wait' }
  /** After this long the unreached no longer count, if at least so many of the wave were reached. */
  | { rule: 'go-on'; afterMs: number; reachedPercentMin: number };

export type Gate = {
  /** Of the wave's devices; the wave is good when so many confirmed the version. */
  succeededPercentMin: number;
  /** Of those that finished; one more stops the rollout. */
  failedPercentMax: number;
  /** Failures are not judged before so many finished, or the whole wave did. */
  failedSampleMin: number;
  /** How long it has to stay good. */
  soakMs: number;
  approval: 'none' | 'any-person' | 'another-person';
  unreached: UnreachedRule;
  /** As many devices as have to confirm must have such a score since they did; null: nobody asks. */
  healthScoreMin: number | null;
  /** None of this severity or a higher one may be open that was raised since the wave began; null: any may. */
  alertFreeFrom: AlertSeverity | null;
  /** It has to be good so long after it began, or the rollout stops; null: it may take any time. */
  timeoutMs: number | null;
};

export type WaveWish = { name: string; size: WaveSize; gate: Gate };

/** What happens by itself when a wave turns out bad. */
export type FailureAction = 'pause' | 'roll-back';

/** Everybody at once, and nothing stops it: what a rollout without waves is. */
export const openGate: Gate = {
  succeededPercentMin: 0,
  failedPercentMax: 100,
  failedSampleMin: 1,
  soakMs: 0,
  approval: 'none',
  unreached: { rule: 'wait' },
  healthScoreMin: null,
  alertFreeFrom: null,
  timeoutMs: null,
};

export type WavesFault = { wave: number; message: string };

/** Why these waves can't be; empty when they can. */
export const wavesFaults = (waves: readonly WaveWish[]): WavesFault[] => {
  const faults: WavesFault[] = [];
  const last = waves.length - 1;
  waves.forEach(({ size, gate }, wave) => {
    if (gate.healthScoreMin !== null && gate.succeededPercentMin === 0) {
      const message =
        'asks for a health score of devices that confirmed, so succeededPercentMin must be above 0';
      faults.push({ wave, message });
    }
    const { timeoutMs, unreached } = gate;
    if (timeoutMs !== null && unreached.rule === 'go-on' && unreached.afterMs >= timeoutMs) {
      const message =
        'stops before the unreached are left out: timeoutMs must be longer than their afterMs';
      faults.push({ wave, message });
    }
    if ((size.kind === 'rest' || size.kind === 'each-site') && wave !== last) {
      faults.push({ wave, message: 'takes all that is left, so it must be the last' });
    }
  });
  const percents = waves.map(({ size }) => (size.kind === 'percent' ? size.percent : 0));
  const sum = percents.reduce((total, percent) => total + percent, 0);
  if (sum > 100) faults.push({ wave: last, message: `the percents add up to ${sum}, not to 100` });
  const lastKind = waves[last]?.size.kind;
  const endsWithAll = lastKind === 'rest' || lastKind === 'each-site' || sum >= 100;
  if (!endsWithAll) {
    const message = 'leaves devices out: take the rest here, or let the percents add up to 100';
    faults.push({ wave: last, message });
  }
  return faults;
};

export type Candidate = { deviceId: string; site: string; tags: readonly string[] };

/** Waves of a tag or a site that no device has: passed at once by nobody, they would protect nobody. */
export const emptyFaults = (
  waves: readonly Pick<WaveWish, 'size'>[],
  candidates: readonly Candidate[],
): WavesFault[] => {
  const tags = new Set(candidates.flatMap((candidate) => candidate.tags));
  const sites = new Set(candidates.map(({ site }) => site));
  return waves.flatMap(({ size }, wave): WavesFault[] => {
    if (size.kind === 'tag' && !tags.has(size.tag))
      return [{ wave, message: `no device of the target has the tag ${size.tag}` }];
    if (size.kind === 'site' && !sites.has(size.site))
      return [{ wave, message: `no device of the target is at ${size.site}` }];
    return [];
  });
};

/** Waves as they will be: one per site where a wish says so. */
export const expandWaves = <W extends Pick<WaveWish, 'name' | 'size'>>(
  waves: readonly W[],
  candidates: readonly Candidate[],
): W[] => {
  const counts = new Map<string, number>();
  for (const { site } of candidates) counts.set(site, (counts.get(site) ?? 0) + 1);
  const sites = [...counts]
    .sort(([one, few], [other, many]) => few - many || (one < other ? -1 : 1))
    .map(([site]) => site);
  return waves.flatMap((wave) =>
    wave.size.kind === 'each-site'
      ? sites.map((site): W => ({ ...wave, name: site, size: { kind: 'site', site } }))
      : [wave],
  );
};

/** FNV-1a over the seed and the id: well spread, the same everywhere, and no secret. */
const placesOf = (seed: string): ((deviceId: string) => number) => {
  const over = (text: string, begin: number): number => {
    let hash = begin;
    for (const letter of text) {
      hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
    }
    return hash;
  };
  const ofSeed = over(`${seed}\n`, 0x811c9dc5);
  return (deviceId) => {
    let hash = over(deviceId, ofSeed);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
    return (hash ^ (hash >>> 15)) >>> 0;
  };
};

const shuffled = <C extends Candidate>(candidates: readonly C[], seed: string): C[] => {
  const placeOf = placesOf(seed);
  return candidates
    .map((candidate) => ({ candidate, place: placeOf(candidate.deviceId) }))
    .sort(
      (one, other) =>
        one.place - other.place || (one.candidate.deviceId < other.candidate.deviceId ? -1 : 1),
    )
    .map(({ candidate }) => candidate);
};

/** The devices of each wave, in the seeded order. A wave may be empty when there are few. */
export const splitIntoWaves = <C extends Candidate>(
  candidates: readonly C[],
  waves: readonly Pick<WaveWish, 'size'>[],
  seed: string,
): C[][] => {
  let left = shuffled(candidates, seed);
  const total = left.length;
  let percentSoFar = 0;
  let takenByPercent = 0;
  const take = (count: number): C[] => {
    const taken = left.slice(0, count);
    left = left.slice(count);
    return taken;
  };
  const takeWhere = (isTaken: (candidate: C) => boolean): C[] => {
    const taken: C[] = [];
    const others: C[] = [];
    for (const candidate of left) (isTaken(candidate) ? taken : others).push(candidate);
    left = others;
    return taken;
  };
  /** Rounded up over the waves so far, so that the last one ends with the last device. */
  const takePercent = (percent: number): C[] => {
    percentSoFar += percent;
    if (percentSoFar >= 100) return take(left.length);
    const upTo = Math.ceil((total * percentSoFar) / 100);
    const taken = take(upTo - takenByPercent);
    takenByPercent = upTo;
    return taken;
  };
  const takeSize = (size: WaveSize): C[] => {
    switch (size.kind) {
      case 'count':
        return take(size.count);
      case 'tag':
        return takeWhere(({ tags }) => tags.includes(size.tag));
      case 'site':
        return takeWhere(({ site }) => site === size.site);
      case 'percent':
        return takePercent(size.percent);
      case 'rest':
      case 'each-site':
        return take(left.length);
    }
  };
  return waves.map(({ size }) => takeSize(size));
};

/** Up to which place of the seeded order a wave reaches, for those who join it later; -1 when empty. */
export const lastPlaceOf = (
  devices: readonly Pick<Candidate, 'deviceId'>[],
  seed: string,
): number => {
  const last = devices.at(-1);
  return last === undefined ? -1 : placesOf(seed)(last.deviceId);
};

type Bounds = { size: WaveSize; lastPlace: number };

const takesJoiner = ({ size, lastPlace }: Bounds, joiner: Candidate, place: number): boolean => {
  switch (size.kind) {
    case 'tag':
      return joiner.tags.includes(size.tag);
    case 'site':
      return joiner.site === size.site;
    case 'percent':
      return place <= lastPlace;
    case 'count':
      return false;
    case 'rest':
    case 'each-site':
      return true;
  }
};

/**
 * The wave that a device belongs to which joins later: the one that would have taken it, had it been
 * there. Nobody who was chosen moves for it, and a wave of a fixed number takes nobody more.
 */
export const waveOfJoiner = (joiner: Candidate, waves: readonly Bounds[], seed: string): number => {
  const place = placesOf(seed)(joiner.deviceId);
  const found = waves.findIndex((wave) => takesJoiner(wave, joiner, place));
  return found < 0 ? waves.length - 1 : found;
};
