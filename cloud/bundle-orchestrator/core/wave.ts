/**
 * The waves of a rollout: which devices go first, and what has to be seen before the next ones go.
 * Sizes are taken of the devices there are when the rollout is made; which device is in which wave
 * hangs on the rollout's seed and the device's id alone, so the same wish always gives the same plan.
 * Pure.
 */

export type WaveSize =
  | { kind: 'percent'; percent: number }
  | { kind: 'count'; count: number }
  /** All that have this tag and are in no earlier wave. */
  | { kind: 'tag'; tag: string }
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
};

export type WavesFault = { wave: number; message: string };

/** Why these waves can't be; empty when they can. */
export const wavesFaults = (waves: readonly WaveWish[]): WavesFault[] => {
  const faults: WavesFault[] = [];
  const last = waves.length - 1;
  waves.forEach(({ size }, wave) => {
    if (size.kind === 'rest' && wave !== last) {
      faults.push({ wave, message: 'takes all that is left, so it must be the last' });
    }
  });
  const percents = waves.map(({ size }) => (size.kind === 'percent' ? size.percent : 0));
  const sum = percents.reduce((total, percent) => total + percent, 0);
  if (sum > 100) faults.push({ wave: last, message: `the percents add up to ${sum}, not to 100` });
  const endsWithAll = waves[last]?.size.kind === 'rest' || sum >= 100;
  if (!endsWithAll) {
    const message = 'leaves devices out: take the rest here, or let the percents add up to 100';
    faults.push({ wave: last, message });
  }
  return faults;
};

export type Candidate = { deviceId: string; tags: readonly string[] };

/** FNV-1a over the seed and the id: well spread, the same everywhere, and no secret. */
const placeOf = (seed: string, deviceId: string): number => {
  let hash = 0x811c9dc5;
  for (const letter of `${seed}\n${deviceId}`) {
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
};

const shuffled = (candidates: readonly Candidate[], seed: string): Candidate[] =>
  candidates
    .map((candidate) => ({ candidate, place: placeOf(seed, candidate.deviceId) }))
    .sort(
      (one, other) =>
        one.place - other.place || (one.candidate.deviceId < other.candidate.deviceId ? -1 : 1),
    )
    .map(({ candidate }) => candidate);

/** The devices of each wave, by id. A wave may be empty when there are few. */
export const splitIntoWaves = (
  candidates: readonly Candidate[],
  waves: readonly Pick<WaveWish, 'size'>[],
  seed: string,
): string[][] => {
  let left = shuffled(candidates, seed);
  const total = left.length;
  let percentSoFar = 0;
  let takenByPercent = 0;
  const take = (count: number): Candidate[] => {
    const taken = left.slice(0, count);
    left = left.slice(count);
    return taken;
  };
  const takeTagged = (tag: string): Candidate[] => {
    const taken = left.filter(({ tags }) => tags.includes(tag));
    left = left.filter(({ tags }) => !tags.includes(tag));
    return taken;
  };
  /** Rounded up over the waves so far, so that the last one ends with the last device. */
  const takePercent = (percent: number): Candidate[] => {
    percentSoFar += percent;
    if (percentSoFar >= 100) return take(left.length);
    const upTo = Math.ceil((total * percentSoFar) / 100);
    const taken = take(upTo - takenByPercent);
    takenByPercent = upTo;
    return taken;
  };
  const takeSize = (size: WaveSize): Candidate[] => {
    switch (size.kind) {
      case 'count':
        return take(size.count);
      case 'tag':
        return takeTagged(size.tag);
      case 'percent':
        return takePercent(size.percent);
      case 'rest':
        return take(left.length);
    }
  };
  return waves.map(({ size }) => takeSize(size).map(({ deviceId }) => deviceId));
};
